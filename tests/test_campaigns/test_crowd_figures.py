"""What a trial found, and which promises were broken in it."""

from dataclasses import replace

import pytest

from tests.campaigns.crowds.figures import Growth, Latency, Shares, Taught, promises_broken


def _shares(fitting: float, *, votes: int = 0) -> Shares:
    flags = [place < 100 * fitting for place in range(100)]
    return Shares.of(votes, told=flags, freely=flags, raw=flags)


def _growth(before: float, after: float, *, sabotaged: bool = False) -> Growth:
    return Growth(
        taste="short",
        sabotaged=sabotaged,
        recipe="kto",
        with_taste_model=True,
        by_votes=[_shares(before), _shares(before, votes=500)],
        taught=Taught(
            ending="promoted",
            detail="",
            version="punchline-1",
            minutes=20.0,
            stage_minutes={},
            loss=(1.0, 1.04),
            passed=True,
        ),
        after=_shares(after),
        served=True,
    )


def _with(growth: Growth, **changes: object) -> Growth:
    assert growth.taught is not None
    return replace(growth, taught=replace(growth.taught, **changes))  # type: ignore[arg-type]


def test_a_share_has_an_interval_around_it() -> None:
    shares = _shares(0.3)

    assert shares.told.value == 0.3
    assert 0.2 < shares.told.low < 0.3 < shares.told.high < 0.4


@pytest.mark.parametrize(("before", "after"), [(0.3, 0.6), (0.39, 0.8), (0.4, 0.7), (0.8, 0.9)])
def test_a_share_that_grew_as_promised_breaks_nothing(before: float, after: float) -> None:
    assert promises_broken(_growth(before, after)) == ()


@pytest.mark.parametrize(("before", "after"), [(0.3, 0.59), (0.4, 0.69), (0.8, 0.89)])
def test_a_share_that_grew_too_little_breaks_the_promise(before: float, after: float) -> None:
    (sentence,) = promises_broken(_growth(before, after))

    assert "were promised" in sentence


def test_under_sabotage_it_is_enough_that_the_share_grew() -> None:
    assert promises_broken(_growth(0.3, 0.31, sabotaged=True)) == ()

    (sentence,) = promises_broken(_growth(0.3, 0.3, sabotaged=True))
    assert "turned the taste around" in sentence


def test_a_loss_that_rose_by_more_than_a_twentieth_breaks_the_promise() -> None:
    (sentence,) = promises_broken(_with(_growth(0.3, 0.6), loss=(1.0, 1.06)))

    assert "6.0%" in sentence


def test_a_loss_that_nobody_measured_breaks_the_promise() -> None:
    assert len(promises_broken(_with(_growth(0.3, 0.6), loss=None))) == 1


def test_more_than_half_an_hour_breaks_the_promise() -> None:
    (sentence,) = promises_broken(_with(_growth(0.3, 0.6), minutes=31.0))

    assert "31 minutes" in sentence


def test_a_version_that_does_not_serve_breaks_the_promise_whatever_it_would_tell() -> None:
    rejected = replace(_growth(0.3, 0.9), served=False)

    (sentence,) = promises_broken(_with(rejected, ending="rejected", detail="It loops."))

    assert sentence == "No new version serves (rejected): It loops."


def test_nothing_was_promised_where_nothing_was_taught() -> None:
    assert promises_broken(replace(_growth(0.3, 0.3), taught=None, after=None)) == ()


def test_waiting_is_told_by_median_and_tail() -> None:
    waits = Latency(seconds=tuple(map(float, range(1, 101))))

    assert waits.text() == "p50 50.00 s, p95 95.00 s (100 jokes)"
    assert Latency(seconds=()).text() == "nobody asked"
