"""Batches of rows cleaned in several processes at once, which come back in their order."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

from finetune.corpus.cleaning import Cleaner, CleaningRules, CleanRow
from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources import RawJoke

__all__ = ["Batch", "Clean", "cleaning", "processors"]

_ALONE = 16
"""Batches that are cleaned sooner here than other processes are ready to."""
_MOST = 8
"""More processes than that wait for the one that looks for duplicates."""
_AHEAD = 3
"""Batches that wait for each process, which bounds what is in memory."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Jokes of one source; `rows` and `broken` count what was read for them."""

    source: str
    jokes: Sequence[RawJoke]
    rows: int
    broken: int


Clean = Callable[[Iterator[Batch]], Iterator[tuple[Batch, list[CleanRow]]]]
"""Cleans batches one after another; raises `CorpusError` where the batches do."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def cleaning(rules: CleaningRules, *, processes: int) -> Iterator[Clean]:
    """Cleans here, and from the seventeenth batch on in up to eight `processes` if more than one.

    A row is judged by itself, so the number of processes changes nothing but the time. They end
    with this one, however it ends. A process that dies is a `CorpusError`.
    """
    if processes < 2:  # noqa: PLR2004 - one other process would only stand in for this one
        yield partial(_alone, _cleaner(rules))
        return
    processes = min(processes, _MOST)
    executor = ProcessPoolExecutor(
        processes,
        # A fork would copy the threads' locks as they stand, those of the progress bar among them.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        yield partial(_together, executor, rules, ahead=_AHEAD * processes)
    except BrokenProcessPool:
        raise CorpusError(
            "A process that cleans jokes was killed, perhaps for want of memory; "
            "do it again with --processes 1."
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _alone(cleaner: Cleaner, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[CleanRow]]]:
    for batch in batches:
        yield batch, cleaner.rows(batch.jokes)


def _together(
    executor: ProcessPoolExecutor, rules: CleaningRules, batches: Iterator[Batch], *, ahead: int
) -> Iterator[tuple[Batch, list[CleanRow]]]:
    yield from _alone(_cleaner(rules), _first(batches, _ALONE))
    waiting: deque[tuple[Batch, Future[list[CleanRow]]]] = deque()
    failed: CorpusError | None = None
    try:
        for batch in batches:
            waiting.append((batch, executor.submit(_clean, rules, batch.jokes)))
            if len(waiting) >= ahead:
                earliest, cleaned = waiting.popleft()
                yield earliest, cleaned.result()
    except CorpusError as error:
        # What was read before comes first, as if nothing had been read ahead.
        failed = error
    for earliest, cleaned in waiting:
        yield earliest, cleaned.result()
    if failed:
        raise failed


def _first(batches: Iterator[Batch], number: int) -> Iterator[Batch]:
    for _ in range(number):
        if (batch := next(batches, None)) is None:
            return
        yield batch


@cache
def _cleaner(rules: CleaningRules) -> Cleaner:
    return Cleaner.load(rules)


def _clean(rules: CleaningRules, jokes: Sequence[RawJoke]) -> list[CleanRow]:
    """Runs in another process, where the cleaner stays between batches."""
    return _cleaner(rules).rows(jokes)


def _begin() -> None:
    """Ctrl-C is for the process that collects; should that be gone, nobody waits for this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
