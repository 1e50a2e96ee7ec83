"""What the local Telegram accepts as a text, a keyboard, an edit, a file."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from telegram.error import BadRequest
from telegram.helpers import escape_markdown

from tests.platforms.telegram import Chat, TelegramServer
from tests.platforms.telegram.entities import utf16_length
from tests.platforms.telegram.html_mode import parse_html
from tests.platforms.telegram.markdown_mode import parse_markdown
from tests.platforms.telegram.refusals import RefusedError
from tests.test_platforms.telegram_client import NO_LIMITS, bot_of

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(16)
SAME = "Message is not modified: specified new message content and reply markup are exactly"


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(limits=NO_LIMITS) as running:
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bot_of(server) as running:
        yield running


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    return server.private(server.user(username="ada_lovelace"))


def keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(one, callback_data=one) for one in data]])


# HTML and MarkdownV2


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("Ä<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b>x</i>",
            'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("<b", "Unclosed start tag at byte offset 0"),
        ('<a href="x', 'Unclosed start tag "a" at byte offset 0'),
        ('<span class="x">y</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
async def test_broken_html_is_refused(bot: Bot, chat: Chat, source: str, error: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(chat.id, source, parse_mode="HTML")
    assert refused.value.message == f"can't parse entities: {error}".capitalize()


async def test_html_becomes_text_and_entities(bot: Bot, chat: Chat) -> None:
    message = await bot.send_message(
        chat.id,
        '🐮 <b>Bold <i>both</i></b> &lt;b&gt; &amp;&#33; <a href="https://example.org/?a=b">link</a>'
        '<pre><code class="language-python">x</code></pre><tg-spoiler>s</tg-spoiler>',
        parse_mode="HTML",
    )
    assert message.text == "🐮 Bold both <b> &! linkxs"
    assert [(entity.type, entity.offset, entity.length) for entity in message.entities] == [
        ("bold", 3, 9),
        ("italic", 8, 4),
        ("text_link", 20, 4),
        ("pre", 24, 1),
        ("spoiler", 25, 1),
    ]
    assert (message.entities[2].url, message.entities[3].language) == (
        "https://example.org/?a=b",
        "python",
    )


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("Moo.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a - b", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("a|b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("*x", "Can't find end of Bold entity at byte offset 0"),
        ("Ä_x", "Can't find end of Italic entity at byte offset 2"),
        ("[x](y", "Can't find end of a URL at byte offset 4"),
    ],
)
async def test_broken_markdown_is_refused(bot: Bot, chat: Chat, source: str, error: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(chat.id, source, parse_mode="MarkdownV2")
    assert refused.value.message == f"can't parse entities: {error}".capitalize()


async def test_markdown_becomes_text_and_entities(bot: Bot, chat: Chat) -> None:
    message = await bot.send_message(
        chat.id,
        "*bold _both_* __under__ ~gone~ ||hid|| `a.b` [link](https://example.org) \\.\n>quoted",
        parse_mode="MarkdownV2",
    )
    assert message.text == "bold both under gone hid a.b link .\nquoted"
    assert [entity.type for entity in message.entities] == [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "code",
        "text_link",
        "blockquote",
    ]


@given(st.text())
def test_escaped_markdown_comes_out_as_it_was(text: str) -> None:
    # The library does not escape backslashes before characters that need no escape.
    source = escape_markdown(text.replace("\\", ""), version=2)
    assert parse_markdown(source) == (text.replace("\\", ""), [])


@given(st.text(alphabet="<>/ab= \"'&;#1iäπ🐮\n"))
def test_any_html_is_parsed_or_refused_and_entities_lie_within(source: str) -> None:
    with contextlib.suppress(RefusedError):
        text, entities = parse_html(source)
        assert all(0 <= entity.offset < entity.end <= utf16_length(text) for entity in entities)


@given(st.text(alphabet="_*[]()~`>|!\\.a🐮\n"))
def test_any_markdown_is_parsed_or_refused_and_entities_lie_within(source: str) -> None:
    with contextlib.suppress(RefusedError):
        text, entities = parse_markdown(source)
        assert all(0 <= entity.offset < entity.end <= utf16_length(text) for entity in entities)


# Entities and lengths


@pytest.mark.parametrize("text", ["a" * 4096, "🐮" * 2048, "<b>" + "a" * 4096 + "</b>"])
async def test_a_text_of_4096_units_is_sent(bot: Bot, chat: Chat, text: str) -> None:
    await bot.send_message(chat.id, text, parse_mode="HTML")


@pytest.mark.parametrize("text", ["a" * 4097, "🐮" * 2048 + "a"])
async def test_a_text_of_more_than_4096_units_is_refused(
    server: TelegramServer, bot: Bot, chat: Chat, text: str
) -> None:
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(chat.id, text)
    await bot.send_message(chat.id, "Moo.")
    (sent,) = server.messages(chat)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text(text, chat.id, sent.id)


@pytest.mark.parametrize("text", ["", " \n", "<b> </b>"])
async def test_an_empty_text_is_refused(bot: Bot, chat: Chat, text: str) -> None:
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(chat.id, text, parse_mode="HTML")


@pytest.mark.parametrize(
    ("entity", "error"),
    [
        (MessageEntity("bold", 0, 4), "Entity_bounds_invalid"),
        (MessageEntity("bold", 1, 2), "Entity begins in a middle of a UTF-16 symbol".capitalize()),
        (MessageEntity("wobbly", 0, 2), "unsupported type"),
    ],
)
async def test_entities_that_do_not_fit_are_refused(
    bot: Bot, chat: Chat, entity: MessageEntity, error: str
) -> None:
    with pytest.raises(BadRequest, match=error):
        await bot.send_message(chat.id, "🐮!", entities=[entity])


async def test_whom_a_message_notifies_is_written_down(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    assert chat.user
    ping = f'@ada_lovelace <code>@nobody_else</code> <a href="tg://user?id={chat.user.id}">x</a>'
    await bot.send_message(chat.id, ping, parse_mode="HTML")
    await bot.send_message(chat.id, "@\u200bada_lovelace and ada@example.org")
    loud, quiet = server.messages(chat)
    assert loud.pinged == ["@ada_lovelace", f"tg://user?id={chat.user.id}"]
    assert quiet.pinged == []


# Keyboards


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        (keyboard("a" * 65), "Button_data_invalid"),
        (keyboard("ä" * 33), "Button_data_invalid"),
        (keyboard(*map(str, range(101))), "Reply markup is too long"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x")]]), "text buttons are unallowed"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x", url="?")]]), "Button_url_invalid"),
    ],
)
async def test_a_keyboard_that_does_not_fit_is_refused(
    bot: Bot, chat: Chat, markup: InlineKeyboardMarkup, error: str
) -> None:
    with pytest.raises(BadRequest, match=error):
        await bot.send_message(chat.id, "Moo.", reply_markup=markup)


async def test_buttons_can_be_looked_at(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    await bot.send_message(chat.id, "Moo.", reply_markup=keyboard("a" * 64, "👍"))
    (message,) = server.messages(chat)
    assert [[button.data for button in row] for row in message.buttons] == [["a" * 64, "👍"]]


# Edits and replies


async def test_an_edit_that_changes_nothing_is_refused(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    sent = await bot.send_message(chat.id, "Moo.", reply_markup=keyboard("a"))
    with pytest.raises(BadRequest, match=SAME):
        await sent.edit_text("<b></b>Moo.", parse_mode="HTML", reply_markup=keyboard("a"))
    with pytest.raises(BadRequest, match=SAME):
        await sent.edit_reply_markup(keyboard("a"))
    await sent.edit_text("Moo.")
    with pytest.raises(BadRequest, match=SAME):
        await sent.edit_reply_markup(None)
    await sent.edit_text("<b>Moo.</b>", parse_mode="HTML")
    (message,) = server.messages(chat)
    assert [edit.text for edit in message.edits] == ["Moo.", "Moo."]
    assert message.buttons == []


async def test_what_is_gone_or_not_its_own_cannot_be_edited(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    assert chat.user
    said = await server.say(chat.user, chat, "hello")
    await bot.send_message(chat.id, "Moo.")
    (message,) = server.messages(chat)
    server.delete_message(message)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", chat.id, said.id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", chat.id, message.id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(chat.id, message.id)
    with pytest.raises(BadRequest, match="Inline keyboard expected"):
        await bot.edit_message_text(
            "x",
            chat.id,
            message.id,
            reply_markup=ReplyKeyboardMarkup([["x"]]),  # type: ignore[arg-type]
        )


async def test_a_reply_to_nothing_is_refused_unless_it_may_stand_alone(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(chat.id, "Moo.", reply_parameters=ReplyParameters(77))
    alone = ReplyParameters(77, allow_sending_without_reply=True)
    await bot.send_message(chat.id, "Moo.", reply_parameters=alone)
    (message,) = server.messages(chat)
    assert message.reply_to is None


# Files


async def test_a_picture_and_a_document_are_sent_with_captions(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    photo = await bot.send_photo(chat.id, PICTURE, caption="<b>Cow</b>", parse_mode="HTML")
    await bot.send_document(chat.id, b"moo", filename="moo.txt", reply_markup=keyboard("a"))
    await bot.send_photo(chat.id, photo.photo[-1].file_id)
    first, second, third = server.messages(chat)
    assert first.media
    assert (first.text, first.media.content) == ("Cow", PICTURE)
    assert second.media
    assert (second.media.name, second.media.content) == ("moo.txt", b"moo")
    assert third.media
    await photo.edit_caption("Bull")
    assert first.text == "Bull"
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await photo.edit_text("x")


@pytest.mark.parametrize(
    ("content", "caption", "error"),
    [
        (b"no picture", "x", "Image_process_failed"),
        (PICTURE, "x" * 1025, "Message caption is too long"),
        (b"", "x", "File must be non-empty"),
    ],
)
async def test_a_picture_that_will_not_do_is_refused(
    bot: Bot, chat: Chat, content: bytes, caption: str, error: str
) -> None:
    with pytest.raises(BadRequest, match=error):
        await bot.send_photo(chat.id, content, caption=caption)


def test_the_letters_of_a_text_are_counted_as_utf16() -> None:
    words: Sequence[str] = ["", "a", "ä", "🐮", "❤️‍🔥"]
    assert [utf16_length(word) for word in words] == [0, 1, 1, 2, 5]
