"""What a report says survives its way through a file, and damage to that file is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.report import TRAINING, ReportContent, ReportError, Sample, read_content
from tests.finetune.report.contents import content


def written(directory: Path, stored: Any) -> Path:
    text = stored if isinstance(stored, str) else json.dumps(stored)
    (directory / TRAINING).write_text(text, encoding="utf-8")
    return directory


def test_content_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    assert read_content(written(tmp_path, content().to_json())) == content()


@given(topic=st.none() | st.text(), text=st.text())
def test_any_joke_comes_back_as_it_was(topic: str | None, text: str) -> None:
    told = content(samples=[Sample(topic=topic, text=text)], history=[])
    assert ReportContent.from_json(json.loads(json.dumps(told.to_json()))) == told


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": 7}, "version"),
        ({"samples": "a joke"}, "samples"),
        ({"samples": [{"topic": None}]}, r"samples\.0\.text"),
        ({"history": [{"step": 1.5, "epoch": 0, "tokens": 1}]}, r"history\.0\.step"),
        ({"history": [{"step": 1, "epoch": 0, "tokens": 1, "loss": float("nan")}]}, "loss"),
        ({"metrics": {"base": {"loss": "low"}}}, r"metrics\.base\.loss"),
        ({"horoscope": "lucky"}, "horoscope"),
    ],
)
def test_a_wrong_part_is_named_in_one_line(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(ReportError, match=named) as refusal:
        read_content(written(tmp_path, {**content().to_json(), **change}))
    assert len(str(refusal.value).splitlines()) == 1
    assert str(tmp_path) in str(refusal.value)


@pytest.mark.parametrize("stored", ["", "{", "[]", "null", "[" * 100_000, "\x00"])
def test_a_file_that_is_no_report_is_refused_in_one_line(tmp_path: Path, stored: str) -> None:
    with pytest.raises(ReportError, match="is damaged") as refusal:
        read_content(written(tmp_path, stored))
    assert len(str(refusal.value).splitlines()) == 1


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ReportError, match="no report"):
        ReportContent.from_json({**content().to_json(), "version": b"funny"})


def test_a_version_without_the_file_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="python -m finetune train"):
        read_content(tmp_path)
