"""Several versions answer at once, and are swapped while everybody gets exactly one answer."""

import asyncio
import itertools
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.fleet import Fleet, VersionUnservableError, in_share
from bot.generation.live import Faults
from bot.generation.port import Generation
from bot.jokes import Reason
from bot.model import ServedModel
from tests.bot.generation.fleets import Yard, fleet_of
from tests.bot.generation.pools import PATIENCE, Journal, model_command, outcome, request_for
from tests.bot.made import copy_version
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until
from tests.tiny import write_tiny_adapter

SWAPS = 50
REAL_SWAPS = int(os.environ.get("PUNCHLINE_TESTS_REAL_SWAPS", "2"))
"""50 take some minutes, since each loads a model."""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def yard_of(journal: Journal, *names: str, **habits: str) -> Yard:
    """Versions that answer at once, and versions with habits."""
    plain = {name: journal.version(name) for name in names}
    return Yard({**plain, **{name: journal.version(name, how) for name, how in habits.items()}})


def request_of(joke_id: int, topic: str = "cats", **changes: object):  # type: ignore[no-untyped-def]
    return request_for(topic, joke_id=joke_id, seed=joke_id, **changes)


async def version_for(fleet: Fleet, joke_id: int, **changes: object) -> str | Reason:
    """Who answers a request, or why nobody does."""
    answer = await outcome(fleet, request_of(joke_id, **changes))
    return answer.model_version if isinstance(answer, Generation) else answer


def on_trial(version: str, share: float, number: int) -> list[int]:
    """The first requests that a challenger is to answer."""
    chosen = (n for n in itertools.count(1) if in_share(n, version=version, share=share))
    return list(itertools.islice(chosen, number))


# The share


def test_a_share_of_the_requests_is_the_challengers() -> None:
    for share in (0.05, 0.2, 0.5):
        chosen = sum(in_share(n, version="new", share=share) for n in range(20_000))
        assert chosen / 20_000 == pytest.approx(share, abs=0.01)


@given(joke_id=st.integers(min_value=1), share=st.floats(0, 0.5), more=st.floats(0, 0.5))
def test_whoever_is_in_a_share_is_in_every_greater_one(
    joke_id: int, share: float, more: float
) -> None:
    inside = in_share(joke_id, version="new", share=share)
    assert in_share(joke_id, version="new", share=share) == inside
    assert not inside or in_share(joke_id, version="new", share=share + more)
    assert not in_share(joke_id, version="new", share=0)
    assert in_share(joke_id, version="new", share=1)


async def test_the_same_request_always_goes_the_same_way(journal: Journal) -> None:
    yard = yard_of(journal, "old", "new")
    ways = []
    for _ in range(2):
        async with fleet_of(yard, champion="old") as fleet:
            await fleet.try_beside("new", 0.2)
            first = [await version_for(fleet, n) for n in range(1, 61)]
            assert first == [await version_for(fleet, n, again=True) for n in range(1, 61)]
            assert fleet.faults("new").answered == first.count("new")
            ways.append(first)
    assert ways[0] == ways[1]
    assert set(ways[0]) == {"old", "new"}


async def test_the_champion_answers_whatever_it_is_asked_to(journal: Journal) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        assert await version_for(fleet, 1) == "new"
        assert await version_for(fleet, 1, by_champion=True) == "old"
        fleet.withdraw_challenger()
        assert await version_for(fleet, 1) == "old"
        await until(lambda: fleet.live == {"old"}, seconds=PATIENCE)


# Swaps


async def test_the_old_version_finishes_what_it_has_and_ends_while_the_new_one_answers(
    journal: Journal,
) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        held = asyncio.create_task(outcome(fleet, request_of(1, "hold", count=4)))
        await until(lambda: journal.events("generate") == ["hold"], seconds=PATIENCE)
        waiting = asyncio.create_task(outcome(fleet, request_of(2, "release", count=4)))
        await until(lambda: fleet.status.waiting == 1, seconds=PATIENCE)
        pid = yard.pools["old"].status.worker.pid
        await fleet.serve("new")
        assert await version_for(fleet, 3) == "new"
        assert fleet.live == {"old", "new"}
        assert not waiting.done()
        held.cancel()
        answer = await waiting
        assert isinstance(answer, Generation)
        assert answer.model_version == "old"
        await until(lambda: fleet.live == {"new"}, seconds=PATIENCE)
        assert pid is not None
        assert not alive(pid)


async def test_a_challenger_becomes_champion_with_the_worker_it_has(journal: Journal) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 0.2)
        await fleet.serve("new")
        assert (fleet.champion, fleet.challenger) == ("new", None)
        assert len(journal.events("start")) == 2
        assert await version_for(fleet, 1) == "new"


