"""Reactions: which there are, and what a list of them looks like."""

from collections.abc import Iterable, Sequence

from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.world import Chat

__all__ = ["STANDARD_REACTIONS", "allowed_reactions", "bot_reactions", "reactions_json"]

_STANDARD = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 "
    "🤡 🥱 🥴 😍 🐳 ❤️‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ "
    "💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡"
)
STANDARD_REACTIONS = frozenset(_STANDARD.split())
"""The emoji of `ReactionTypeEmoji` (https://core.telegram.org/bots/api#reactiontypeemoji)."""


def allowed_reactions(chat: Chat) -> frozenset[str]:
    """What anybody may react with in a chat."""
    if chat.available_reactions is None:
        return STANDARD_REACTIONS
    return chat.available_reactions


def reactions_json(emojis: Iterable[str]) -> list[Json]:
    """`ReactionType` objects."""
    return [{"type": "emoji", "emoji": emoji} for emoji in emojis]


def bot_reactions(said: Sequence[object], chat: Chat) -> tuple[str, ...]:
    """Check what the bot wants to react with. Raises `RefusedError`."""
    emojis = []
    for raw in said:
        if not isinstance(raw, dict):
            raise bad_request("can't parse reaction type: expected an Object")
        # Custom emoji are only for chats that allow them, paid reactions for no bot at all.
        if raw.get("type") != "emoji" or raw.get("emoji") not in allowed_reactions(chat):
            raise bad_request("REACTION_INVALID")
        emojis.append(raw["emoji"])
    if len(emojis) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    return tuple(emojis)
