"""What people do in the local Telegram, and what the bot is told of it."""

from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import ClientSession
from telegram import (
    Bot,
    ChatMemberOwner,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    ReactionType,
    ReactionTypeCustomEmoji,
    ReactionTypeEmoji,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.platforms.telegram import TelegramServer
from tests.platforms.telegram.reactions import STANDARD_REACTIONS
from tests.test_platforms.telegram_client import NO_LIMITS, Heard, bot_of, polling

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("👍 0", callback_data="up")]])


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(limits=NO_LIMITS) as running:
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bot_of(server) as running:
        yield running


async def news(bot: Bot) -> tuple[Update, ...]:
    """What happened since, confirmed."""
    updates = await bot.get_updates(timeout=0, allowed_updates=Update.ALL_TYPES)
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
    return updates


async def heard_texts(bot: Bot) -> list[str | None]:
    return [update.message.text for update in await news(bot) if update.message]


def emojis(reactions: Sequence[ReactionType]) -> list[str]:
    return [one.emoji for one in reactions if isinstance(one, ReactionTypeEmoji)]


# Privacy mode


async def test_in_a_group_the_bot_hears_only_what_is_meant_for_it(
    server: TelegramServer, bot: Bot
) -> None:
    user = server.user()
    group = server.group(members=[user])
    await bot.send_message(group.id, "Moo.")
    (message,) = server.messages(group)
    await server.say(user, group, "nobody's business")
    await server.say(user, group, "/joke")
    await server.say(user, group, f"/joke@{server.username} about cows")
    await server.say(user, group, "/joke@another_bot")
    await server.say(user, group, "what about /joke")
    await server.say(user, group, "ha", reply_to=message)
    await server.say(user, server.private(user), "between us")
    assert await heard_texts(bot) == [
        "/joke",
        f"/joke@{server.username} about cows",
        "ha",
        "between us",
    ]


async def test_an_administrator_and_a_bot_without_privacy_mode_hear_everything() -> None:
    async with TelegramServer(privacy_mode=False) as server, bot_of(server) as bot:
        user = server.user()
        await server.say(user, server.group(members=[user]), "anything")
        assert await heard_texts(bot) == ["anything"]
    async with TelegramServer() as server, bot_of(server) as bot:
        user = server.user()
        await server.say(user, server.group(members=[user], bot_is_admin=True), "anything")
        assert await heard_texts(bot) == ["anything"]


async def test_an_edited_command_is_told_as_an_edit(server: TelegramServer, bot: Bot) -> None:
    user = server.user()
    said = await server.say(user, server.private(user), "/jke")
    await server.edit(said, "/joke")
    _, edited = await news(bot)
    assert edited.message is None
    assert edited.edited_message
    assert edited.edited_message.text == "/joke"


async def test_an_anonymous_administrator_speaks_for_the_group(
    server: TelegramServer, bot: Bot
) -> None:
    admin = server.user()
    group = server.group(admins=[admin], supergroup=True)
    await server.say(admin, group, "/settings", anonymous=True)
    (update,) = await news(bot)
    assert update.message
    assert update.message.from_user
    assert update.message.sender_chat
    assert (update.message.from_user.id, update.message.sender_chat.id) == (1087968824, group.id)
    assert isinstance(await bot.get_chat_member(group.id, admin.id), ChatMemberOwner)
    assert len(await bot.get_chat_administrators(group.id)) == 1


# Topics


async def test_messages_of_a_topic_stay_in_it(server: TelegramServer, bot: Bot) -> None:
    user = server.user()
    forum = server.group(members=[user], forum=True)
    topic = server.topic(forum, "Cows")
    await server.say(user, forum, "/joke", thread=topic)
    opened, said = await news(bot)
    assert opened.message
    assert opened.message.forum_topic_created
    assert said.message
    assert (said.message.message_thread_id, said.message.is_topic_message) == (topic, True)
    await said.message.reply_text("Moo.")
    await bot.send_message(forum.id, "Baa.")
    assert [message.thread for message in server.messages(forum)] == [topic, None]
    server.delete_topic(forum, topic)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "Moo.", message_thread_id=topic)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(server.group().id, "Moo.", message_thread_id=5)


# Buttons


async def test_a_press_is_answered_once(server: TelegramServer, bot: Bot) -> None:
    user = server.user()
    chat = server.private(user)
    await bot.send_message(chat.id, "Moo.", reply_markup=BUTTONS)
    (message,) = server.messages(chat)
    press = await server.press(user, message, "👍 0")
    (update,) = await news(bot)
    query = update.callback_query
    assert query
    assert query.message
    assert (query.data, query.message.message_id) == ("up", message.id)
    await query.answer("Counted.", show_alert=True)
    assert (press.text, press.alert, server.answered) == ("Counted.", True, [press])
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
        await query.answer()
    with pytest.raises(LookupError):
        await server.press(user, message, "down")


