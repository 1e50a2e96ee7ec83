"""A verdict is read as it was written, by programs that have no torch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from finetune.gate.verdict import SCHEMA, VERDICT, Verdict, read_verdict, write_verdict
from tests.finetune.gate.verdicts import FAILED, PASSED, REFUSED


@pytest.mark.parametrize("verdict", [FAILED, PASSED, REFUSED])
def test_it_is_read_as_it_was_written(verdict: Verdict, tmp_path: Path) -> None:
    write_verdict(tmp_path / "new" / VERDICT, verdict)
    found = read_verdict(tmp_path / "new" / VERDICT)
    assert found.to_json() == json.loads(json.dumps(verdict.to_json()))
    assert found.schema == SCHEMA


@pytest.mark.parametrize(
    "change",
    [
        {"passed": "yes"},
        {"passed": None},
        {"seconds": float("nan")},
        {"figures": [{"name": "loss"}]},
        {"unknown": 1},
        {"schema": SCHEMA + 1},
    ],
)
def test_what_is_no_verdict_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / VERDICT
    path.write_text(json.dumps({**FAILED.to_json(), **change}))
    with pytest.raises(ValueError, match=VERDICT):
        read_verdict(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / VERDICT
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no verdict of the gate"):
        read_verdict(path)


def test_a_missing_file_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_verdict(tmp_path / VERDICT)


def test_reading_needs_no_torch() -> None:
    program = (
        "import sys; import finetune.gate.verdict, finetune.gate.limits; "
        "sys.exit(bool({'torch', 'transformers', 'matplotlib'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
