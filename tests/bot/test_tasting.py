"""A community's votes decide which of the jokes that fit it is told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.jokes import Community, Joke, JokeRequest
from bot.store.port import Ballot
from bot.taste.taste import Taste
from finetune.candidates import Candidate
from tests.bot.room import HERE, REQUEST, THERE, Room
from tests.bot.taste.material import RULES, basis, features_of
from tests.twins.generator import ScriptedGenerator
from tests.twins.service import service_on
from tests.twins.store import MemoryStore

VERSION = "scripted"


def drawn(*texts: str) -> list[Candidate]:
    """Candidates with features, the first the likeliest."""
    return [
        Candidate(
            text=text,
            tokens=len(text.split()),
            score=-1.0 - place / 10,
            complete=True,
            features=features_of(text),
        )
        for place, text in enumerate(texts)
    ]


class Tasting:
    """A service that always has one joke about a cat and a dog each, the cat the likelier."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.store = MemoryStore()
        self.store.tastes.bases[VERSION] = basis().to_bytes()
        self.taste = Taste(tastes=self.store.tastes, rules=RULES) if enabled else None
        self._told = 0
        self.generator = ScriptedGenerator(self._answers())
        self.service = service_on(store=self.store, generator=self.generator, taste=self.taste)

    def _answers(self) -> "Sequence[list[Candidate]]":
        return [
            drawn(f"The cat went home number {n}.", f"The dog went home number {n}.")
            for n in range(200)
        ]

    async def tell(self, community: Community = HERE, **changes: object) -> Joke:
        request: JokeRequest = replace(REQUEST, community=community, **changes)  # type: ignore[arg-type]
        joke = await self.service.tell(request)
        assert isinstance(joke, Joke)
        return joke

    async def learn(self) -> None:
        if self.taste is not None:
            await self.taste.catch_up()

    async def subject(self, community: Community = HERE, **changes: object) -> str:
        """What the next joke is about."""
        joke = await self.tell(community, **changes)
        return "dog" if "dog" in joke.text else "cat"

    async def dislike_cats(self, community: Community = HERE, *, times: int = 6) -> list[int]:
        """Vote cats down until no more come; returns the jokes voted on."""
        voted = []
        for number in range(times):
            joke = await self.tell(community)
            value = 1 if "dog" in joke.text else -1
            await self.service.vote(joke.id, f"member {number}", value)
            await self.learn()
            voted.append(joke.id)
        return voted


async def test_a_communitys_taste_is_learned_from_its_votes() -> None:
    room = Tasting()
    assert await room.subject() == "cat"
    await room.dislike_cats()
    assert [await room.subject() for _ in range(4)] == ["dog"] * 4


async def test_another_communitys_own_taste_is_not_touched() -> None:
    room = Tasting()
    for number in range(12):
        joke = await room.tell(THERE)
        value = 1 if "cat" in joke.text else -1
        await room.service.vote(joke.id, f"friend {number}", value)
    await room.dislike_cats()
    assert await room.subject(HERE) == "dog"
    assert await room.subject(THERE) == "cat"


async def test_switched_off_everything_stays_as_the_model_has_it() -> None:
    room = Tasting(enabled=False)
    await room.dislike_cats(times=12)
    assert [await room.subject() for _ in range(4)] == ["cat"] * 4


async def test_before_any_vote_everything_stays_as_the_model_has_it() -> None:
    room = Tasting()
    assert [await room.subject() for _ in range(10)] == ["cat"] * 10


@pytest.mark.parametrize("way", ["retract", "cast", "flag", "forget"])
async def test_what_is_taken_back_has_taught_nothing(way: str) -> None:
    room = Tasting()
    voted = await room.dislike_cats()
    assert await room.subject() == "dog"
    for number, joke_id in enumerate(voted):
        member = f"member {number}"
        if way == "retract":
            await room.service.retract(joke_id, member)
        elif way == "cast":
            await room.service.cast(joke_id, member, Ballot(value=0))
        elif way == "flag":
            await room.service.flag(joke_id, "somebody")
        else:
            await room.service.forget(HERE.front, member)
    await room.learn()
    assert await room.subject() == "cat"


async def test_a_joke_drawn_again_by_its_seed_is_no_matter_of_taste() -> None:
    room = Tasting()
    await room.dislike_cats()
    assert await room.subject(seed=7) == "cat"


async def test_whatever_is_liked_a_joke_on_the_topic_comes_first() -> None:
    room = Tasting()
    await room.dislike_cats()
    assert await room.subject(topic="cats") == "cat"
    assert await room.subject(topic="homes") == "dog"


async def test_what_the_model_makes_of_a_joke_is_written_down_with_it() -> None:
    room = Tasting()
    joke = await room.tell()
    assert room.store.tastes.kept == {(VERSION, joke.id): features_of(joke.text)}


async def test_jokes_of_an_engine_without_features_are_told_as_ever() -> None:
    room = Room([Candidate(text="A cat sat.", tokens=3, score=-1.0, complete=True)])
    assert isinstance(await room.tell(), Joke)
    assert room.store.tastes.kept == {}