async def test_a_press_answered_too_late_is_refused() -> None:
    async with TelegramServer(callback_seconds=0) as server, bot_of(server) as bot:
        chat = server.private(user := server.user())
        await bot.send_message(chat.id, "Moo.", reply_markup=BUTTONS)
        press = await server.press(user, server.messages(chat)[0], "up")
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
            await bot.answer_callback_query(press.id)
        assert not press.answered


# Reactions


async def test_reactions_are_told_to_administrators_who_asked(server: TelegramServer) -> None:
    heard = Heard()
    user = server.user()
    group = server.group(members=[user], supergroup=True)
    async with polling(
        server, heard.handler(), allowed_updates=["message", "message_reaction"]
    ) as bot:
        await bot.send_message(group.id, "Moo.")
        (message,) = server.messages(group)
        assert await server.react(user, message, ["👍"]) is None
        server.promote_bot(group)
        await bot.set_message_reaction(group.id, message.id, "👎")
        assert await server.react(user, message, ["👍"]) is None
        await server.react(user, message, ["👍", "🔥"])
        await server.react(user, message, [])
        await server.react(user, message, ["👎"], anonymous_as=group)
        await server.until(lambda: len(heard) == 3)
    told = [update.message_reaction for update in heard]
    assert [
        reaction and (emojis(reaction.old_reaction), emojis(reaction.new_reaction))
        for reaction in told
    ] == [(["👍"], ["👍", "🔥"]), (["👍", "🔥"], []), ([], ["👎"])]
    assert [reaction and reaction.user and reaction.user.id for reaction in told] == [
        user.id,
        user.id,
        None,
    ]
    assert told[2]
    assert told[2].actor_chat
    assert told[2].actor_chat.id == group.id
    assert message.reactions == {bot.id: ("👎",), group.id: ("👎",)}


async def test_reactions_are_not_told_unless_asked_for(server: TelegramServer, bot: Bot) -> None:
    chat = server.private(user := server.user())
    await bot.send_message(chat.id, "Moo.")
    (message,) = server.messages(chat)
    assert await server.react(user, message, ["👍"]) is None
    await bot.get_updates(timeout=0, allowed_updates=["message_reaction"])
    assert await server.react(user, message, []) is not None


async def test_where_reactions_are_anonymous_only_their_counts_are_told(
    server: TelegramServer, bot: Bot
) -> None:
    user = server.user()
    group = server.group(members=[user], bot_is_admin=True, anonymous_reactions=True)
    await bot.send_message(group.id, "Moo.")
    await news(bot)
    await server.react(user, server.messages(group)[0], ["👍"])
    (update,) = await news(bot)
    assert update.message_reaction is None
    assert update.message_reaction_count
    assert [one.total_count for one in update.message_reaction_count.reactions] == [1]


async def test_the_bot_has_one_reaction_and_only_one_that_the_chat_allows(
    server: TelegramServer, bot: Bot
) -> None:
    group = server.group(available_reactions=["👍", "🔥"])
    sent = await bot.send_message(group.id, "Moo.")
    (message,) = server.messages(group)
    with pytest.raises(BadRequest, match="Reactions_too_many"):
        await sent.set_reaction(["👍", "🔥"])
    for wrong in ("👎", "🚩", ReactionTypeCustomEmoji("5")):
        with pytest.raises(BadRequest, match="Reaction_invalid"):
            await sent.set_reaction(wrong)
    await sent.set_reaction("👍")
    await sent.set_reaction("🔥")
    assert message.reactions == {bot.id: ("🔥",)}
    await sent.set_reaction()
    assert message.reactions == {}
    with pytest.raises(BadRequest, match="Message to react not found"):
        await bot.set_message_reaction(group.id, 999, "👍")
    allowed = (await bot.get_chat(group.id)).available_reactions
    assert allowed is not None
    assert len(allowed) == 2


def test_a_flag_is_no_reaction() -> None:
    assert "🚩" not in STANDARD_REACTIONS
    assert len(STANDARD_REACTIONS) == 73


# Inline mode


