"""What is worth saying once is said once."""

from hypothesis import given
from hypothesis import strategies as st

from bot.fronts.once import Once

REMEMBERED = 10_000


@given(things=st.lists(st.integers(0, 5) | st.text(max_size=2) | st.tuples(st.integers(0, 2))))
def test_a_thing_is_new_exactly_the_first_time(things: list[object]) -> None:
    once = Once()
    said = [once.first(thing) for thing in things]
    assert said == [thing not in things[:place] for place, thing in enumerate(things)]


def test_each_has_a_memory_of_its_own() -> None:
    assert Once().first("thing")
    assert Once().first("thing")


def test_the_latest_ten_thousand_things_are_remembered_and_asking_keeps_one_fresh() -> None:
    once = Once()
    for thing in range(REMEMBERED):
        assert once.first(thing)
    assert not once.first(0)
    assert once.first("one more")
    assert not once.first(0)
    assert not once.first("one more")
    assert once.first(1)
