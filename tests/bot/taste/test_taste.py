"""Taste in use: it hears of votes, and what is believed follows what is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.jokes import Community
from bot.taste import taste as taste_module
from bot.taste.taste import Taste
from finetune.selection import Choice
from tests.bot.store.conftest import GUILD, ask, joke
from tests.bot.taste.material import RULES, basis, choice, features_of
from tests.twins.store import MemoryStore

VERSION = "starter"
THERE = Community(front="discord", key="elsewhere")
# The model itself would tell the one about the cat.
CHOICES = [choice("A cat.", score=-1.0), choice("A dog.", score=-1.1)]


async def told(store: MemoryStore, text: str, community: Community = GUILD) -> int:
    number = await store.open_request(ask(community))
    assert await store.mark_told(number, replace(joke(text), features=features_of(text)))
    return number


async def voted(
    store: MemoryStore, taste: Taste, text: str, value: int, *, community: Community = GUILD
) -> int:
    number = await told(store, text, community)
    await store.vote(number, "ann", value)
    taste.voted(number)
    return number


async def dog_lovers(
    store: MemoryStore, taste: Taste, community: Community = GUILD, *, votes: int = 20
) -> list[int]:
    """Votes for dogs and against cats."""
    return [
        await voted(
            store,
            taste,
            f"A {'dog' if n % 2 else 'cat'}, number {n}.",
            1 if n % 2 else -1,
            community=community,
        )
        for n in range(votes)
    ]


async def first(
    taste: Taste,
    community: Community = GUILD,
    *,
    choices: Sequence[Choice] = tuple(CHOICES),
    version: str = VERSION,
) -> str:
    found = (await taste.order(community=community, version=version, seed=1))(choices)
    assert sorted(each.text for each in found) == sorted(each.text for each in choices)
    return found[0].text


async def comes_to_tell(taste: Taste, text: str) -> None:
    """Wait until a joke is preferred; fails when it does not come to that."""
    for _ in range(2_000):
        if await first(taste) == text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{text!r} was never preferred")


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.tastes.bases[VERSION] = basis().to_bytes()
    return store


@pytest.fixture
def taste(store: MemoryStore) -> Taste:
    return Taste(tastes=store.tastes, rules=RULES)


async def test_without_any_vote_the_models_order_holds(store: MemoryStore, taste: Taste) -> None:
    await told(store, "A dog.")
    bold = Taste(tastes=store.tastes, rules=replace(RULES, exploration=1.0))
    for seed in range(20):
        found = (await bold.order(community=GUILD, version=VERSION, seed=seed))(CHOICES)
        assert found == CHOICES
    assert await first(taste) == "A cat."


async def test_a_community_is_told_what_it_likes(store: MemoryStore, taste: Taste) -> None:
    await dog_lovers(store, taste)
    assert await first(taste) == "A dog."


async def test_votes_change_a_taste_that_is_in_use(store: MemoryStore, taste: Taste) -> None:
    assert await first(taste) == "A cat."
    await dog_lovers(store, taste)
    assert await first(taste) == "A cat."
    await taste.catch_up()
    assert await first(taste) == "A dog."


async def test_within_a_second_of_a_vote_it_has_been_learned(
    store: MemoryStore, taste: Taste
) -> None:
    learning = asyncio.create_task(taste.learn())
    assert await first(taste) == "A cat."
    await dog_lovers(store, taste)
    await comes_to_tell(taste, "A dog.")
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)


async def test_another_community_keeps_its_own_taste(store: MemoryStore, taste: Taste) -> None:
    for n in range(20):
        text = f"A {'dog' if n % 2 else 'cat'}, number {n}."
        await voted(store, taste, text, -1 if n % 2 else 1, community=THERE)
    await dog_lovers(store, taste)
    assert await first(taste, GUILD) == "A dog."
    assert await first(taste, THERE) == "A cat."


async def test_a_new_community_starts_from_everyones_taste(
    store: MemoryStore, taste: Taste
) -> None:
    await dog_lovers(store, taste)
    assert await first(taste, THERE) == "A dog."


async def test_changed_votes_change_the_taste(store: MemoryStore, taste: Taste) -> None:
    numbers = await dog_lovers(store, taste)
    assert await first(taste) == "A dog."
    for place, number in enumerate(numbers):
        await store.vote(number, "ann", -1 if place % 2 else 1)
        taste.voted(number)
    await taste.catch_up()
    assert await first(taste) == "A cat."


@pytest.mark.parametrize("how", ["withdrawn", "forgotten", "flagged", "hidden"])
async def test_votes_that_are_gone_have_taught_nothing(
    store: MemoryStore, taste: Taste, how: str
) -> None:
    numbers = await dog_lovers(store, taste)
    assert await first(taste) == "A dog."
    for number in numbers:
        if how == "withdrawn":
            await store.vote(number, "ann", 0)
        elif how == "flagged":
            await store.flag(number, "bob")
        elif how == "hidden":
            await store.hide(number)
        taste.voted(number)
    if how == "forgotten":
        await store.forget(GUILD.front, "ann")
        taste.start_over()
    await taste.catch_up()
    found = (await taste.order(community=GUILD, version=VERSION, seed=1))(CHOICES)
    assert found == CHOICES


async def test_a_community_that_moved_takes_its_taste_along(
    store: MemoryStore, taste: Taste
) -> None:
    moved = Community(front=GUILD.front, key="moved")
    await dog_lovers(store, taste)
    assert await first(taste) == "A dog."
    await store.records.move_community(GUILD, moved)
    for n in range(20):
        text = f"A {'dog' if n % 2 else 'cat'}, number {n}."
        await voted(store, taste, text, -1 if n % 2 else 1, community=THERE)
    taste.start_over()
    await taste.catch_up()
    assert await first(taste, moved) == "A dog."


async def test_a_version_without_a_basis_keeps_its_own_order_until_it_has_one(
    store: MemoryStore, taste: Taste
) -> None:
    numbers = await dog_lovers(store, taste)
    assert await first(taste, version="new") == "A cat."
    await store.tastes.put_features(
        "new", {number: store.tastes.kept[VERSION, number] for number in numbers}
    )
    await store.tastes.put_basis("new", basis().to_bytes())
    taste.start_over()
    await taste.catch_up()
    assert await first(taste, version="new") == "A dog."


async def test_choices_without_features_stay_in_the_models_order(
    store: MemoryStore, taste: Taste
) -> None:
    await dog_lovers(store, taste)
    bare = [replace(each, features=None) for each in CHOICES]
    assert await first(taste, choices=bare) == "A cat."
    assert await first(taste, choices=[bare[0], CHOICES[1]]) == "A cat."


async def test_a_database_that_fails_leaves_the_models_order_and_loses_no_vote(
    store: MemoryStore, taste: Taste, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taste_module, "_PATIENCE_SECONDS", 0.01)
    learning = asyncio.create_task(taste.learn())
    assert await first(taste) == "A cat."
    await dog_lovers(store, taste)
    store.tastes.unavailable = True
    assert await first(taste, THERE) == "A cat."
    await asyncio.sleep(0.3)
    store.tastes.unavailable = False
    await comes_to_tell(taste, "A dog.")
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)


async def test_one_busy_member_does_not_decide_for_a_crowd(
    store: MemoryStore, taste: Taste
) -> None:
    for n in range(60):
        number = await told(store, f"A {'dog' if n % 2 else 'cat'}, number {n}.")
        await store.vote(number, "busy", -1 if n % 2 else 1)
        await store.vote(number, f"member {n % 30}", 1 if n % 2 else -1)
        taste.voted(number)
    assert await first(taste) == "A dog."


async def test_nothing_is_read_for_a_single_choice(store: MemoryStore, taste: Taste) -> None:
    store.tastes.unavailable = True
    assert await first(taste, choices=CHOICES[:1]) == "A cat."