async def test_an_inline_result_is_chosen_pressed_and_edited(
    server: TelegramServer, bot: Bot
) -> None:
    user = server.user()
    asked = await server.inline(user, "cats")
    (update,) = await news(bot)
    assert update.inline_query
    assert update.inline_query.query == "cats"
    content = InputTextMessageContent("<b>Meow.</b>", parse_mode="HTML")
    await update.inline_query.answer(
        [
            InlineQueryResultArticle("1", "A joke", content, reply_markup=BUTTONS),
            InlineQueryResultArticle("2", "Without buttons", content),
        ]
    )
    assert [result["id"] for result in asked.results] == ["1", "2"]
    inline_id = await server.choose(user, asked, "1")
    press = await server.press_inline(user, inline_id, "up")
    await server.choose(user, asked, "2")
    chosen, pressed, unknown = await news(bot)
    assert chosen.chosen_inline_result
    assert chosen.chosen_inline_result.inline_message_id == inline_id
    assert unknown.chosen_inline_result
    assert unknown.chosen_inline_result.inline_message_id is None
    assert pressed.callback_query
    assert pressed.callback_query.message is None
    await pressed.callback_query.answer("Counted.")
    await pressed.callback_query.edit_message_text("Meow. 1")
    assert (press.text, server.inline_messages[inline_id].text) == ("Counted.", "Meow. 1")
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("Meow. 1", inline_message_id=inline_id)
    with pytest.raises(BadRequest, match="Message_id_invalid"):
        await bot.edit_message_text("x", inline_message_id="nonsense")


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        (["1", "1"], "RESULT_ID_DUPLICATE"),
        (["x" * 65], "RESULT_ID_INVALID"),
        ([str(number) for number in range(51)], "RESULTS_TOO_MUCH"),
    ],
)
async def test_inline_results_that_do_not_fit_are_refused(
    server: TelegramServer, ids: list[str], error: str
) -> None:
    asked = await server.inline(server.user(), "cats")
    result = {
        "type": "article",
        "title": "A joke",
        "input_message_content": {"message_text": "Meow."},
    }
    answer = {"inline_query_id": asked.id, "results": [{**result, "id": one} for one in ids]}
    # Sent as JSON by hand, because the library itself cuts what is too much.
    url = f"{server.base_url}{server.token}/answerInlineQuery"
    async with ClientSession() as session, session.post(url, json=answer) as response:
        assert await response.json() == {
            "ok": False,
            "error_code": 400,
            "description": f"Bad Request: {error}",
        }
    assert not asked.answered


# Groups that change


async def test_a_group_that_migrates_lives_on_under_another_id(
    server: TelegramServer, bot: Bot
) -> None:
    user = server.user()
    group = server.group("Cows", members=[user])
    supergroup = server.migrate(group)
    goodbye, hello = await news(bot)
    assert goodbye.message
    assert goodbye.message.migrate_to_chat_id == supergroup.id
    assert hello.message
    assert hello.message.migrate_from_chat_id == group.id
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(group.id, "Moo.")
    assert migrated.value.new_chat_id == supergroup.id
    await bot.send_message(supergroup.id, "Moo.")
    with pytest.raises(ValueError, match="supergroup now"):
        await server.say(user, group, "hello")


async def test_where_the_bot_is_not_wanted_it_is_told_so(server: TelegramServer, bot: Bot) -> None:
    user, stranger = server.user(), server.user()
    chat, group = server.private(user), server.group(supergroup=True)
    server.block_bot(user)
    server.kick_bot(group)
    statuses = [
        update.my_chat_member and update.my_chat_member.new_chat_member.status
        for update in await news(bot)
    ]
    assert statuses == ["kicked", "kicked"]
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(chat.id, "Moo.")
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "Moo.")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(stranger.id, "Moo.")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(-77, "Moo.")
    server.unblock_bot(user)
    await bot.send_message(chat.id, "Moo.")


async def test_a_restricted_bot_may_not_send_what_is_forbidden(
    server: TelegramServer, bot: Bot
) -> None:
    group = server.group(supergroup=True)
    server.restrict_bot(group, "photo", "reaction")
    with pytest.raises(BadRequest, match="Not enough rights to send photos to the chat"):
        await bot.send_photo(group.id, b"\x89PNG\r\n\x1a\n")
    sent = await bot.send_message(group.id, "Moo.")
    with pytest.raises(BadRequest, match="Not enough rights to send reactions to the chat"):
        await sent.set_reaction("👍")
    server.restrict_bot(group)
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "Moo.")
    first, second = await news(bot)
    assert first.my_chat_member
    assert first.my_chat_member.new_chat_member.status == "restricted"
    assert second.my_chat_member


async def test_typing_is_written_down(server: TelegramServer, bot: Bot) -> None:
    group = server.group()
    await bot.send_chat_action(group.id, "typing")
    assert [action.action for action in server.actions(group)] == ["typing"]
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(group.id, "giggling")
