"""Buttons and reactions under jokes."""

import pytest

from bot.communities import VoteStyle
from bot.jokes import Community
from bot.store.port import Tally
from tests.bot.fronts.telegram.stage import BULL, OCEAN, Stage, labels_of, staged
from tests.platforms.telegram import Chat, Message, TelegramServer, User

HIDDEN = "This joke is hidden because members found it offensive."


def tally(stage: Stage, joke_id: int = 1) -> Tally:
    return stage.store.rows[joke_id].tally()


async def pressed(server: TelegramServer, user: User, message: Message, verb: str) -> str:
    row = {"up": 0, "down": 1, "flag": -1}[verb]
    press = await server.press(user, message, message.buttons[0][row].label)
    return (await press.wait()).text


async def test_a_button_votes_changes_and_withdraws(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        assert await pressed(server, ada, message, "up") == "Glad you like it!"
        await stage.shows(message, "👍 1", "👎 0", "🚩")
        assert await pressed(server, ada, message, "down") == "Noted, I'll try to be funnier."
        await stage.shows(message, "👍 0", "👎 1", "🚩")
        assert await pressed(server, ada, message, "down") == "Your vote is withdrawn."
        await stage.shows(message, "👍 0", "👎 0", "🚩")
    assert message.text == BULL


async def test_in_a_group_the_voter_is_the_member(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[ada, bob])
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
        await pressed(server, ada, message, "up")
        await pressed(server, bob, message, "up")
        await stage.shows(message, "👍 2", "👎 0", "🚩")


async def test_reactions_vote_change_and_withdraw(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        await server.until(lambda: message.reactions.get(server.bot.id) == ("👍",))
        await server.react(ada, message, ["👍"])
        await stage.shows(message, "👍 1", "👎 0", "🚩")
        await server.react(ada, message, ["🤣", "👎"])
        await stage.shows(message, "👍 0", "👎 1", "🚩")
        await server.react(ada, message, ["🤣"])
        await stage.shows(message, "👍 0", "👎 0", "🚩")


async def test_a_button_and_a_reaction_are_one_vote_the_latest(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        await server.react(ada, message, ["👍"])
        await stage.shows(message, "👍 1", "👎 0", "🚩")
        await pressed(server, ada, message, "down")
        await stage.shows(message, "👍 0", "👎 1", "🚩")
        await server.react(ada, message, [])
        await stage.answered(ada, chat, "/stats")
    assert tally(stage) == Tally(up=0, down=1, flags=0)


async def test_where_the_bot_is_an_administrator_reactions_count(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[ada, bob], bot_is_admin=True)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
        await server.react(bob, message, ["👎"])
        await stage.shows(message, "👍 0", "👎 1", "🚩")
        await server.react(ada, message, ["👍"], anonymous_as=group)
        await stage.answered(ada, group, "/stats")
    assert message.reactions[server.bot.id] == ("👍",)
    assert tally(stage) == Tally(up=0, down=1, flags=0)


async def test_without_that_right_jokes_have_buttons_only(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
    assert message.reactions == {}
    assert labels_of(message) == ["👍 0", "👎 0", "🚩"]


async def test_reactions_of_other_bots_do_not_count(server: TelegramServer) -> None:
    ada = server.user()
    robot = User(id=77, first_name="Robot", is_bot=True)
    group = server.group(members=[ada, robot], bot_is_admin=True)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
        await server.react(robot, message, ["👍"])
        await stage.answered(ada, group, "/stats")
    assert tally(stage) == Tally(up=0, down=0, flags=0)


async def test_a_reaction_delivered_twice_counts_once(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        added = await server.react(ada, message, ["👍"])
        await stage.shows(message, "👍 1", "👎 0", "🚩")
        await server.react(ada, message, [])
        await stage.shows(message, "👍 0", "👎 0", "🚩")
    assert added is not None
    async with staged(server, store=stage.store.successor()) as stage:
        server.deliver_again(added)
        await stage.answered(ada, chat, "/stats")
    assert tally(stage) == Tally(up=0, down=0, flags=0)


async def test_jokes_from_before_a_restart_take_votes(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
    async with staged(server, store=stage.store.successor()) as stage:
        await pressed(server, ada, message, "down")
        await stage.shows(message, "👍 0", "👎 1", "🚩")
        await server.react(ada, message, ["👍"])
        await stage.shows(message, "👍 1", "👎 0", "🚩")


async def test_a_vote_on_an_unknown_joke_is_answered_kindly(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        forged = await server.press(ada, message, "joke:up:7:0123456789", stale=True)
        assert (await forged.wait()).text == "I don't know that button any more, sorry."
        foreign = await server.press(ada, message, "play:again", stale=True)
        assert (await foreign.wait()).text == "I don't know that button any more, sorry."
        del stage.store.rows[1]
        text = await pressed(server, ada, message, "up")
    assert text == "I don't remember this joke any more, sorry."


async def test_enough_flags_hide_a_joke_and_tell_the_admin_chat(server: TelegramServer) -> None:
    ada, bob, owner = server.user(), server.user(), server.user()
    group = server.group(members=[ada, bob])
    office = server.private(owner)
    async with staged(server, BULL, admin_chat=str(owner.id)) as stage:
        message = await stage.joke(ada, group)
        thanks = await pressed(server, ada, message, "flag")
        assert thanks == "Thank you, I have noted that this joke is offensive."
        assert message.text == BULL
        await pressed(server, bob, message, "flag")
        await server.until(lambda: message.text == HIDDEN)
        await server.until(lambda: office.sent)
    assert message.buttons == []
    assert office.sent[0].text.endswith(BULL)


async def test_one_flag_of_a_moderator_hides(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[ada], admins=[bob])
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
        await pressed(server, bob, message, "flag")
        await server.until(lambda: message.text == HIDDEN)


async def style(stage: Stage, chat: Chat, chosen: VoteStyle) -> None:
    community = Community(front="telegram", key=str(chat.id))
    await stage.core.communities.change(community, vote_style=chosen)


async def test_where_reactions_are_chosen_the_votes_are_a_line(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada], bot_is_admin=True)
    async with staged(server, BULL) as stage:
        await style(stage, group, VoteStyle.REACTIONS)
        message = await stage.joke(ada, group)
        assert labels_of(message) == ["🚩"]
        await server.react(ada, message, ["👍"])
        await server.until(lambda: message.text == f"{BULL}\n\n👍 1 · 👎 0")


async def test_where_buttons_are_chosen_the_bot_does_not_react(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada], bot_is_admin=True)
    async with staged(server, BULL) as stage:
        await style(stage, group, VoteStyle.BUTTONS)
        message = await stage.joke(ada, group)
    assert message.reactions == {}


@pytest.mark.parametrize("bot_is_admin", [True, False])
async def test_reactions_that_are_impossible_become_buttons_and_the_admins_hear_it_once(
    server: TelegramServer, bot_is_admin: bool
) -> None:
    ada = server.user()
    office = server.private(ada)
    group = server.group(admins=[ada], bot_is_admin=bot_is_admin, available_reactions=["🤣"])
    async with staged(server, BULL, OCEAN) as stage:
        await style(stage, group, VoteStyle.REACTIONS)
        message = await stage.joke(ada, group)
        await stage.shows(message, "👍 0", "👎 0", "🚩")
        await server.until(lambda: office.sent)
    async with staged(server, OCEAN, store=stage.store.successor()) as stage:
        message = await stage.joke(ada, group)
        await stage.shows(message, "👍 0", "👎 0", "🚩")
    (told,) = office.sent
    assert "“Group”" in told.text


async def test_a_message_that_was_deleted_is_forgotten(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, group)
        press = await server.press(ada, message, "👍 0")
        server.delete_message(message)
        await press.wait()
        await server.until(lambda: not stage.store.records.shown)
    assert tally(stage) == Tally(up=1, down=0, flags=0)


async def test_many_votes_are_shown_in_few_edits(server: TelegramServer) -> None:
    members = [server.user() for _ in range(30)]
    group = server.group(members=members)
    async with staged(server, BULL, tally_seconds=0.3) as stage:
        message = await stage.joke(members[0], group)
        for member in members:
            await server.press(member, message, message.buttons[0][0].data or "", stale=True)
        await stage.shows(message, "👍 30", "👎 0", "🚩")
    assert len(message.edits) <= 4
