"""The votes under a joke: shown at once, then at a pace, and never an old state at the end."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.fronts.tallies import TallyBoard
from tests.campaigns.waiting import until

SECONDS = 20
PACE = 0.2
NEVER = 3_600.0


class Platform:
    """Shows the votes of jokes; `shown` is what was shown, and when, by joke.

    `hold` keeps whatever is being shown from being done.
    """

    def __init__(self, *, pace: float = PACE) -> None:
        self.votes: dict[int, int] = {}
        self.shown: dict[int, list[int]] = {}
        self.times: list[float] = []
        self.begun = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self.failure: Exception | None = None
        self.board = TallyBoard(refresh=self.refresh, seconds=pace)

    def vote(self, joke_id: int = 1) -> None:
        self.votes[joke_id] = self.votes.get(joke_id, 0) + 1
        self.board.touch(joke_id)

    async def refresh(self, joke_id: int) -> None:
        self.begun += 1
        self.times.append(time.monotonic())
        if self.failure is not None:
            raise self.failure
        votes = self.votes[joke_id]
        await self.hold.wait()
        self.shown.setdefault(joke_id, []).append(votes)

    async def seen(self, votes: int, joke_id: int = 1) -> None:
        await until(lambda: self.shown.get(joke_id, [0])[-1] == votes, seconds=SECONDS)


@pytest.fixture(autouse=True)
async def nothing_is_left_running() -> AsyncIterator[None]:
    yield
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, seconds=SECONDS)


async def test_the_first_vote_is_shown_at_once() -> None:
    platform = Platform(pace=NEVER)
    platform.vote()
    await platform.seen(1)


async def test_votes_of_the_same_moment_are_shown_once() -> None:
    platform = Platform(pace=NEVER)
    for _ in range(100):
        platform.vote()
    await platform.seen(100)
    assert platform.shown == {1: [100]}


async def test_however_fast_votes_come_they_are_shown_at_a_pace_and_the_last_state_is_shown() -> (
    None
):
    platform = Platform()
    for _ in range(60):
        platform.vote()
        await asyncio.sleep(0.01)
    await platform.seen(60)
    pauses = [
        after - before for before, after in zip(platform.times, platform.times[1:], strict=False)
    ]
    assert len(pauses) >= 2
    assert min(pauses) >= PACE * 0.9
    assert platform.shown[1] == sorted(set(platform.shown[1]))


async def test_a_vote_that_comes_while_votes_are_shown_is_shown_too() -> None:
    platform = Platform(pace=0.01)
    platform.hold.clear()
    platform.vote()
    await until(lambda: platform.begun == 1, seconds=SECONDS)
    platform.vote()
    platform.hold.set()
    await platform.seen(2)
    assert platform.shown == {1: [1, 2]}


async def test_each_joke_has_a_pace_of_its_own() -> None:
    platform = Platform(pace=NEVER)
    for joke_id in (1, 2, 3):
        platform.vote(joke_id)
        await platform.seen(1, joke_id)


async def test_votes_that_cannot_be_shown_do_not_stop_later_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform = Platform(pace=0.01)
    platform.failure = ConnectionError("no such message")
    platform.vote()
    await until(lambda: platform.begun == 1, seconds=SECONDS)
    platform.failure = None
    platform.vote()
    await platform.seen(2)
    assert "The votes of joke 1 could not be shown." in caplog.text


# The end


async def test_at_the_end_what_is_due_is_shown_without_waiting() -> None:
    platform = Platform(pace=NEVER)
    for joke_id in (1, 2):
        platform.vote(joke_id)
        await platform.seen(1, joke_id)
        platform.vote(joke_id)
    platform.vote(3)
    await platform.board.close(seconds=SECONDS)
    assert platform.shown == {1: [1, 2], 2: [1, 2], 3: [1]}


async def test_at_the_end_what_is_being_shown_is_shown_to_the_end_and_what_came_since() -> None:
    platform = Platform(pace=NEVER)
    platform.hold.clear()
    platform.vote(1)
    platform.vote(2)
    await until(lambda: platform.begun == 2, seconds=SECONDS)
    platform.vote(2)
    closing = asyncio.create_task(platform.board.close(seconds=SECONDS))
    await asyncio.sleep(0)
    platform.hold.set()
    await closing
    assert platform.shown == {1: [1], 2: [1, 2]}


async def test_at_the_end_nobody_waits_for_a_platform_that_hangs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="punchline")
    platform = Platform()
    platform.hold.clear()
    platform.vote()
    await until(lambda: platform.begun == 1, seconds=SECONDS)
    await platform.board.close(seconds=0.05)
    assert platform.shown == {}
    assert "could not be shown before the end" in caplog.text


async def test_at_the_end_votes_that_cannot_be_shown_do_not_keep_others_from_being_shown() -> None:
    shown = []

    async def refresh(joke_id: int) -> None:
        if joke_id == 1:
            raise ConnectionError("no such message")
        shown.append(joke_id)

    board = TallyBoard(refresh=refresh, seconds=NEVER)
    for joke_id in (1, 2):
        board.touch(joke_id)
    await board.close(seconds=SECONDS)
    assert shown == [2]


async def test_after_the_end_nothing_is_shown_and_nothing_runs() -> None:
    platform = Platform()
    await platform.board.close(seconds=SECONDS)
    platform.vote()
    await asyncio.sleep(0.01)
    assert platform.begun == 0


async def test_whoever_gives_up_closing_leaves_nothing_running() -> None:
    platform = Platform()
    platform.hold.clear()
    platform.vote()
    await until(lambda: platform.begun == 1, seconds=SECONDS)
    closing = asyncio.create_task(platform.board.close(seconds=SECONDS))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
