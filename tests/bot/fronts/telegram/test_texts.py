"""Whatever the text, Telegram takes it and nobody is mentioned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fronts.telegram.texts import LONGEST, plain, script
from tests.platforms.telegram.entities import finished, utf16_length

ENDING = "\n\n👍 3 · 👎 1"
TEXTS = st.text(st.sampled_from("@ab_1 /#👍é\u2060\n")) | st.text()


@given(text=TEXTS)
def test_no_text_holds_a_mention(text: str) -> None:
    shown = finished(plain(text).strip(), [], knows=lambda _: True)
    assert not [entity for entity in shown.entities if entity.type == "mention"]


@given(text=TEXTS, times=st.integers(1, 3_000))
def test_every_text_fits_with_its_ending(text: str, times: int) -> None:
    shown = plain(text * times, ending=ENDING)
    assert utf16_length(shown) <= LONGEST
    assert shown.endswith(ENDING)
    assert plain(shown) == shown


@given(text=st.text(st.characters(exclude_characters="@", exclude_categories=["Cs"]), max_size=99))
def test_a_short_text_without_names_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_long_text_ends_with_dots_and_whole_characters() -> None:
    shown = plain("👍" * LONGEST)
    assert shown == "👍" * 2047 + "…"


def test_text_that_no_message_can_hold_is_replaced() -> None:
    plain("\ud800" * 5_000).encode()


@given(head=st.text("a@😀 ", min_size=1), table=st.text("b@😀|"), rest=st.text("c@😀", max_size=9))
def test_a_table_is_marked_where_it_stands(head: str, table: str, rest: str) -> None:
    made = script(head, table=table, rest=rest)
    assert len(made.entities) == bool(table)
    for entity in made.entities:
        units = made.text.encode("utf-16-le")
        part = units[2 * entity.offset : 2 * (entity.offset + entity.length)]
        assert part.decode("utf-16-le") == plain(table)


@pytest.mark.parametrize("lengths", [(10, 9_000, 10), (9_000, 10, 10), (10, 10, 9_000)])
def test_however_long_its_parts_are_a_script_is_taken(lengths: tuple[int, int, int]) -> None:
    head, table, rest = ("😀" * length for length in lengths)
    made = script(head, table=table, rest=rest)
    units = len(made.text.encode("utf-16-le")) // 2
    assert units <= LONGEST
    assert all(entity.offset + entity.length <= units for entity in made.entities)
