"""Votes and flags on Discord: buttons, reactions, and both of one member."""

import asyncio

import pytest

from bot.communities import VoteStyle
from bot.fronts.actions import Actions, Verb
from tests.bot.fronts.discord.stage import JOKE, SHOWN, Stage, sentences, shown
from tests.platforms.discord.message import Message
from tests.platforms.discord.permissions import Permission
from tests.twins.service import drawn


def votes(stage: Stage, joke_id: int = 1) -> list[int]:
    return sorted(stage.store.rows[joke_id].votes.values())


async def test_a_button_votes_changes_and_withdraws(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        for button, said, tally in (
            ("👍", "Glad you like it!", ["1", "0"]),
            ("👎", "Noted, I'll try to be funnier.", ["0", "1"]),
            ("👎", "Your vote is withdrawn.", ["0", "0"]),
        ):
            pressed = await stage.server.press(message, button, stage.bob)
            assert await stage.says(pressed) == said
            await stage.tally(message, tally)
    assert message.content == SHOWN


async def test_a_press_delivered_twice_counts_once(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        pressed = await stage.server.press(message, "👍", stage.bob)
        await stage.says(pressed)
        stage.server.deliver_again(pressed)
        other = await stage.server.press(message, "👍", stage.ann)
        await stage.says(other)
        await stage.tally(message, ["2", "0"])
    assert len(sentences(pressed)) == 1


async def test_reactions_are_added_changed_and_taken_away(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.server.react(message, "👍", stage.bob)
        await stage.tally(message, ["1", "0"])
        await stage.server.react(message, "👎", stage.bob)
        await stage.server.unreact(message, "👍", stage.bob)
        await stage.tally(message, ["0", "1"])
        await stage.server.unreact(message, "👎", stage.bob)
        await stage.tally(message, ["0", "0"])
        await stage.server.react(message, "👍🏽", stage.bob)
        await stage.tally(message, ["1", "0"])


async def test_a_button_and_a_reaction_are_one_vote_the_latest(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.server.react(message, "👍", stage.bob)
        await stage.tally(message, ["1", "0"])
        await stage.says(await stage.server.press(message, "👎", stage.bob))
        await stage.tally(message, ["0", "1"])
        await stage.server.unreact(message, "👍", stage.bob)
        await stage.server.react(message, "👍", stage.ann)
        await stage.tally(message, ["1", "1"])


async def test_the_reactions_of_bots_and_other_emoji_do_not_count(stage: Stage) -> None:
    other_bot = stage.server.member(bot=True)
    async with stage.open():
        message = await stage.told()
        await stage.server.react(message, "👍", other_bot)
        await stage.server.react(message, "🎉", stage.bob)
        await stage.server.react(message, "👎", stage.ann)
        await stage.tally(message, ["0", "1"])
    assert votes(stage) == [-1]


async def test_many_changes_of_mind_at_once_end_with_the_last(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        for _ in range(5):
            await stage.server.react(message, "👍", stage.bob)
            await stage.server.unreact(message, "👍", stage.bob)
        await stage.server.react(message, "👎", stage.bob)
        await stage.tally(message, ["0", "1"])
        edits = len(message.edits)
    assert edits < 8


async def test_an_old_joke_takes_votes_after_a_restart(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
    async with stage.open():
        await stage.server.react(message, "👍", stage.bob)
        await stage.tally(message, ["1", "0"])
        pressed = await stage.server.press(message, "👎", stage.ann)
        assert await stage.says(pressed) == "Noted, I'll try to be funnier."
        await stage.tally(message, ["1", "1"])


async def test_in_the_style_of_reactions_the_votes_are_a_small_line(stage: Stage) -> None:
    async with stage.open():
        await stage.core.communities.change(stage.here, vote_style=VoteStyle.REACTIONS)
        message = await stage.told()
        assert (message.content, message.components) == (SHOWN, [])
        await stage.server.react(message, "👍", stage.bob)
        await stage.server.until(lambda: message.content == f"{SHOWN}\n-# 👍 1 · 👎 0")
        await stage.server.unreact(message, "👍", stage.bob)
        await stage.server.until(lambda: message.content == SHOWN)


async def test_in_the_style_of_buttons_the_bot_does_not_react(stage: Stage) -> None:
    async with stage.open():
        await stage.core.communities.change(stage.here, vote_style=VoteStyle.BUTTONS)
        message = await (await stage.use("joke")).answer()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
        await stage.tally(message, ["1", "0"])
    assert message.reactions == {}


async def flag(stage: Stage, message: Message, *members: object) -> None:
    for member in members:
        pressed = await stage.server.press(message, "🚩", member)  # type: ignore[arg-type]
        said = await stage.says(pressed)
        assert said == "Thank you, I have noted that this joke is offensive."


async def test_enough_flags_hide_a_joke_everywhere_and_are_reported(stage: Stage) -> None:
    desk, ours = stage.server.channel(stage.guild), stage.server.channel(stage.guild)
    async with stage.open(admin_channel=str(desk.id)):
        await stage.core.communities.change(stage.here, admin_channel=str(ours.id))
        message = await stage.told()
        await flag(stage, message, stage.ann)
        assert message.content == SHOWN
        await flag(stage, message, stage.bob)
        await stage.server.until(lambda: message.content != SHOWN)
        await stage.server.until(lambda: stage.server.messages(ours) + stage.server.messages(desk))
        await stage.server.react(message, "👍", stage.boss)
        await asyncio.sleep(0.3)
    assert message.content == "This joke is hidden because members found it offensive."
    assert message.components == []
    for channel in (desk, ours):
        (report,) = stage.server.messages(channel)
        assert report.content.startswith("Joke 1 is hidden")
        assert "\\*duck\\*" in report.content


async def test_one_flag_of_a_moderator_hides_a_joke(stage: Stage) -> None:
    moderator = stage.server.member(permissions=int(Permission.MANAGE_MESSAGES))
    async with stage.open():
        message = await stage.told()
        await flag(stage, message, moderator)
        await stage.server.until(lambda: message.content != SHOWN)


async def test_a_flag_may_be_a_reaction(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.server.react(message, "🚩", stage.ann)
        await stage.server.react(message, "🚩", stage.bob)
        await stage.server.until(lambda: message.content != SHOWN)


async def test_votes_on_what_is_unknown_are_answered_kindly(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        stage.store.rows[1].state = "pending"
        pressed = await stage.server.press(message, "👍", stage.bob)
        assert await stage.says(pressed) == "I don't remember this joke any more, sorry."


@pytest.mark.parametrize("data", ["joke:up:1:0000000000", "joke:show:1:{seal}", "something old"])
async def test_a_button_that_is_not_ours_is_answered_kindly(stage: Stage, data: str) -> None:
    async with stage.open():
        message = await stage.told()
        seal = Actions(records=stage.store.records).data(Verb.UP, 1).rpartition(":")[2]
        message.components[0]["components"][0]["custom_id"] = data.format(seal=seal)
        pressed = await stage.server.press(message, "👍", stage.bob)
        assert await stage.says(pressed) == "I don't know that button any more, sorry."
    assert votes(stage) == []


async def test_a_deleted_message_is_forgotten_and_its_votes_are_not(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.server.react(message, "👍", stage.bob)
        stage.server.delete_message(message)
        await stage.server.until(lambda: not stage.store.records.shown)
    assert votes(stage) == [1]
    assert "ERROR" not in caplog.text


async def test_after_the_bot_was_kicked_its_other_guilds_go_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = stage.server.channel(stage.server.guild())
    async with stage.open():
        message = await stage.told()
    async with stage.open(drawn("A new one.")):
        await stage.use_when_ready("stats")
        await stage.server.react(message, "👍", stage.bob)
        stage.server.kick_bot(stage.guild)
        other = await stage.told(channel=elsewhere)
        await stage.server.react(other, "👍", stage.bob)
        await stage.tally(other, ["1", "0"])
    assert votes(stage) == [1]
    assert "ERROR" not in caplog.text


async def test_a_deleted_channel_is_no_reason_to_stumble(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    gone = stage.server.channel(stage.guild)
    async with stage.open():
        message = await stage.told(channel=gone)
        await stage.server.react(message, "👍", stage.bob)
        stage.server.delete_channel(gone)
        await stage.server.until(lambda: not stage.store.records.shown)
        await stage.told()
    assert "ERROR" not in caplog.text


async def test_reactions_that_are_refused_after_all_become_buttons(stage: Stage) -> None:
    owner = stage.server.direct(stage.guild.owner)
    async with stage.open():
        await stage.core.communities.change(stage.here, vote_style=VoteStyle.REACTIONS)
        stage.server.faults.fail("PUT .*/reactions/", status=403, times=2)
        message = await (await stage.use("joke")).answer()
        await stage.tally(message, ["0", "0"])
        await stage.server.until(lambda: stage.server.messages(owner))


async def test_the_last_votes_are_shown_before_the_end(stage: Stage) -> None:
    async with stage.open(drawn(JOKE)):
        message = await stage.told()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
    assert shown(message) == ["1", "0"]
