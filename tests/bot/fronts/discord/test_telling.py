"""/joke on Discord: acknowledged at once, answered once, refused in private."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.generation.port import GenerationError
from bot.generation.queue import Place
from bot.jokes import Reason
from bot.store.record_port import Post
from finetune.candidates import Candidate
from finetune.moderation import Tier
from tests.bot.fronts.discord.stage import JOKE, SHOWN, Stage, sentences, shown
from tests.platforms.discord.interaction import Callback
from tests.platforms.discord.permissions import Permission
from tests.twins.moderator import RUDE
from tests.twins.service import drawn


async def test_a_joke_takes_the_place_of_the_acknowledgement(stage: Stage) -> None:
    later: asyncio.Future[Sequence[Candidate]] = asyncio.get_running_loop().create_future()
    async with stage.open(later):
        asked = await stage.use("joke", about="ducks", opening="Why did")
        assert await asked.acknowledgement() is Callback.THINKING
        later.set_result(drawn(JOKE))
        message = await asked.answer()
    assert message is asked.original
    assert message.content == SHOWN
    assert not message.ephemeral
    assert shown(message) == ["0", "0"]
    assert list(message.reactions) == ["👍", "👎"]
    assert message.pinged == frozenset()
    assert stage.store.records.shown == {
        Post(front="discord", place=str(stage.channel.id), message=str(message.id)): 1
    }
    (row,) = stage.store.rows.values()
    assert row.request.origin == str(asked.id)
    assert (row.request.topic, row.request.opening) == ("ducks", "Why did")


async def test_a_long_wait_is_shown_and_can_be_given_up_by_the_asker_alone(stage: Stage) -> None:
    never: asyncio.Future[Sequence[Candidate]] = asyncio.get_running_loop().create_future()
    async with stage.open(never):
        stage.generator.place = Place(ahead=4, own=0)
        asked = await stage.use("joke")
        message = await asked.answer()
        assert message.content == "Number 5 in line…"
        other = await stage.server.press(message, "Cancel", stage.bob)
        assert await stage.says(other) == "That button is for whoever asked."
        assert not asked.deleted
        await stage.server.press(message, "Cancel", stage.ann)
        assert await stage.says(asked) == "Never mind, then."
        assert asked.deleted
        assert len(stage.generator.abandoned) == 1


async def test_a_refusal_is_private_and_nothing_public_is_left(stage: Stage) -> None:
    async with stage.open(GenerationError(Reason.GAVE_UP)):
        asked = await stage.use("joke")
        said = await stage.says(asked)
    assert said == "Sorry, I stumbled over that one every time; please ask for something else."
    assert asked.deleted
    assert not stage.server.messages(stage.channel)
    assert stage.server.messages(stage.channel, seen_by=stage.ann)


async def test_the_same_event_twice_is_answered_once(stage: Stage) -> None:
    async with stage.open():
        asked = await stage.use("joke")
        stage.server.deliver_again(asked)
        await asked.answer()
        stage.server.deliver_again(asked)
        await stage.told()
    assert len(stage.generator.requests) == 2
    assert sentences(asked) == []


async def test_an_event_delivered_again_after_a_restart_is_not_answered_again(
    stage: Stage,
) -> None:
    async with stage.open():
        asked = await stage.use("joke")
        message = await asked.answer()
    async with stage.open(drawn("A new one.")):
        stage.server.deliver_again(asked)
        await stage.told()
        assert len(stage.generator.requests) == 1
    assert message.content == SHOWN
    assert sentences(asked) == []


@pytest.mark.parametrize(("nsfw", "told"), [(True, 1), (False, 0)])
async def test_only_age_restricted_channels_hear_jokes_for_adults(
    stage: Stage, nsfw: bool, told: int
) -> None:
    place = stage.server.channel(stage.guild, nsfw=nsfw)
    async with stage.open(drawn(f"Why? Because of {RUDE}."), drawn(), drawn()):
        await stage.core.communities.change(stage.here, tier=Tier.ADULT)
        asked = await stage.use("joke", channel=place)
        await asked.answer()
    assert len(stage.server.messages(place)) == told
    assert stage.store.rows[1].request.adult_place is nsfw


async def test_in_direct_messages_members_vote_as_everywhere(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told(channel=stage.server.direct(stage.ann))
        await stage.server.react(message, "👍", stage.ann)
        await stage.tally(message, ["1", "0"])
    (row,) = stage.store.rows.values()
    assert row.request.community.key.startswith("dm:")
    assert str(stage.ann.id) not in row.request.community.key


async def test_where_only_a_member_has_installed_it_there_are_buttons(stage: Stage) -> None:
    elsewhere = stage.server.channel(stage.server.guild(present=False))
    talk = stage.server.private(stage.ann, stage.bob)
    async with stage.open():
        for place in (elsewhere, talk):
            message = await (await stage.use("joke", channel=place)).answer()
            await stage.server.press(message, "👍", stage.bob)
            await stage.tally(message, ["1", "0"])
            assert message.reactions == {}
    assert stage.store.records.notes.keys() == {"discord.commands"}


async def test_a_missing_permission_means_buttons_and_is_told_once(stage: Stage) -> None:
    stage.server.deny(stage.channel, Permission.ADD_REACTIONS)
    owner = stage.server.direct(stage.guild.owner)
    async with stage.open():
        for _ in range(2):
            message = await stage.told()
            assert shown(message) == ["0", "0"]
        await stage.server.until(lambda: stage.server.messages(owner))
    (notice,) = stage.server.messages(owner)
    assert "Add Reactions" in notice.content
    assert f"<#{stage.channel.id}>" in notice.content
    assert not message.reactions


async def test_a_joke_is_told_though_its_first_answer_was_cut_off(stage: Stage) -> None:
    async with stage.open():
        stage.server.faults.drop_answer("PATCH /webhooks/")
        stage.server.faults.drop_answer("POST /interactions/")
        message = await stage.told()
    assert message.content == SHOWN
    assert len(stage.server.messages(stage.channel)) == 1
    assert len(stage.generator.requests) == 1


async def test_an_acknowledgement_that_hangs_is_made_sure_of(stage: Stage) -> None:
    async with stage.open():
        stage.server.faults.hang("POST /interactions/", seconds=2.5)
        message = await stage.told()
    assert len(stage.server.messages(stage.channel)) == 1
    assert message.content == SHOWN


async def test_a_rate_limit_delays_an_answer_and_loses_none(stage: Stage) -> None:
    async with stage.open():
        stage.server.faults.rate_limit("PATCH /webhooks/", retry_after=1)
        message = await stage.told()
    assert message.content == SHOWN
    assert stage.server.faults.impatient == 0
    assert len(stage.server.messages(stage.channel)) == 1


async def test_a_store_that_is_away_is_a_sentence(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.open():
        await stage.store.close()
        for command in ("joke", "stats"):
            said = await stage.says(await stage.use(command))
            assert said == "I can't reach my memory right now; please try again soon."
    assert "Traceback" not in caplog.text


async def test_whatever_goes_wrong_the_member_reads_a_sentence(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.open():

        async def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("a mistake")

        stage.store.open_request = broken  # type: ignore[method-assign]
        asked = await stage.use("joke")
        assert await stage.says(asked) == "Sorry, something went wrong; it is noted."
        assert asked.deleted
    assert "a mistake" in caplog.text
