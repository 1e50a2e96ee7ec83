"""Limits come from a file and from changes, and what means nothing is refused in one sentence."""

import json
from pathlib import Path

import pytest

from finetune.gate.limits import Limits, LimitsError, read_limits


def test_the_defaults_allow_a_little() -> None:
    limits = read_limits(None)
    assert limits == Limits()
    assert (limits.of("loss"), limits.of("agreement"), limits.of("distinct_2")) == (0.05, 0.5, 0.15)


def test_a_file_changes_some_and_a_change_the_file(tmp_path: Path) -> None:
    file = tmp_path / "limits.json"
    file.write_text(json.dumps({"loss": 0.1, "copied": 0.0}))
    limits = read_limits(file, ["loss=0.2"])
    assert (limits.loss, limits.copied, limits.complete) == (0.2, 0.0, 0.02)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("loss", "loss changes nothing"),
        ("loss=", "Limit loss: "),
        ("loss=much", "Limit loss: "),
        ("loss=nan", "Limit loss: "),
        ("loss=-1", "Limit loss: "),
        ("loss=1.1", "Limit loss: "),
        ("humour=1", "Limit humour: .* There are: loss, agreement"),
    ],
)
def test_a_change_that_means_nothing(change: str, sentence: str) -> None:
    with pytest.raises(LimitsError, match=sentence):
        read_limits(None, [change])


@pytest.mark.parametrize("content", [b"", b"[]", b'{"loss": "x"}', b"\xff"])
def test_a_file_that_means_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "limits.json"
    file.write_bytes(content)
    with pytest.raises(LimitsError):
        read_limits(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="cannot be read: No such file"):
        read_limits(tmp_path / "none.json")
