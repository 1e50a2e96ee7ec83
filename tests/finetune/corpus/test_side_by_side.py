"""Cleaning in several processes changes nothing but the time, and they end with their starter."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from finetune.corpus.cleaning import CleaningRules
from finetune.corpus.jokes import CorpusError
from finetune.corpus.preparation import PrepareOptions, prepare_corpus
from finetune.corpus.side_by_side import Batch, cleaning
from finetune.corpus.sources import RawJoke, Source
from tests.bench.many_rows import ManyRows

RULES = CleaningRules(tier=None, max_words=60, english=True)
ALONE_ROWS = 16 * 512
"""What is cleaned before other processes are asked."""


def batches(number: int) -> Iterator[Batch]:
    for at in range(number):
        jokes = [RawJoke(f"The {word} told joke number {at}") for word in ("cat", "dog")]
        yield Batch("some", jokes, rows=2, broken=0)


def test_rows_come_back_in_their_order() -> None:
    with cleaning(RULES, processes=2) as clean:
        found = list(clean(batches(40)))
    assert [batch for batch, _ in found] == list(batches(40))
    assert [row.text for _, rows in found for row in rows] == [
        f"{joke.text}." for batch in batches(40) for joke in batch.jokes
    ]


def test_many_processes_give_the_same_bytes_as_one(tmp_path: Path) -> None:
    rows = ManyRows()
    # Broken rows and a limit are counted as if nothing had been read ahead.
    found = [
        *(RawJoke("Short.") for _ in range(ALONE_ROWS)),
        *(None if at % 70 == 69 else RawJoke(rows.row(at)) for at in range(1200)),
    ]
    source = Source(name="many", rows=lambda: iter(found))
    for options in (PrepareOptions(tier=None), PrepareOptions(tier=None, limit=300)):
        written = []
        for processes in (1, 2):
            out = tmp_path / f"{options.limit} {processes}"
            prepare_corpus(
                [source],
                out=out,
                options=options,
                overwrite=False,
                progress=lambda *_: None,
                processes=processes,
            )
            written.append({path.name: path.read_bytes() for path in out.iterdir()})
        assert written[0] == written[1]


def test_a_process_that_dies_is_one_sentence() -> None:
    def some_kill_it() -> Iterator[Batch]:
        for at, batch in enumerate(batches(40)):
            if at > 20:
                batch = replace(batch, jokes=[Lethal()])  # noqa: PLW2901
            yield batch

    with (
        pytest.raises(CorpusError, match=r"was killed.*--processes 1\.$"),
        cleaning(RULES, processes=2) as clean,
    ):
        list(clean(some_kill_it()))


def test_a_source_that_fails_does_so_after_what_was_read_before() -> None:
    def failing() -> Iterator[Batch]:
        yield from batches(20)
        raise CorpusError("The source is damaged.")

    with cleaning(RULES, processes=2) as clean:
        cleaned = clean(failing())
        for batch in batches(20):
            assert next(cleaned)[0] == batch
        with pytest.raises(CorpusError, match="damaged"):
            next(cleaned)


class Lethal(RawJoke):
    """Kills whatever process unpacks it."""

    def __init__(self) -> None:
        super().__init__("text")

    def __reduce__(self) -> tuple[object, ...]:
        return _kill_other, (os.getpid(),)


def _kill_other(starter: int) -> RawJoke:
    if os.getpid() != starter:
        os.kill(os.getpid(), signal.SIGKILL)
    return RawJoke("text")
