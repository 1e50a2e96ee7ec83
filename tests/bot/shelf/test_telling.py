"""What members get from the shelf, and what they never get from it."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from bot.jokes import Community, Declined, Joke, JokeRequest, Reason
from bot.store.port import Ballot
from bot.taste.taste import Taste
from finetune.moderation import Tier
from tests.bot.room import HERE, REQUEST, RUDE_JOKE, SOUR_JOKE, THERE
from tests.bot.shelf.shop import CANDIDATES, Shop, candidates
from tests.bot.taste.material import RULES, basis, features_of
from tests.twins.service import communities_on
from tests.twins.store import MemoryStore

BULL = "What do you call a sleeping bull? A bulldozer."
MILD = "What did the zero say to the eight? Nice belt."


async def test_whoever_asks_for_nothing_special_gets_a_joke_that_is_there_already() -> None:
    shop = Shop(candidates(BULL, MILD), jokes_per_shelf=1)
    await shop.fill()
    joke = await shop.joke()
    assert (joke.text, joke.model_version) == (BULL, "champion")
    assert shop.generator.requests == []
    assert shop.store.rows[joke.id].state == "told"


async def test_what_is_written_down_is_enough_to_draw_it_again() -> None:
    shop = Shop(candidates(BULL, features=features_of), jokes_per_shelf=1)
    await shop.fill()
    (draw,) = shop.store.shelves.kept.values()
    told = shop.store.rows[(await shop.joke()).id].told
    assert told is not None
    assert (told.sampling["seed"], told.sampling["candidates"]) == (draw.seed, CANDIDATES)
    assert (told.score, told.tokens) == (-1.0, 9)
    assert told.features == features_of(BULL)


@pytest.mark.parametrize(
    "special", [{"topic": "bulls"}, {"opening": "What do"}, {"seed": 0}], ids=str
)
async def test_whoever_asks_for_something_special_gets_a_joke_made_for_them(
    special: dict[str, object],
) -> None:
    shop = Shop(fresh=[candidates(BULL)])
    await shop.fill()
    request: JokeRequest = replace(REQUEST, **special)  # type: ignore[arg-type]
    answer = await shop.tell(request)
    assert isinstance(answer, Joke)
    assert len(shop.generator.requests) == 1
    assert len(shop.kept()) == 3


async def test_when_the_shelf_is_empty_jokes_are_made_for_those_who_ask() -> None:
    shop = Shop(fresh=[candidates(BULL)], jokes_per_shelf=2)
    await shop.fill()
    texts = {(await shop.joke()).text for _ in range(3)}
    assert len(texts) == 3
    assert BULL in texts
    assert shop.kept() == []


async def test_each_draw_gives_one_joke_as_a_request_would_have_got() -> None:
    shop = Shop(candidates(BULL, MILD), jokes_per_shelf=1, fresh=[candidates(MILD)])
    await shop.fill()
    assert (await shop.joke(HERE)).text == BULL
    assert (await shop.joke(THERE)).text == MILD
    assert len(shop.generator.requests) == 1


# Never twice


async def test_a_community_that_has_heard_the_best_of_a_draw_gets_the_next() -> None:
    shop = Shop(candidates(BULL, MILD), jokes_per_shelf=1, fresh=[candidates(BULL)])
    await shop.joke()
    await shop.fill()
    assert (await shop.joke()).text == MILD


async def test_a_draw_of_which_everything_was_heard_is_left_to_others() -> None:
    fresh = [candidates(BULL), candidates(MILD)]
    shop = Shop(candidates(BULL), fresh=fresh, jokes_per_shelf=1)
    await shop.joke(HERE)
    await shop.fill()
    assert (await shop.joke(HERE)).text == MILD
    await shop.filling.look()
    assert (await shop.joke(THERE)).text == BULL


async def test_no_community_hears_a_joke_twice_however_many_ask_at_once_in_two_processes() -> None:
    fresh = [
        candidates(*(f"Joke {n} of champion, take {take}." for take in range(4)))
        for n in range(400)
    ]
    store = MemoryStore()
    first = Shop(store=store, fresh=fresh, jokes_per_shelf=20)
    await first.fill()
    second = Shop(store=store, fresh=fresh)
    await second.filling.look()
    shelved = {draw.seed for draw in store.shelves.kept.values()}
    places = [Community(front="memory", key=str(number)) for number in range(3)]
    answers = await asyncio.gather(
        *(shop.joke(place) for _ in range(12) for place in places for shop in (first, second))
    )
    heard = Counter(
        (row.request.community, row.told.fingerprint)
        for row in store.rows.values()
        if row.told is not None
    )
    assert len(answers) == 72
    assert set(heard.values()) == {1}
    told = [row.told for row in store.rows.values() if row.told is not None]
    # Each draw has given one joke, whichever process had it.
    seeds = Counter(each.sampling["seed"] for each in told if each.shelved)
    assert seeds.keys() == shelved
    assert set(seeds.values()) == {1}


async def test_a_joke_that_is_reported_elsewhere_is_not_told_any_more() -> None:
    shop = Shop(candidates(BULL, MILD), fresh=[candidates(BULL)], jokes_per_shelf=1)
    reported = await shop.joke(THERE)
    await shop.fill()
    await shop.service.flag(reported.id, "bob")
    assert (await shop.joke(HERE)).text == MILD


# Tiers


async def bold_shop(tier: Tier) -> tuple[Shop, JokeRequest]:
    draw = candidates(RUDE_JOKE, SOUR_JOKE, MILD)
    shop = Shop(draw, jokes_per_shelf=1)
    await shop.store.records.save_settings(HERE, {"tier": tier.value})
    await shop.fill()
    return shop, replace(REQUEST, adult_place=True)


@pytest.mark.parametrize(
    ("tier", "text"),
    [(Tier.FAMILY, MILD), (Tier.STANDARD, SOUR_JOKE), (Tier.ADULT, RUDE_JOKE)],
)
async def test_a_community_gets_what_its_tier_allows(tier: Tier, text: str) -> None:
    shop, request = await bold_shop(tier)
    answer = await shop.tell(request)
    assert isinstance(answer, Joke)
    assert answer.text == text
    assert shop.generator.requests == []


async def test_outside_places_for_adults_it_is_never_for_adults() -> None:
    shop, request = await bold_shop(Tier.ADULT)
    answer = await shop.tell(replace(request, adult_place=False))
    assert isinstance(answer, Joke)
    assert answer.text == SOUR_JOKE


# Versions


async def test_a_request_that_falls_to_the_challenger_gets_its_joke_and_the_votes_are_its() -> None:
    shop = Shop(challenger="challenger", for_challenger=lambda joke: joke % 2 == 0)
    await shop.fill()
    jokes = [await shop.joke() for _ in range(4)]
    assert [joke.model_version for joke in jokes] == ["champion", "challenger"] * 2
    await shop.service.cast(jokes[1].id, "bob", Ballot(value=1))
    votes = {record.version: record.up for record in await shop.store.versions()}
    assert votes == {"champion": 0, "challenger": 1}


async def test_it_does_not_take_the_champions_when_its_own_are_gone() -> None:
    shop = Shop(
        challenger="challenger",
        for_challenger=lambda joke: True,
        jokes_per_shelf=1,
        fresh=[candidates(BULL)],
    )
    await shop.fill()
    assert (await shop.joke()).model_version == "challenger"
    assert (await shop.joke()).text == BULL
    assert shop.kept() == ["champion"]


async def test_after_a_swap_only_the_new_version_tells() -> None:
    shop = Shop(fresh=[candidates(BULL)])
    await shop.fill()
    shop.drawers.champion = "new"
    assert (await shop.joke()).text == BULL


# Taste


async def test_a_communitys_taste_chooses_among_the_jokes_of_a_draw() -> None:
    store = MemoryStore()
    store.tastes.bases["champion"] = basis().to_bytes()
    taste = Taste(tastes=store.tastes, rules=RULES)
    draws = [
        candidates(
            f"The cat went home number {n}.", f"The dog went home number {n}.", features=features_of
        )
        for n in range(12)
    ]
    shop = Shop(*draws, store=store, taste=taste, jokes_per_shelf=12)
    assert await shop.fill() == 12
    for number in range(7):
        joke = await shop.joke(HERE)
        await shop.service.vote(joke.id, f"member {number}", 1 if "dog" in joke.text else -1)
        await taste.catch_up()
    assert "dog" in (await shop.joke(HERE)).text
    assert shop.generator.requests == []


# Refusals


async def test_quotas_audience_and_pause_hold_as_for_any_joke() -> None:
    shop = Shop()
    await shop.fill()
    communities = communities_on(shop.store.records)
    await communities.change(HERE, daily_jokes=1)
    assert isinstance(await shop.tell(), Joke)
    assert await shop.tell() == Declined(reason=Reason.DAILY_QUOTA, seconds=86400)
    await shop.pause.set(True)
    assert await shop.tell(replace(REQUEST, community=THERE)) == Declined(reason=Reason.PAUSED)
