"""Evaluations are compared on the same jokes, kept whole or not at all, and shown with marks."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from finetune.evaluation.bootstrap import Figure
from finetune.evaluation.metrics import METRICS
from finetune.evaluation.result import Comparison, Evaluation, against, write_comparison
from finetune.evaluation.table import evaluation_table


def evaluation(name: str, **figures: Figure) -> Evaluation:
    return Evaluation(name=name, figures=figures, texts=("Ha!", "Ho!"))


BASE = evaluation(
    "base",
    loss_per_character=Figure(1.2, 1.1, 1.3),
    complete=Figure(0.8, 0.7, 0.9),
    distinct_2=Figure(0.9, 0.89, 0.91),
    looping=Figure(0.01, 0.0, 0.02),
)
TAUGHT = evaluation(
    "taught",
    loss_per_character=Figure(0.9, 0.8, 1.0),
    complete=Figure(0.99, 0.98, 1.0),
    distinct_2=Figure(0.74, 0.73, 0.75),
    looping=Figure(0.02, 0.01, 0.03),
)
WORSE = evaluation("worse", complete=Figure(0.5, 0.4, 0.6), distinct_2=Figure(0.4, 0.3, 0.5))
REAL = evaluation("real jokes", distinct_2=Figure(0.75, 0.74, 0.76))


def shown(comparison: Comparison) -> dict[str, str]:
    """The rows of the table by the beginning of their line."""
    console = Console(width=160)
    with console.capture() as captured:
        console.print(evaluation_table(comparison))
    return {
        line.split("  ")[1].strip(): line for line in captured.get().splitlines() if "  " in line
    }


def test_the_change_of_the_loss_is_taken_joke_by_joke() -> None:
    hard_and_easy = [100.0, 1.0, 40.0, 7.0, 3.0] * 20
    other = Evaluation(name="base", figures={}, nats=hard_and_easy)
    ours = Evaluation(name="ours", figures={}, nats=[0.75 * nats for nats in hard_and_easy])
    change = against(ours, other, seed=0).figures["loss_change"]
    assert (change.value, change.low, change.high) == pytest.approx((-0.25, -0.25, -0.25))


def test_what_is_surely_better_or_worse_is_marked_and_nothing_else() -> None:
    rows = shown(Comparison(versions=[TAUGHT, WORSE], other=BASE, real=REAL))
    assert rows["Held-out loss, nats per character"].count("▲") == 1
    complete = rows["Complete, %"]
    assert "99.0 [98.0, 100.0] ▲" in complete
    assert "50.0 [40.0, 60.0] ▼" in complete
    assert not {"▲", "▼"} & set(rows["Looping, %"])


def test_diversity_is_better_where_it_is_nearer_to_that_of_real_jokes() -> None:
    row = shown(Comparison(versions=[TAUGHT, WORSE], other=BASE, real=REAL))["Distinct-2"]
    assert "0.740 [0.730, 0.750] ▲" in row
    assert "0.400 [0.300, 0.500] ▼" in row


def test_a_change_of_the_loss_is_marked_where_it_leaves_out_zero() -> None:
    lower = evaluation("lower", loss_change=Figure(-0.24, -0.25, -0.23))
    higher = evaluation("higher", loss_change=Figure(0.1, -0.01, 0.2))
    row = shown(Comparison(versions=[lower, higher], other=BASE, real=REAL))[
        "Held-out loss, change, %"
    ]
    assert "-24.0 [-25.0, -23.0] ▲" in row
    assert "10.0 [-1.0, 20.0] " in row
    assert "▼" not in row


def test_without_another_version_nothing_is_marked_and_empty_rows_are_left_out() -> None:
    rows = shown(Comparison(versions=[TAUGHT], other=None, real=REAL))
    assert not any("▲" in row or "▼" in row for row in rows.values())
    assert "Self-BLEU" not in rows


def test_what_was_not_measured_is_named_once_with_its_reason() -> None:
    missing = {"copied": "nobody knows", "near_duplicates": "nobody knows"}
    versions = [Evaluation(name=name, figures={}, missing=missing) for name in ("one", "two")]
    caption = str(evaluation_table(Comparison(versions=versions, other=None, real=REAL)).caption)
    assert caption.count("nobody knows") == 1
    assert caption.count("Eight words in a row from training; Nearly a training joke") == 1


def test_every_metric_has_a_name_of_its_own() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert len({metric.label for metric in METRICS}) == len(METRICS)


def test_a_comparison_is_saved_with_its_figures_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    write_comparison(
        path, Comparison(versions=[TAUGHT], other=BASE, real=REAL), settings={"seed": 3}
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["seed"] == 3
    assert content["against"] == "base"
    assert [each["name"] for each in content["evaluations"]] == ["taught", "base", "real jokes"]
    assert content["evaluations"][0]["figures"]["complete"] == {
        "value": 0.99,
        "low": 0.98,
        "high": 1.0,
    }
    assert content["evaluations"][0]["texts"] == ["Ha!", "Ho!"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text("old")
    comparison = Comparison(versions=[TAUGHT], other=None, real=REAL)
    with pytest.raises(TypeError):
        write_comparison(path, comparison, settings={"seed": object()})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
