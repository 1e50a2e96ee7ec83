"""/settings, /forget, /top, /stats, /help, and the commands of the bot's admins."""

import gettext

import pytest

from bot.communities import Audience
from bot.jokes import Community
from bot.languages import Languages, Words
from bot.store.port import Tally
from finetune.moderation import Tier
from tests.bot.fronts.telegram.stage import BULL, OCEAN, labels_of, staged
from tests.platforms.telegram import Message, TelegramServer, User

REFUSED = "Only the admins of this bot may do that."


async def pressed(server: TelegramServer, user: User, message: Message, label: str) -> str:
    press = await server.press(user, message, label)
    return (await press.wait()).text


async def test_settings_are_changed_by_the_admins_of_a_group(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[bob], admins=[ada])
    community = Community(front="telegram", key=str(group.id))
    async with staged(server) as stage:
        refused = await stage.answered(bob, group, "/settings")
        assert refused.text == "Only the admins may change that."
        menu = await stage.answered(ada, group, "/settings")
        assert labels_of(menu) == [
            "Jokes: for the whole family",
            "Jokes for one member in a day: no limit",
            "Who may ask: everyone",
            "Votes: buttons and reactions",
            "Language: each member's own",
        ]
        for label in labels_of(menu)[:3]:
            text = await pressed(server, bob, menu, label)
            assert text == "Only the admins may change that."
            assert await pressed(server, ada, menu, label) == ""
            await server.until(lambda label=label: label not in labels_of(menu))
        chosen = await stage.core.communities.settings(community)
    assert (chosen.tier, chosen.daily_jokes, chosen.audience) == (
        Tier.STANDARD,
        5,
        Audience.ADMINS,
    )
    assert len(server.messages(group)) == 2


async def test_a_member_alone_does_not_set_their_own_quota(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server) as stage:
        menu = await stage.answered(ada, chat, "/settings")
        assert len(labels_of(menu)) == 3
        made_up = await server.press(ada, menu, "set:daily:0", stale=True)
        assert (await made_up.wait()).text == "I don't know that button any more, sorry."
        bold = await server.press(ada, menu, "set:tier:boundless", stale=True)
        assert (await bold.wait()).text == "I don't know that button any more, sorry."
        await pressed(server, ada, menu, "Language: each member's own")
        await server.until(lambda: "Language: English" in labels_of(menu))
        assert stage.store.records.saved
        # Whose private chat it is, is not written down.
        assert all(str(ada.id) not in community.key for community in stage.store.records.saved)


async def test_forgetting_is_confirmed_by_the_member(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[ada, bob])
    async with staged(server, BULL) as stage:
        joke = await stage.joke(ada, group)
        await pressed(server, ada, joke, "👍 0")
        question = await stage.answered(ada, group, "/forget")
        text = await pressed(server, bob, question, "Yes, erase them")
        assert text == "That button is for whoever asked."
        await pressed(server, ada, question, "Yes, erase them")
        await server.until(lambda: question.text == "Forgotten: 1 vote erased.")
        again = await stage.answered(ada, group, "/forget")
        await pressed(server, ada, again, "No, keep them")
        await server.until(lambda: again.text == "Then I forget nothing.")
    assert question.buttons == []
    assert stage.store.rows[1].tally() == Tally(up=0, down=0, flags=0)


async def test_the_best_jokes_and_the_counts(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL, OCEAN) as stage:
        nothing = await stage.answered(ada, chat, "/top")
        assert nothing.text == "Nobody has voted a joke up here yet."
        joke = await stage.joke(ada, chat)
        await pressed(server, ada, joke, "👍 0")
        top = await stage.answered(ada, chat, "/top week")
        assert top.text == f"The best jokes of the last week\n\n1. 👍 1 👎 0\n{BULL}"
        wrong = await stage.answered(ada, chat, "/top century")
        assert wrong.text == "After /top I expect day, week or all, as in /top week."
        stats = await stage.answered(ada, chat, "/stats")
        assert stats.text == (
            "Told here: 1 joke, 1 up and 0 down, 0 reported.\nYou: 1 joke, 1 up and 0 down."
        )


