"""A platform that is down is tried again, more and more patiently, and never given up."""

from itertools import islice

from bot.fronts.backoff import delays

STEPS = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_each_wait_is_about_twice_the_one_before_up_to_a_minute() -> None:
    for _ in range(50):
        for step, seconds in zip(STEPS, islice(delays(), len(STEPS)), strict=True):
            assert step <= seconds <= step * 1.25


def test_the_waits_never_end_and_stay_about_a_minute() -> None:
    assert all(60.0 <= seconds <= 75.0 for seconds in islice(delays(), 100, 1_100))


def test_many_bots_do_not_come_back_at_the_same_moment() -> None:
    assert len({next(delays()) for _ in range(50)}) > 40


def test_whoever_was_let_in_again_begins_anew() -> None:
    before = delays()
    for _ in range(10):
        next(before)
    assert next(delays()) <= 1.25
