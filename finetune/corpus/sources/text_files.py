"""Text files of doubtful encoding."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from finetune.corpus.jokes import CorpusError

__all__ = ["mended", "opened"]

_SAMPLE = 8192
_STRAY_BYTES = re.compile("[\udc80-\udcff]+")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A text file in UTF-8 (or UTF-16 with its mark); bytes that fit neither come as surrogates.

    Raises `CorpusError` when the file is missing, empty or binary.
    """
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
        if not sample.strip():
            raise CorpusError(f"{path} is empty; give a file with jokes.")
        is_wide = sample.startswith(_WIDE_MARKS)
        if b"\0" in sample and not is_wide:
            raise CorpusError(f"{path} is a binary file and no text; give a file with jokes.")
        encoding, errors = ("utf-16", "replace") if is_wide else ("utf-8-sig", "surrogateescape")
        with path.open(encoding=encoding, errors=errors, newline="") as text:
            yield text
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}.") from None


def mended(text: str) -> str:
    """The text with bytes that were no UTF-8 read as Windows-1252, the usual culprit."""
    return _STRAY_BYTES.sub(_as_windows, text) if not text.isascii() else text


def _as_windows(stray: re.Match[str]) -> str:
    return stray[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
