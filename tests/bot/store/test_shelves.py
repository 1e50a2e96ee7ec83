"""What is on the shelf, how it comes there and how it goes; on disk and in the twin."""

from dataclasses import replace
from typing import Protocol

import pytest

from bot.jokes import Community
from bot.store.port import Store
from bot.store.shelf_port import Draw, ShelvedJoke, Shelves
from finetune.moderation import Tier
from finetune.selection import Choice
from tests.bot.store.conftest import CHAT, GUILD, Place, StillClock, ask, joke, next_process, tell

RECIPE = '{"candidates": 4}'


class Shelving(Store, Protocol):
    """A store with shelves, which both kinds are."""

    shelves: Shelves


def draw(*texts: str, seed: int = 1, version: str = "starter", **changes: str) -> Draw:
    """A draw of jokes that anybody may hear."""
    return Draw(
        version=version,
        seed=seed,
        recipe=changes.get("recipe", RECIPE),
        jokes=tuple(
            ShelvedJoke(
                choice=Choice(
                    text=text,
                    fingerprint=text.lower(),
                    tokens=7,
                    score=-1.5,
                    features=text.encode() if changes.get("features") else None,
                ),
                tier=Tier.FAMILY,
            )
            for text in texts
        ),
    )


async def shelved(store: Shelving, version: str = "starter") -> list[list[str]]:
    """The texts of each draw."""
    found = await store.shelves.draws(version)
    return [[joke.choice.text for joke in each.jokes] for each in found]


async def take(
    store: Shelving, text: str, *, seed: int = 1, community: Community = GUILD
) -> int | None:
    """Tell a joke from the shelf; its number, or None when it could not be told."""
    told = replace(joke(text, text.lower()), sampling={"seed": seed}, shelved=True)
    number = await store.open_request(ask(community))
    return number if await store.mark_told(number, told) else None


async def test_what_is_shelved_comes_back_as_it_was(store: Shelving) -> None:
    first = draw("One.", "Two.", seed=1, features="yes")
    second = draw("Three.", seed=(1 << 48) - 1)
    assert await store.shelves.put(second) == second
    assert await store.shelves.put(first) == first
    assert await store.shelves.draws("starter") == [first, second]
    assert await store.shelves.draws("another") == []


async def test_it_is_still_there_after_a_restart(
    store: Shelving, clock: StillClock, place: Place
) -> None:
    kept = draw("One.", "Two.", features="yes")
    await store.shelves.put(kept)
    async with next_process(store, clock, place) as successor:
        assert isinstance(successor, type(store))
        assert await successor.shelves.draws("starter") == [kept]


async def test_each_tier_has_what_is_mild_enough_for_it() -> None:
    mild, bold = draw("Mild.").jokes[0], draw("Bold.").jokes[0]
    both = replace(draw(), jokes=(replace(bold, tier=Tier.ADULT), mild))
    texts = {tier: [choice.text for choice in both.choices(tier)] for tier in Tier}
    assert texts == {
        Tier.FAMILY: ["Mild."],
        Tier.STANDARD: ["Mild."],
        Tier.ADULT: ["Bold.", "Mild."],
    }


async def test_telling_one_joke_takes_its_whole_draw_away(store: Shelving) -> None:
    await store.shelves.put(draw("One.", "Two.", seed=1))
    await store.shelves.put(draw("Three.", seed=2))
    assert await take(store, "Two.", seed=1)
    assert await shelved(store) == [["Three."]]


async def test_what_is_not_on_the_shelf_any_more_is_not_told(store: Shelving) -> None:
    await store.shelves.put(draw("One.", "Two."))
    assert await take(store, "Two.")
    assert await take(store, "One.", community=CHAT) is None
    assert await take(store, "Two.", community=CHAT) is None


async def test_what_a_community_has_heard_stays_for_the_others(store: Shelving) -> None:
    heard = await store.open_request(ask())
    await store.mark_told(heard, joke("One.", "one."))
    await store.shelves.put(draw("One."))
    assert await take(store, "One.") is None
    assert await shelved(store) == [["One."]]
    assert await take(store, "One.", community=CHAT)


async def test_a_joke_is_on_the_shelf_of_a_version_once(store: Shelving) -> None:
    await store.shelves.put(draw("One.", seed=1))
    assert await store.shelves.put(draw("One.", "Two.", seed=2)) == draw("Two.", seed=2)
    assert await store.shelves.put(draw("One.", seed=3)) is None
    assert await store.shelves.put(draw("One.", version="new")) == draw("One.", version="new")
    assert await shelved(store) == [["One."], ["Two."]]


async def test_a_joke_that_is_reported_leaves_every_shelf(store: Shelving) -> None:
    await store.shelves.put(draw("One.", "Two.", seed=1))
    await store.shelves.put(draw("One.", seed=2, version="new"))
    number = await store.open_request(ask(CHAT))
    await store.mark_told(number, joke("One!", "one."))
    await store.flag(number, "ann")
    assert await shelved(store) == [["Two."]]
    assert await shelved(store, "new") == []
    assert await take(store, "One.") is None


@pytest.mark.parametrize("fingerprint", ["one.", None], ids=["told", "repeated by its seed"])
@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "flagged"])
async def test_a_joke_that_was_reported_is_never_shelved(
    store: Shelving, fingerprint: str | None, hidden: bool
) -> None:
    number = await store.open_request(ask(CHAT))
    await store.mark_told(number, joke("One.", fingerprint))
    await (store.hide(number) if hidden else store.flag(number, "ann"))
    assert await store.shelves.put(draw("One.", "Two.")) == draw("Two.")


async def test_a_joke_that_others_have_heard_may_be_shelved(store: Shelving) -> None:
    await tell(store, text="One.")
    assert await store.shelves.put(draw("One.")) == draw("One.")


async def test_only_versions_that_serve_and_the_recipe_of_today_stay(store: Shelving) -> None:
    await store.shelves.put(draw("One."))
    await store.shelves.put(draw("Two.", version="new"))
    await store.shelves.put(draw("Three.", version="old"))
    await store.shelves.put(draw("Four.", version="new", seed=2, recipe="another"))
    await store.shelves.retain(["starter", "new"], recipe=RECIPE)
    assert await shelved(store) == [["One."]]
    assert await shelved(store, "new") == [["Two."]]
    assert await shelved(store, "old") == []


async def test_a_draw_can_be_thrown_away(store: Shelving) -> None:
    await store.shelves.put(draw("One.", seed=1))
    await store.shelves.put(draw("Two.", seed=2))
    await store.shelves.discard(draw("One.", seed=1))
    assert await shelved(store) == [["Two."]]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_text_that_cannot_be_stored_is_refused(store: Shelving, text: str) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.shelves.put(draw(text))


async def test_a_score_that_is_no_number_is_refused(store: Shelving) -> None:
    (one,) = draw("One.").jokes
    broken = replace(one, choice=replace(one.choice, score=float("nan")))
    with pytest.raises(ValueError, match="finite"):
        await store.shelves.put(replace(draw(), jokes=(broken,)))
