"""The whole way from files to a corpus: complete, the same each time, or nothing at all."""

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.corpus.corpus import Corpus
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError, read_jokes
from finetune.corpus.preparation import FEWEST_JOKES, PrepareOptions, prepare_corpus
from finetune.corpus.sources import RawJoke, Source
from finetune.moderation import Tier, presentable
from tests.clean_jokes import CLEAN_JOKES
from tests.finetune.corpus.many_jokes import many_jokes

JOKES = many_jokes(120)[::3]
OFFENSIVE = "My boss is a stupid asshole and his wife knows it."
OPTIONS = PrepareOptions(tier=None, similarity=0.9)


def source(name: str, *rows: str | RawJoke | None) -> Source:
    listed = [RawJoke(row) if isinstance(row, str) else row for row in rows]
    return Source(name=name, rows=lambda: iter(listed))


def prepare(
    out: Path, *sources: Source, options: PrepareOptions = OPTIONS, overwrite: bool = False
) -> Corpus:
    return prepare_corpus(
        sources, out=out, options=options, overwrite=overwrite, progress=lambda *_: None
    )


def texts(corpus: Corpus) -> dict[str, bool]:
    """Every joke, and whether it is held out."""
    sides = ((corpus.train, False), (corpus.held_out, True))
    return {joke.text: held_out for path, held_out in sides for joke in read_jokes(path)}


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    corpus = prepare(
        tmp_path / "corpus",
        source("one", *JOKES, None, "", "Short.", JOKES[0].upper(), f"{JOKES[0]} Ha!"),
        source("two", JOKES[1], *many_jokes(3)[1:]),
    )
    one, two = (corpus.summary["sources"][name] for name in ("one", "two"))
    assert (one["rows"], one["broken"], one["kept"]) == (len(JOKES) + 5, 1, len(JOKES))
    assert {cause: times for cause, times in one["dropped"].items() if times} == {
        "empty": 1,
        "too short": 1,
        "all capitals": 1,
        "near duplicate": 1,
    }
    assert (two["rows"], two["kept"], two["dropped"]["duplicate"]) == (3, 2, 1)
    for counts in (one, two):
        assert counts["rows"] == counts["broken"] + counts["kept"] + sum(counts["dropped"].values())


def test_jokes_keep_their_source_and_rating_and_get_topics(tmp_path: Path) -> None:
    rated = RawJoke("What do you call a fish with no eyes? A fsh.", 4.5)
    corpus = prepare(tmp_path / "corpus", source("rated", rated, *JOKES))
    first = next(joke for joke in read_jokes(corpus.train) if joke.text == rated.text)
    assert (first.source, first.rating, first.topics) == ("rated", 4.5, ("fish",))


def test_the_table_tells_lengths_topics_and_examples(tmp_path: Path) -> None:
    summary = prepare(tmp_path / "corpus", source("one", *JOKES, "Short.", "Brief.")).summary
    lengths = [len(joke.split()) for joke in JOKES]
    assert summary["words"]["min"] == min(lengths)
    assert summary["words"]["max"] == max(lengths)
    assert min(lengths) <= summary["words"]["median"] <= summary["words"]["p95"] <= max(lengths)
    assert summary["topics"]["share"] == 1.0
    assert summary["topics"]["distinct"] >= len(summary["topics"]["most_frequent"]) > 0
    assert summary["examples"] == {"too short": ["Short.", "Brief."]}
    assert sum(summary["jokes"].values()) == len(JOKES)


def test_what_offends_is_nowhere_in_the_corpus(tmp_path: Path) -> None:
    options = PrepareOptions(tier=Tier.FAMILY, similarity=0.9)
    corpus = prepare(
        tmp_path / "corpus", source("one", *CLEAN_JOKES, *JOKES, OFFENSIVE), options=options
    )
    assert corpus.summary["sources"]["one"]["dropped"]["offensive"] >= 1
    assert not [name for name, data in content(corpus.directory).items() if b"asshole" in data]


def test_every_joke_can_be_shown_as_it_is(tmp_path: Path) -> None:
    corpus = prepare(tmp_path / "corpus", source("one", *CLEAN_JOKES, *JOKES))
    assert all(presentable(text, opening=None) == text for text in texts(corpus))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first = prepare(tmp_path / "first", source("one", *JOKES))
    second = prepare(tmp_path / "second", source("one", *JOKES))
    assert content(first.directory) == content(second.directory)
    assert set(content(first.directory)) == {TRAIN, HELD_OUT, SUMMARY}