async def test_a_version_is_not_loaded_twice_and_one_that_is_not_wanted_goes(
    journal: Journal,
) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.prepare("new")
        await fleet.prepare("new")
        assert fleet.live == {"old", "new"}
        assert await version_for(fleet, 1) == "old"
        fleet.dismiss_prepared()
        await until(lambda: fleet.live == {"old"}, seconds=PATIENCE)
        await fleet.serve("new")
        await until(lambda: fleet.live == {"new"}, seconds=PATIENCE)
        assert len(journal.events("start")) == 3


async def test_what_a_version_was_taught_is_forgotten_when_it_has_gone(
    journal: Journal, tmp_path: Path, tiny_version: Path
) -> None:
    taught = "What do you call a bear with no teeth at all? A gummy bear."
    adapter = write_tiny_adapter(tmp_path / "adapter", base=tiny_version, taught=[taught])
    yard = Yard(
        {name: journal.version(name) for name in ("old", "new")}, directories={"new": adapter}
    )

    def known(version: str) -> bool:
        return yard.selectors.of(version) is not yard.selectors.of("nobody")

    async with fleet_of(yard, champion="old") as fleet:
        await fleet.serve("new")
        assert known("new")
        await fleet.serve("old")
        await until(lambda: fleet.live == {"old"}, seconds=PATIENCE)
        assert known("old")
        assert not known("new")


@pytest.mark.parametrize(
    ("habit", "says"),
    [
        ("broken", "new cannot be served: models/new is damaged."),
        ("late", "new cannot be served: it was not ready after 1 seconds."),
        ("missing", "There are no files of new."),
    ],
)
async def test_a_version_that_never_serves_changes_nothing_and_is_one_sentence(
    journal: Journal, habit: str, says: str
) -> None:
    commands = {"old": journal.version("old"), "new": journal.version("new", habit)}
    if habit == "missing":
        del commands["new"]
    yard = Yard(commands, start_seconds=1.0)
    async with fleet_of(yard, champion="old") as fleet:
        for doing in (fleet.serve("new"), fleet.try_beside("new", 0.2)):
            with pytest.raises(VersionUnservableError) as refused:
                await doing
            assert str(refused.value) == says
            assert (fleet.champion, fleet.challenger, fleet.live) == ("old", None, {"old"})
        assert await version_for(fleet, 1) == "old"


async def test_giving_up_on_a_version_that_loads_leaves_no_worker_behind(journal: Journal) -> None:
    yard = yard_of(journal, "old", new="late")
    async with fleet_of(yard, champion="old") as fleet:
        serving = asyncio.create_task(fleet.serve("new"))
        await until(lambda: len(journal.events("start")) == 2, seconds=PATIENCE)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert fleet.live == {"old"}
        assert not alive(int(journal.events("start")[-1]))


async def test_closing_while_a_version_loads_ends_that_too(journal: Journal) -> None:
    yard = yard_of(journal, "old", new="late")
    async with fleet_of(yard, champion="old") as fleet:
        serving = asyncio.create_task(fleet.serve("new"))
        await until(lambda: len(journal.events("start")) == 2, seconds=PATIENCE)
        await fleet.close()
        with pytest.raises(VersionUnservableError):
            await serving
        with pytest.raises(VersionUnservableError):
            await fleet.serve("new")


async def test_50_swaps_under_load_drop_nothing_and_double_nothing(journal: Journal) -> None:
    await _swaps(yard_of(journal, "old", "new"), number=SWAPS, pause=0.0)
    generated = Counter(journal.events("generate"))
    assert set(generated.values()) == {1}


async def test_real_models_are_swapped_under_load(tiny_version: Path, tmp_path: Path) -> None:
    yard = Yard(
        {name: model_command(copy_version(tiny_version, tmp_path, name)) for name in ("old", "new")}
    )
    await _swaps(yard, number=REAL_SWAPS, pause=0.2)


async def _swaps(yard: Yard, *, number: int, pause: float) -> None:
    """Swap two versions again and again while eight members ask one joke after another."""
    names = ("old", "new")
    numbers = itertools.count(1)
    answers: dict[int, str | Reason] = {}
    done = asyncio.Event()

    async def member(fleet: Fleet) -> None:
        while not done.is_set():
            joke_id = next(numbers)
            answers[joke_id] = await version_for(fleet, joke_id, topic=f"cat {joke_id}")

    async with fleet_of(yard, champion="old") as fleet:
        members = [asyncio.create_task(member(fleet)) for _ in range(8)]
        for swap in range(number):
            await asyncio.sleep(pause)
            before = len(answers)
            await fleet.serve(names[(swap + 1) % 2])
            await until(lambda before=before: len(answers) > before, seconds=PATIENCE)  # type: ignore[misc]
        done.set()
        await asyncio.wait_for(asyncio.gather(*members), PATIENCE)
        await until(lambda: len(fleet.live) == 1, seconds=PATIENCE)
    assert sorted(answers) == list(range(1, len(answers) + 1))
    assert set(answers.values()) == set(names)
    assert len(yard.built) == number + 1


