"""The index of training jokes finds copies, small and large, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from finetune.artifacts import BrokenVersionError
from finetune.novelty import RUN_WORDS, NoveltyIndex
from finetune.words import words
from tests.tiny import tiny_jokes

LONG = "My landlord told me we need to talk about the heating bill. I said: my door is always open."
SHORT = "I used to be indecisive."
INDEX = NoveltyIndex.build([LONG, SHORT, *tiny_jokes()])


def test_every_training_joke_is_a_copy_of_itself() -> None:
    assert all(INDEX.copies(joke) for joke in [LONG, SHORT, *tiny_jokes()])


def test_case_accents_and_punctuation_hide_no_copy() -> None:
    assert INDEX.copies(LONG.upper().replace(".", " -").replace("E", "É"))
    assert INDEX.copies("i used to be indecisive!!!")


def test_eight_words_in_a_row_make_a_copy_and_seven_do_not() -> None:
    told = words(LONG)
    assert INDEX.copies(f"well {' '.join(told[3:11])} you know")
    assert not INDEX.copies(f"well {' '.join(told[3:10])} you know")


def test_a_short_joke_is_a_copy_only_as_a_whole() -> None:
    assert not INDEX.copies("I used to be indecisive. Now I am not so sure any more.")
    assert not INDEX.copies("I used to be.")


def test_runs_tell_where_the_copied_words_stand() -> None:
    told = words(LONG)
    text = " ".join(["one", "two", *told[: RUN_WORDS + 1], "three"])
    assert INDEX.runs_of(text) == [False, False, True, True, False]


def test_what_a_member_typed_is_not_held_against_the_model() -> None:
    opening = " ".join(words(LONG)[: RUN_WORDS + 1])
    new = f"{opening} are finished with winter for good"
    assert INDEX.copies(new)
    assert not INDEX.copies(new, opening=opening)
    assert INDEX.copies(LONG, opening=LONG[:40])


def test_a_word_that_the_model_finished_belongs_to_the_model() -> None:
    told = words(LONG)[:RUN_WORDS]
    assert INDEX.copies(" ".join(told), opening=" ".join(told)[:-2])


def test_a_text_without_words_is_no_copy() -> None:
    index = NoveltyIndex.build(["", "🐱", LONG])
    assert not index.copies("")
    assert not index.copies("…")
    assert not NoveltyIndex.build([]).copies(LONG)


def test_an_index_is_the_same_after_being_saved_and_takes_five_bytes_a_run(tmp_path: Path) -> None:
    path = tmp_path / "novelty.safetensors"
    INDEX.save(path)
    loaded = NoveltyIndex.load(path)
    assert len(loaded) == len(INDEX)
    assert all(loaded.copies(joke) for joke in [LONG, SHORT, *tiny_jokes()])
    assert not loaded.copies("Nobody has ever told this particular joke about a tuba before.")
    assert path.stat().st_size <= 5 * len(INDEX) + 200


def test_an_empty_index_can_be_saved_too(tmp_path: Path) -> None:
    path = tmp_path / "novelty.safetensors"
    NoveltyIndex.build([]).save(path)
    assert len(NoveltyIndex.load(path)) == 0


def test_the_same_jokes_in_any_order_make_the_same_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    NoveltyIndex.build(tiny_jokes()).save(one)
    NoveltyIndex.build(reversed([*tiny_jokes(), *tiny_jokes()])).save(other)
    assert one.read_bytes() == other.read_bytes()


def test_two_indexes_together_know_the_jokes_of_both() -> None:
    joined = NoveltyIndex.build([LONG, SHORT]).joined(NoveltyIndex.build([LONG, *tiny_jokes()]))
    assert all(joined.copies(joke) for joke in [LONG, SHORT, *tiny_jokes()])
    assert len(joined) == len(INDEX)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def rename_tensor(path: Path) -> None:
    (content,) = load_file(path).values()
    save_file({"runs_of_3_words": content}, path)


def reverse(path: Path) -> None:
    save_file(
        {name: np.ascontiguousarray(rows[::-1]) for name, rows in load_file(path).items()}, path
    )


def widen(path: Path) -> None:
    save_file({name: rows.astype(np.uint16) for name, rows in load_file(path).items()}, path)


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, cut, rename_tensor, reverse, widen, lambda path: path.write_bytes(b"\x00" * 99)],
)
def test_a_damaged_index_is_refused_in_one_sentence(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "novelty.safetensors"
    INDEX.save(path)
    damage(path)
    with pytest.raises(BrokenVersionError, match="is no index of training jokes") as refusal:
        NoveltyIndex.load(path)
    assert str(path) in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@given(
    before=st.lists(st.sampled_from("abcdef"), max_size=20),
    after=st.lists(st.sampled_from("abcdef"), max_size=20),
)
def test_a_joke_is_a_copy_exactly_when_a_run_is_shared(before: list[str], after: list[str]) -> None:
    def runs(told: list[str]) -> set[tuple[str, ...]]:
        if not told:
            return set()
        starts = range(max(1, len(told) - RUN_WORDS + 1))
        return {tuple(told[start : start + RUN_WORDS]) for start in starts}

    index = NoveltyIndex.build([" ".join(before)])
    assert index.copies(" ".join(after)) == bool(runs(before) & runs(after))


@given(st.text())
def test_any_text_can_be_indexed_and_asked_for(text: str) -> None:
    assert NoveltyIndex.build([text]).copies(text) == bool(words(text))
