"""What the admins' commands say before there is anything to learn from."""

from dataclasses import replace

import pytest

from bot.languages import ENGLISH
from bot.learning import LearningRefused, ModelLine, ServingLearner
from tests.bot.store.conftest import GUILD, StillClock, ask, joke
from tests.twins.store import MemoryStore


async def told_by(store: MemoryStore, version: str, *votes: int) -> None:
    number = await store.open_request(ask(GUILD))
    assert await store.mark_told(number, replace(joke(), model_version=version))
    for place, value in enumerate(votes):
        await store.vote(number, f"member {place}", value)


def learner(store: MemoryStore | None = None) -> ServingLearner:
    return ServingLearner(store=store or MemoryStore(), version="now")


async def test_to_retrain_is_refused_with_a_sentence() -> None:
    with pytest.raises(LearningRefused) as caught:
        await learner().retrain()
    assert ENGLISH.say(str(caught.value)) == "There is nothing to learn from yet."


@pytest.mark.parametrize("version", [None, "now", "before"])
async def test_to_roll_back_is_refused_with_a_sentence(version: str | None) -> None:
    with pytest.raises(LearningRefused) as caught:
        await learner().roll_back(version)
    assert ENGLISH.say(str(caught.value)) == "There is no earlier version to go back to."


async def test_a_version_that_has_told_nothing_yet_is_listed_because_it_serves() -> None:
    assert await learner().models() == [
        ModelLine(version="now", serving=True, jokes=0, up=0, down=0)
    ]


async def test_the_version_that_serves_comes_first_then_the_latest_to_tell() -> None:
    clock = StillClock()
    store = MemoryStore(clock=clock)
    for version, votes in [("now", [1, 1, -1]), ("older", [-1]), ("old", []), ("now", [1])]:
        await told_by(store, version, *votes)
        clock.move(seconds=1)
    await told_by(store, "old", 1)
    assert await learner(store).models() == [
        ModelLine(version="now", serving=True, jokes=2, up=3, down=1),
        ModelLine(version="old", serving=False, jokes=2, up=1, down=0),
        ModelLine(version="older", serving=False, jokes=1, up=0, down=1),
    ]
