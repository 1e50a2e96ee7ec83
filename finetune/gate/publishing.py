"""Writes a verdict for programs, for a chat and for a browser."""

from collections.abc import Sequence
from pathlib import Path

from finetune.durable import write_whole
from finetune.gate.page import write_page
from finetune.gate.picture import picture
from finetune.gate.verdict import PAGE, PICTURE, VERDICT, Verdict, write_verdict
from finetune.report.content import HistoryPoint, ReportError, read_content

__all__ = ["publish"]


def publish(directory: Path, verdict: Verdict, *, candidate: Path) -> None:
    """Write picture, page and at last the verdict itself. Raises `OSError`."""
    history = _history(candidate)
    write_whole(directory / PICTURE, picture(verdict, history))
    write_page(directory / PAGE, verdict, history)
    write_verdict(directory / VERDICT, verdict)


def _history(candidate: Path) -> Sequence[HistoryPoint]:
    """How the candidate learned, if it says so; what is wrong with it is for others to find."""
    try:
        return read_content(candidate).history
    except ReportError:
        return ()
