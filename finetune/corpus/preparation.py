"""From raw sources to a prepared corpus, a batch of rows in memory at a time."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from finetune.corpus.cleaning import CleaningRules, CleanRow
from finetune.corpus.corpus import SCHEMA, Corpus, open_corpus
from finetune.corpus.duplicates import SeenJokes
from finetune.corpus.filters import Dropped
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError, CorpusJoke
from finetune.corpus.replacing import replacing
from finetune.corpus.side_by_side import Batch, cleaning
from finetune.corpus.sources import RawJoke, Source
from finetune.corpus.sources.rows import Rows
from finetune.corpus.split import is_mark_held_out
from finetune.corpus.summary import Tally
from finetune.durable import sha256_of
from finetune.moderation import Tier
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
    processes: int = 1,
) -> Corpus:
    """Read, repair, filter and split the sources, and write all of it in one rename.

    Many rows are cleaned in so many `processes` at once. The same sources and options give the same
    bytes, however many there are. Raises `CorpusError` when a source cannot be
    used, too few jokes are left, or `out` holds something that may not be replaced.
    """
    with replacing(out, overwrite=overwrite) as directory:
        tally = _write_jokes(sources, directory, options, progress, processes)
        if tally.kept < FEWEST_JOKES:
            raise CorpusError(_too_few(tally))
        summary = {
            "schema": SCHEMA,
            "options": asdict(options),
            **tally.to_json(),
            "sha256": {name: sha256_of(directory / name) for name in (TRAIN, HELD_OUT)},
        }
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        (directory / SUMMARY).write_text(text, encoding="utf-8")
    return open_corpus(out)


def _write_jokes(
    sources: Sequence[Source],
    directory: Path,
    options: PrepareOptions,
    progress: Progress,
    processes: int,
) -> Tally:
    tally = Tally()
    rules = CleaningRules(tier=options.tier, max_words=options.max_words, english=options.english)
    database = directory / "seen.sqlite"
    with ExitStack() as stack:
        clean = stack.enter_context(cleaning(rules, processes=processes))
        seen = stack.enter_context(SeenJokes(file=database, similarity=options.similarity))
        files = {
            side: stack.enter_context((directory / side).open("w", encoding="utf-8", newline="\n"))
            for side in (TRAIN, HELD_OUT)
        }
        fit = _fit(clean(_batches(sources)), seen, tally, progress)
        for joke, mark in islice(fit, options.limit):
            side = HELD_OUT if is_mark_held_out(mark, share=options.held_out) else TRAIN
            tally.keep(joke, side=side)
            files[side].write(json.dumps(joke.to_json(), ensure_ascii=False) + "\n")
    database.unlink()
    return tally


def _fit(
    cleaned: Iterable[tuple[Batch, Sequence[CleanRow]]],
    seen: SeenJokes,
    tally: Tally,
    progress: Progress,
) -> Iterator[tuple[CorpusJoke, str]]:
    """The jokes to keep with their fingerprints; all others are counted."""
    done = 0
    for batch, rows in cleaned:
        counts = tally.source(batch.source)
        counts.rows += batch.rows
        counts.broken += batch.broken
        for row in rows:
            cause = row.cause if row.sketch is None else seen.add(row.sketch)
            if cause is not None:
                tally.drop(batch.source, row.text, cause)
            elif row.sketch is not None:
                joke = CorpusJoke(
                    text=row.text, topics=row.topics, source=batch.source, rating=row.rating
                )
                yield joke, row.sketch.fingerprint
        done += len(rows)
        if rows:
            progress(f"preparing {batch.source}", done, 0)


def _batches(sources: Iterable[Source]) -> Iterator[Batch]:
    """Batches of jokes that can be read; the last of a source may only count broken rows."""
    for source in sources:
        found = False
        rows = source.rows()
        while batch := _batch(source.name, rows):
            found = found or bool(batch.jokes)
            yield batch
        if not found:
            raise CorpusError(
                f"{source.name} has no row with a joke in it; a joke is looked for under the names "
                "joke, text and body."
            )


def _batch(source: str, rows: Rows) -> Batch | None:
    """The next batch, or None when no row is left."""
    jokes: list[RawJoke] = []
    broken = 0
    for row in rows:
        if row is None:
            broken += 1
        else:
            jokes.append(row)
        if len(jokes) == _BATCH:
            break
    count = len(jokes) + broken
    return Batch(source, jokes, rows=count, broken=broken) if count else None


def _too_few(tally: Tally) -> str:
    left = {0: "No joke is", 1: "Only 1 joke is"}.get(tally.kept, f"Only {tally.kept} jokes are")
    dropped: Counter[Dropped] = sum(
        (source.dropped for source in tally.sources.values()), start=Counter()
    )
    causes = ", ".join(f"{dropped[cause]} {cause}" for cause in Dropped if dropped[cause])
    reason = f": dropped were {causes}." if causes else "; give more of them."
    return f"{left} left after cleaning, and training needs at least {FEWEST_JOKES}{reason}"
