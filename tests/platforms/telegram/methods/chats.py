"""getChat, getChatMember, getChatAdministrators, leaveChat."""

from tests.platforms.telegram.access import reached_chat
from tests.platforms.telegram.members import bot_member_json, chat_permissions_json, member_json
from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.reactions import reactions_json
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.state import State

__all__ = ["get_chat", "get_chat_administrators", "get_chat_member", "leave_chat"]

_MOST_REACTIONS = 11
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


async def get_chat(state: State, parameters: Parameters) -> Json:
    """The `ChatFullInfo` object."""
    chat = reached_chat(state, parameters.text("chat_id"))
    told = chat.as_json() | {
        "accent_color_id": 0,
        "max_reaction_count": _MOST_REACTIONS,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    if not chat.private:
        told["permissions"] = chat_permissions_json()
    if chat.available_reactions is not None:
        told["available_reactions"] = reactions_json(sorted(chat.available_reactions))
    return told


async def get_chat_member(state: State, parameters: Parameters) -> Json:
    """One member."""
    chat = reached_chat(state, parameters.text("chat_id"))
    user = state.world.users.get(parameters.integer("user_id") or 0)
    if user is None:
        raise bad_request("user not found")
    if user == state.bot:
        return bot_member_json(chat, user, chat.bot)
    return member_json(chat, user)


async def get_chat_administrators(state: State, parameters: Parameters) -> list[Json]:
    """The administrators, other bots left out."""
    chat = reached_chat(state, parameters.text("chat_id"))
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    own = [bot_member_json(chat, state.bot, chat.bot)] if chat.bot_is_admin else []
    people = [user for user in chat.admins.values() if not user.is_bot]
    return [*(member_json(chat, user) for user in people), *own]


async def leave_chat(state: State, parameters: Parameters) -> bool:
    """Go."""
    chat = reached_chat(state, parameters.text("chat_id"))
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    chat.bot = "left"
    return True