def test_a_jokes_side_never_changes_as_data_grows(tmp_path: Path) -> None:
    options = PrepareOptions(tier=None, similarity=0.9, held_out=0.3)
    few = texts(prepare(tmp_path / "few", source("one", *JOKES), options=options))
    shuffled = many_jokes(240)
    random.Random(5).shuffle(shuffled)
    many = texts(prepare(tmp_path / "many", source("two", *shuffled), options=options))
    assert len(few) < len(many)
    assert {text: many[text] for text in few if text in many} == few
    assert set(few.values()) == {True, False}


def test_near_duplicates_never_straddle_the_split(tmp_path: Path) -> None:
    options = PrepareOptions(tier=None, similarity=0.8, held_out=0.5)
    twins = [
        each for joke in JOKES for each in (joke, joke.replace("wanted", "hoped"), f"{joke} Ha!")
    ]
    corpus = prepare(tmp_path / "corpus", source("one", *twins), options=options)
    kept = texts(corpus)
    families = {text.replace("hoped", "wanted").removesuffix(" Ha!") for text in kept}
    assert len(families) == len(kept)


def test_no_more_than_the_limit_are_kept(tmp_path: Path) -> None:
    options = PrepareOptions(tier=None, similarity=0.9, limit=25)
    assert len(texts(prepare(tmp_path / "c", source("one", *JOKES), options=options))) == 25


@pytest.mark.parametrize(
    ("jokes", "sentence"),
    [
        (["Short."], "No joke is left after cleaning, and training needs at least"),
        (JOKES[:1], "Only 1 joke is left after cleaning"),
        ([*JOKES[:3], "Short."], "Only 3 jokes are left after cleaning"),
        (JOKES[: FEWEST_JOKES - 1], "give more of them."),
        ([*JOKES[:3], "Short."], ": dropped were 1 too short."),
    ],
)
def test_too_few_jokes_are_one_sentence_and_no_corpus(
    tmp_path: Path, jokes: list[str], sentence: str
) -> None:
    with pytest.raises(CorpusError) as raised:
        prepare(tmp_path / "corpus", source("one", *jokes))
    assert sentence in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rows", [[], [None, None]])
def test_a_source_without_any_joke_is_named(tmp_path: Path, rows: list[None]) -> None:
    with pytest.raises(CorpusError, match=r"^bad has no row with a joke"):
        prepare(tmp_path / "corpus", source("good", *JOKES), source("bad", *rows))


def _failing() -> Iterator[RawJoke | None]:
    yield from map(RawJoke, JOKES)
    raise OSError(28, "No space left on device")


def test_a_failure_on_the_way_leaves_nothing_and_the_old_corpus_whole(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    before = content(prepare(out, source("one", *JOKES)).directory)
    with pytest.raises(OSError, match="No space"):
        prepare(out, Source(name="full", rows=_failing), overwrite=True)
    assert content(out) == before
    assert list(tmp_path.iterdir()) == [out]


def test_only_a_corpus_is_replaced_and_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    out.mkdir()
    prepare(out, source("one", *JOKES))
    with pytest.raises(CorpusError, match="--overwrite"):
        prepare(out, source("two", *JOKES))
    assert prepare(out, source("two", *JOKES), overwrite=True).summary["sources"].keys() == {"two"}
    for other in (tmp_path / "file", tmp_path / "full"):
        other.mkdir() if other.name == "full" else other.write_text("mine")
        (other / "mine").write_text("mine") if other.is_dir() else None
        with pytest.raises(CorpusError, match="no prepared corpus"):
            prepare(other, source("two", *JOKES), overwrite=True)


def _endless(rows: int) -> Iterator[RawJoke]:
    chooser = random.Random(3)
    words = ["".join(chooser.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(3000)]
    for _ in range(rows):
        yield RawJoke(f"The story is {' '.join(chooser.choices(words, k=14))}.")


def test_memory_stays_flat_however_many_rows_pass(tmp_path: Path) -> None:
    held: list[int] = []

    def measure(stage: str, step: int, of: int) -> None:
        # What is loaded once is not counted; the first batches fill caches.
        if not tracemalloc.is_tracing():
            tracemalloc.start()
        held.append(tracemalloc.get_traced_memory()[0])

    try:
        corpus = prepare_corpus(
            [Source(name="many", rows=lambda: _endless(2048))],
            out=tmp_path / "corpus",
            options=PrepareOptions(tier=None, english=False),
            overwrite=False,
            progress=measure,
        )
    finally:
        tracemalloc.stop()
    assert corpus.summary["sources"]["many"]["kept"] == 2048
    # Nothing like the texts that came in between is held, let alone what was made of them.
    assert len(held) == 4
    assert held[-1] - held[1] < corpus.train.stat().st_size / 3