class Shouting(gettext.NullTranslations):
    """A language that is easily told from English."""

    def gettext(self, message: str) -> str:
        return message.upper()


async def test_a_group_speaks_its_own_language_or_that_of_the_member(
    server: TelegramServer,
) -> None:
    ada, bob = server.user(language_code="xx-AT"), server.user(language_code="en")
    group = server.group(members=[ada, bob])
    loud = Languages(words={"xx": Words(code="xx", translations=Shouting())})
    async with staged(server, languages=loud) as stage:
        nobody = "Nobody has voted a joke up here yet."
        assert (await stage.answered(bob, group, "/top")).text == nobody
        assert (await stage.answered(ada, group, "/top")).text == nobody.upper()
        community = Community(front="telegram", key=str(group.id))
        await stage.core.communities.change(community, language="xx")
        assert (await stage.answered(bob, group, "/top")).text == nobody.upper()
        await server.until(lambda: "telegram.commands" in stage.store.records.notes)
    assert server.commands["default", "xx"]["help"] == "WHAT I CAN DO"


async def test_whoever_says_something_else_is_helped_in_private(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server) as stage:
        assert "/joke – " in (await stage.answered(ada, chat, "/start inline")).text
        assert "/settings – " in (await stage.answered(ada, chat, "/help")).text
        unknown = await stage.answered(ada, chat, "/dance")
        assert unknown.text == "I don't know that command; /help shows all."
        hint = await stage.answered(ada, chat, "hello")
        assert hint.text.startswith("Type /joke")


@pytest.mark.parametrize("command", ["/retrain", "/models", "/rollback", "/pause"])
async def test_the_bots_own_commands_are_for_its_admins(
    server: TelegramServer, command: str
) -> None:
    ada, owner = server.user(), server.user()
    async with staged(server, admins=(str(owner.id),)) as stage:
        refused = await stage.answered(ada, server.private(ada), command)
        assert refused.text == REFUSED
        done = await stage.answered(owner, server.private(owner), command)
        assert done.text != REFUSED


async def test_what_admins_are_told(server: TelegramServer) -> None:
    owner = server.user()
    chat = server.private(owner)
    async with staged(server, admins=(str(owner.id),)) as stage:
        told = [
            (await stage.answered(owner, chat, command)).text
            for command in (
                *("/retrain cancel", "/models", "/rollback", "/rollback v@1"),
                *("/pause", "/joke", "/pause"),
            )
        ]
    assert told == [
        "I am not learning anything just now.",
        "My versions:\n"
        "version   role    from  learned  liked  told\n"
        "scripted  serves  –           0      –     0",
        "punchline-6 serves again.",
        "v@\u20601 serves again.",
        "Jokes are paused; /pause again lets me go on.",
        "I'm taking a break; please try again later.",
        "I tell jokes again.",
    ]


async def test_commands_are_registered_when_they_changed(server: TelegramServer) -> None:
    owner = server.user()
    server.private(owner)
    scopes = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    async with staged(server, admins=(str(owner.id),)) as stage:
        await server.until(lambda: "telegram.commands" in stage.store.records.notes)
    assert {scope for scope, _ in server.commands} == scopes | {f"chat:{owner.id}"}
    assert {language for _, language in server.commands} >= {""}
    assert "settings" not in server.commands["all_group_chats", ""]
    assert "settings" in server.commands["all_chat_administrators", ""]
    assert "retrain" in server.commands[f"chat:{owner.id}", ""]
    registered = server.requests.count("setMyCommands")
    async with staged(server, admins=(str(owner.id),), store=stage.store.successor()) as stage:
        await stage.answered(owner, server.private(owner), "/help")
    assert server.requests.count("setMyCommands") == registered
    async with staged(server, store=stage.store.successor()):
        await server.until(lambda: server.requests.count("setMyCommands") > registered)


async def test_an_admin_without_a_chat_costs_nothing(server: TelegramServer) -> None:
    stranger = server.user()
    async with staged(server, admins=(str(stranger.id),)) as stage:
        await server.until(lambda: "telegram.commands" in stage.store.records.notes)
    assert server.requests.count("setMyCommands", 403) >= 1
