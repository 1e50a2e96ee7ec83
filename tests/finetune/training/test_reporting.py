"""People see a bar with figures, programs read a JSON object a line."""

import io
import json
import time

import pytest

from finetune.training.reporting import BarReporter, JsonReporter, TrainingStep

NOW = TrainingStep(
    step=7,
    of=20,
    epoch=1.4,
    loss=2.5,
    held_out_loss=2.75,
    tokens_per_second=812.4,
    seconds_left=61,
)


def test_a_program_reads_all_figures_of_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = JsonReporter()
    reporter.stage("reading the jokes", 0, 0)
    reporter.training(NOW)
    reporter.samples(1.0, ["Why did the bär cross?"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"stage": "reading the jokes", "step": 0, "of": 0, "loss": None, "seconds_left": None},
        {
            "stage": "training",
            "step": 7,
            "of": 20,
            "epoch": 1.4,
            "loss": 2.5,
            "held_out_loss": 2.75,
            "tokens_per_second": 812.4,
            "seconds_left": 61,
        },
        {"stage": "samples", "epoch": 1.0, "jokes": ["Why did the bär cross?"]},
    ]


def test_a_program_hears_the_last_line_again_while_nothing_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said: list[dict[str, object]] = []
    with JsonReporter(silence=0.05) as reporter:
        reporter.training(NOW)
        while len(said) < 3:
            said += map(json.loads, capsys.readouterr().out.splitlines())
            time.sleep(0.01)
        reporter.samples(1.0, ["A joke."])
    assert all(line == {**said[0], "seconds_left": line["seconds_left"]} for line in said)
    left = [line["seconds_left"] for line in said]
    assert left == sorted(left, reverse=True)
    capsys.readouterr()
    time.sleep(0.2)
    assert capsys.readouterr().out == ""


def test_a_person_sees_losses_speed_and_jokes_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("COLUMNS", "160")
    with BarReporter() as reporter:
        reporter.training(NOW)
        reporter.samples(1.0, ["[bold]Why[/bold] did the bear cross?"])
    text = shown.getvalue()
    for part in ("epoch 1.4", "7/20", "loss 2.500", "held out 2.750", "812 tokens/s"):
        assert part in text
    assert "After epoch 1" in text
    assert "• [bold]Why[/bold] did the bear cross?" in text
