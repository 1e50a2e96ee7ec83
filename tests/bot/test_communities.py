"""What a community chose holds there, is kept, and is never bolder than the owner allows."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.communities import (
    Audience,
    Communities,
    CommunityDefaults,
    CommunitySettings,
    VoteStyle,
)
from bot.jokes import Community
from bot.store.identity import MemberHasher
from finetune.moderation import Tier
from tests.bot.room import HERE, THERE
from tests.twins.records import MemoryRecords
from tests.twins.store import MemoryStore

USUAL = CommunitySettings(
    tier=Tier.STANDARD,
    daily_jokes=5,
    audience=Audience.EVERYONE,
    vote_style=VoteStyle.BOTH,
    language="",
)
EVERYTHING: dict[str, Any] = {
    "tier": Tier.FAMILY,
    "daily_jokes": 0,
    "audience": Audience.ADMINS,
    "vote_style": VoteStyle.BUTTONS,
    "language": "de",
    "admin_channel": "77",
}


def communities(
    records: MemoryRecords | None = None,
    *,
    usual: CommunitySettings = USUAL,
    boldest: Tier = Tier.ADULT,
) -> Communities:
    return Communities(
        records=records or MemoryStore().records,
        defaults=CommunityDefaults(settings=usual, boldest_tier=boldest),
    )


class SlowRecords(MemoryRecords):
    """What is read or saved takes a while, and is out of date when it arrives."""

    async def settings(self, community: Community) -> dict[str, Any]:
        found = await super().settings(community)
        for _ in range(5):
            await asyncio.sleep(0)
        return found

    async def save_settings(self, community: Community, settings: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        await super().save_settings(community, settings)


def slow_records() -> SlowRecords:
    return SlowRecords(rows={}, hasher=MemberHasher(key=b"slow"))


async def test_where_nobody_has_chosen_the_defaults_hold() -> None:
    assert await communities().settings(HERE) == USUAL


async def test_a_change_leaves_the_other_choices_alone_and_holds_only_there() -> None:
    here = communities()
    changed = await here.change(HERE, daily_jokes=9)
    assert changed == replace(USUAL, daily_jokes=9)
    assert await here.change(HERE, language="es") == replace(changed, language="es")
    assert await here.settings(HERE) == replace(changed, language="es")
    assert await here.settings(THERE) == USUAL


async def test_every_choice_outlives_a_restart() -> None:
    records = MemoryStore().records
    chosen = await communities(records).change(HERE, **EVERYTHING)
    assert chosen == CommunitySettings(**EVERYTHING)
    assert await communities(records).settings(HERE) == chosen


async def test_choices_are_kept_as_plain_text_and_numbers() -> None:
    records = MemoryStore().records
    await communities(records).change(HERE, **EVERYTHING)
    assert records.saved[HERE] == {
        "tier": "family",
        "daily_jokes": 0,
        "audience": "admins",
        "vote_style": "buttons",
        "language": "de",
        "admin_channel": "77",
    }


async def test_a_choice_that_is_no_longer_possible_falls_back_to_the_default() -> None:
    records = MemoryStore().records
    await records.save_settings(
        HERE, {"tier": "rough", "audience": 3, "vote_style": None, "colour": "red"}
    )
    assert await communities(records).settings(HERE) == USUAL


@pytest.mark.parametrize(
    ("boldest", "possible"),
    [
        (Tier.FAMILY, (Tier.FAMILY,)),
        (Tier.STANDARD, (Tier.FAMILY, Tier.STANDARD)),
        (Tier.ADULT, (Tier.FAMILY, Tier.STANDARD, Tier.ADULT)),
    ],
)
async def test_nobody_may_choose_above_the_boldest_tier(
    boldest: Tier, possible: tuple[Tier, ...]
) -> None:
    here = communities(usual=replace(USUAL, tier=Tier.FAMILY), boldest=boldest)
    assert here.tiers == possible
    for tier in Tier:
        if tier in possible:
            assert (await here.change(HERE, tier=tier)).tier is tier
        else:
            with pytest.raises(ValueError, match="The boldest tier here is"):
                await here.change(HERE, tier=tier)
            assert (await here.settings(HERE)).tier is boldest


async def test_what_was_chosen_before_the_owner_grew_stricter_grows_milder_too() -> None:
    records = MemoryStore().records
    await communities(records).change(HERE, tier=Tier.ADULT)
    stricter = communities(records, boldest=Tier.FAMILY)
    assert (await stricter.settings(HERE)).tier is Tier.FAMILY
    assert (await stricter.settings(THERE)).tier is Tier.FAMILY


@pytest.mark.parametrize(
    ("chosen", "anywhere", "adult_place"),
    [
        (Tier.FAMILY, Tier.FAMILY, Tier.FAMILY),
        (Tier.STANDARD, Tier.STANDARD, Tier.STANDARD),
        (Tier.ADULT, Tier.STANDARD, Tier.ADULT),
    ],
)
async def test_the_adult_tier_is_only_for_places_set_apart_for_adults(
    chosen: Tier, anywhere: Tier, adult_place: Tier
) -> None:
    here = communities()
    await here.change(HERE, tier=chosen)
    assert await here.tier(HERE, adult_place=False) is anywhere
    assert await here.tier(HERE, adult_place=True) is adult_place


async def test_a_renumbered_community_keeps_its_choices_at_once() -> None:
    here = communities()
    chosen = await here.change(HERE, language="de")
    assert await here.settings(THERE) == USUAL
    await here.move(HERE, THERE)
    assert await here.settings(THERE) == chosen
    assert await here.settings(HERE) == USUAL


async def test_two_changes_of_the_same_moment_are_both_kept() -> None:
    records = slow_records()
    here = communities(records)
    await asyncio.gather(here.change(HERE, language="de"), here.change(HERE, daily_jokes=9))
    both = replace(USUAL, language="de", daily_jokes=9)
    assert await here.settings(HERE) == both
    assert await communities(records).settings(HERE) == both


async def test_what_was_read_before_a_change_is_not_remembered_after_it() -> None:
    records = slow_records()
    here = communities(records)
    for _ in range(7):
        reading = asyncio.create_task(here.settings(HERE))
        changing = asyncio.create_task(here.change(HERE, language="de"))
        await asyncio.gather(changing, reading)
    assert (await here.settings(HERE)).language == "de"
    reading = asyncio.create_task(here.settings(THERE))
    await asyncio.sleep(0)
    await here.move(HERE, THERE)
    assert (await reading).language == ""
    assert (await here.settings(THERE)).language == "de"