# A challenger that cannot


async def test_members_get_the_champions_answer_where_the_challenger_has_none(
    journal: Journal,
) -> None:
    yard = yard_of(journal, "old", new="impossible")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 0.5)
        trial = set(on_trial("new", 0.5, 20))
        answers = [await version_for(fleet, n) for n in range(1, max(trial) + 1)]
        assert set(answers) == {"old"}
        assert fleet.faults("new") == Faults(empty=20)


async def test_members_get_the_champions_answer_however_often_the_challenger_is_killed(
    journal: Journal,
) -> None:
    yard = yard_of(journal, "old", new="hold")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        numbers = itertools.count(1)
        for blow in range(3):
            await until(lambda: yard.pools["new"].serves == "new", seconds=PATIENCE)
            asking = [
                asyncio.create_task(version_for(fleet, next(numbers), count=2)) for _ in range(4)
            ]
            await until(lambda: yard.pools["new"].status.running == 2, seconds=PATIENCE)
            pid = yard.pools["new"].status.worker.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            first = await asyncio.wait_for(asyncio.gather(*asking[:2]), PATIENCE)
            assert first == ["old", "old"]
            if blow < 2:
                # Those in the line reach the next worker, and die with it or give up waiting.
                for task in asking[2:]:
                    task.cancel()
        assert set(await asyncio.gather(*asking[2:])) <= {"old"}
        faults = fleet.faults("new")
        assert faults.errors >= 6
        assert faults.answered == 0


async def test_members_get_the_champions_answer_when_the_challenger_hangs(
    journal: Journal,
) -> None:
    commands = {"old": journal.version("old"), "new": journal.version("new", "freeze")}
    yard = Yard(commands, heartbeat_seconds=0.5)
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        asking = [asyncio.create_task(version_for(fleet, n)) for n in range(1, 9)]
        answers = await asyncio.wait_for(asyncio.gather(*asking), PATIENCE)
        assert answers == ["old"] * 8
        assert fleet.faults("new").errors >= 4


async def test_a_slow_challenger_leaves_the_champion_time_to_answer(journal: Journal) -> None:
    yard = yard_of(journal, "old", new="hold")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        assert await version_for(fleet, 1, deadline=1.0) == "old"
        assert fleet.faults("new") == Faults(errors=1)
        assert fleet.faults("old") == Faults()


async def test_while_the_challenger_is_down_the_champion_answers_at_once_and_it_is_counted(
    journal: Journal,
) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        yard.commands["new"] = journal.version("new", "broken")
        await yard.pools["new"].close()
        assert [await version_for(fleet, n) for n in (1, 2)] == ["old", "old"]
        assert fleet.faults("new") == Faults(errors=2)


async def test_jokes_that_nobody_may_hear_count_as_none(journal: Journal) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        assert await version_for(fleet, 1) == "new"
        assert fleet.nothing_fit("new")
        assert not fleet.nothing_fit("old")
        assert fleet.faults("new") == Faults(empty=1, answered=1)


# Stopping


async def test_when_it_stops_accepting_every_line_goes_home(journal: Journal) -> None:
    yard = yard_of(journal, "old", new="hold")
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        held = asyncio.create_task(version_for(fleet, 1, count=4))
        await until(lambda: fleet.status.running == 1, seconds=PATIENCE)
        waiting = asyncio.create_task(version_for(fleet, 2, count=4))
        await until(lambda: fleet.status.waiting == 1, seconds=PATIENCE)
        fleet.stop_accepting()
        assert await waiting is Reason.CLOSING
        assert not held.done()
        await fleet.close()
        assert await held is Reason.CLOSING
        assert await version_for(fleet, 3) is Reason.CLOSING


async def test_the_fleet_reads_jokes_with_its_champion(journal: Journal) -> None:
    yard = yard_of(journal, "old", "new")
    async with fleet_of(yard, champion="old") as fleet:
        assert fleet.serves == "old"
        await fleet.serve("new")
        assert fleet.serves == "new"


async def test_requests_wait_for_the_first_champion_to_be_loaded(journal: Journal) -> None:
    yard = yard_of(journal, "old")
    fleet = yard.fleet()
    fleet.start(ServedModel(name="old", directory=Path("nowhere")))
    try:
        assert await version_for(fleet, 1) == "old"
    finally:
        await fleet.close()
