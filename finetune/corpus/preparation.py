"""From raw sources to a prepared corpus, a batch of rows in memory at a time."""

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from finetune.corpus.corpus import SCHEMA, Corpus, fingerprint_of, open_corpus
from finetune.corpus.duplicates import SeenJokes
from finetune.corpus.filters import Filters
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError, CorpusJoke
from finetune.corpus.language import English
from finetune.corpus.repair import repair
from finetune.corpus.sources import RawJoke, Source
from finetune.corpus.split import is_held_out
from finetune.corpus.summary import Tally
from finetune.corpus.topics import TopicFinder
from finetune.moderation import Moderator, Tier
from finetune.progress import Progress

__all__ = ["FEWEST_JOKES", "PrepareOptions", "prepare_corpus"]

FEWEST_JOKES = 20
"""Fewer than this teach a model nothing but themselves."""

_BATCH = 512


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """What to keep; `held_out` is a share, `limit` the most jokes kept, no `tier` keeps all."""

    tier: Tier | None = Tier.FAMILY
    max_words: int = 60
    english: bool = True
    similarity: float = 0.5
    held_out: float = 0.05
    limit: int | None = None


def prepare_corpus(
    sources: Sequence[Source],
    *,
    out: Path,
    options: PrepareOptions,
    overwrite: bool,
    progress: Progress,
) -> Corpus:
    """Read, repair, filter and split the sources, and write all of it in one rename.

    The same sources and options give the same bytes. Raises `CorpusError` when a source cannot be
    used, too few jokes are left, or `out` holds something that may not be replaced.
    """
    _refuse_to_replace(out, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_sibling(out) as temporary:
        tally = _write_jokes(sources, temporary, options, progress)
        if tally.kept < FEWEST_JOKES:
            raise CorpusError(_too_few(tally))
        _write_summary(temporary, options, tally)
        if out.exists():
            shutil.rmtree(out)
        temporary.rename(out)
    return open_corpus(out)


def _write_jokes(
    sources: Sequence[Source], directory: Path, options: PrepareOptions, progress: Progress
) -> Tally:
    tally, finder = Tally(), TopicFinder.load()
    filters = Filters(
        moderator=None if options.tier is None else Moderator.load(),
        tier=options.tier,
        longest=options.max_words,
        english=English.load() if options.english else None,
    )
    database = directory / "seen.sqlite"
    with ExitStack() as stack:
        seen = stack.enter_context(SeenJokes(file=database, similarity=options.similarity))
        files = {
            side: stack.enter_context((directory / side).open("w", encoding="utf-8", newline="\n"))
            for side in (TRAIN, HELD_OUT)
        }
        clean = _clean(sources, filters, seen, tally, progress)
        for name, joke in islice(clean, options.limit):
            side = HELD_OUT if is_held_out(joke.text, share=options.held_out) else TRAIN
            kept = CorpusJoke(
                text=joke.text, topics=finder.topics(joke.text), source=name, rating=joke.rating
            )
            tally.keep(kept, side=side)
            _write_line(files[side], kept.to_json())
    database.unlink()
    return tally


def _clean(
    sources: Iterable[Source], filters: Filters, seen: SeenJokes, tally: Tally, progress: Progress
) -> Iterator[tuple[str, RawJoke]]:
    """The jokes to keep with the names of their sources; all others are counted."""
    rows = 0
    for source in sources:
        for batch in _batches(_readable(source, tally)):
            repaired = [RawJoke(repair(joke.text), joke.rating) for joke in batch]
            causes = filters.causes([joke.text for joke in repaired])
            for joke, filtered in zip(repaired, causes, strict=True):
                cause = filtered or seen.add(joke.text)
                if cause is None:
                    yield source.name, joke
                else:
                    tally.drop(source.name, joke.text, cause)
            rows += len(batch)
            progress(f"preparing {source.name}", rows, 0)


def _readable(source: Source, tally: Tally) -> Iterator[RawJoke]:
    counts = tally.source(source.name)
    before = counts.rows - counts.broken
    for row in source.rows():
        counts.rows += 1
        if row is None:
            counts.broken += 1
        else:
            yield row
    if counts.rows - counts.broken == before:
        raise CorpusError(
            f"{source.name} has no row with a joke in it; a joke is expected under the name "
            "joke, text or body."
        )


def _batches(jokes: Iterator[RawJoke]) -> Iterator[list[RawJoke]]:
    while batch := list(islice(jokes, _BATCH)):
        yield batch


def _too_few(tally: Tally) -> str:
    left = f"Only {tally.kept} joke is" if tally.kept == 1 else f"Only {tally.kept} jokes are"
    dropped = sum((source.dropped for source in tally.sources.values()), start=type(tally.topics)())
    causes = ", ".join(f"{times} {cause}" for cause, times in sorted(dropped.items()))
    return (
        f"{left if tally.kept else 'No joke is'} left after cleaning; training needs at least "
        f"{FEWEST_JOKES}" + (f": dropped were {causes}." if causes else ".")
    )


def _write_summary(directory: Path, options: PrepareOptions, tally: Tally) -> None:
    content = {
        "schema": SCHEMA,
        "options": asdict(options),
        **tally.to_json(),
        "sha256": {name: fingerprint_of(directory / name) for name in (TRAIN, HELD_OUT)},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (directory / SUMMARY).write_text(text, encoding="utf-8")
    for path in [*directory.iterdir(), directory]:
        _fsync(path)


def _write_line(file: TextIO, content: dict[str, Any]) -> None:
    file.write(json.dumps(content, ensure_ascii=False) + "\n")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_to_replace(out: Path, *, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / SUMMARY).is_file():
        raise CorpusError(f"{out} exists and is no prepared corpus; choose another --out.")
    if not overwrite:
        raise CorpusError(f"{out} is a prepared corpus already; replace it with --overwrite.")


@contextmanager
def _temporary_sibling(directory: Path) -> Iterator[Path]:
    temporary = directory.with_name(f".{directory.name}-{uuid.uuid4().hex[:8]}")
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
