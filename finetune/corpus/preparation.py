"""From raw sources to a prepared corpus, a batch of rows in memory at a time."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from finetune.corpus.corpus import SCHEMA, Corpus, fingerprint_of, open_corpus
from finetune.corpus.duplicates import SeenJokes
from finetune.corpus.filters import Dropped, Filters
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError, CorpusJoke
from finetune.corpus.language import English
from finetune.corpus.repair import repair
from finetune.corpus.replacing import replacing
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
    with replacing(out, overwrite=overwrite) as directory:
        tally = _write_jokes(sources, directory, options, progress)
        if tally.kept < FEWEST_JOKES:
            raise CorpusError(_too_few(tally))
        summary = {
            "schema": SCHEMA,
            "options": asdict(options),
            **tally.to_json(),
            "sha256": {name: fingerprint_of(directory / name) for name in (TRAIN, HELD_OUT)},
        }
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        (directory / SUMMARY).write_text(text, encoding="utf-8")
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
        for name, joke in islice(_clean(sources, filters, seen, tally, progress), options.limit):
            side = HELD_OUT if is_held_out(joke.text, share=options.held_out) else TRAIN
            topics = finder.topics(joke.text)
            kept = CorpusJoke(text=joke.text, topics=topics, source=name, rating=joke.rating)
            tally.keep(kept, side=side)
            files[side].write(json.dumps(kept.to_json(), ensure_ascii=False) + "\n")
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
    found = False
    for row in source.rows():
        counts.rows += 1
        if row is None:
            counts.broken += 1
        else:
            found = True
            yield row
    if not found:
        raise CorpusError(
            f"{source.name} has no row with a joke in it; a joke is looked for under the names "
            "joke, text and body."
        )


def _batches(jokes: Iterator[RawJoke]) -> Iterator[list[RawJoke]]:
    while batch := list(islice(jokes, _BATCH)):
        yield batch


def _too_few(tally: Tally) -> str:
    left = {0: "No joke is", 1: "Only 1 joke is"}.get(tally.kept, f"Only {tally.kept} jokes are")
    dropped: Counter[Dropped] = sum(
        (source.dropped for source in tally.sources.values()), start=Counter()
    )
    causes = ", ".join(f"{dropped[cause]} {cause}" for cause in Dropped if dropped[cause])
    reason = f": dropped were {causes}." if causes else "; give more of them."
    return f"{left} left after cleaning, and training needs at least {FEWEST_JOKES}{reason}"
