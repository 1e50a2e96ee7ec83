"""Members of chats as the Bot API describes them."""

from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.users import User
from tests.platforms.telegram.world import Chat

__all__ = ["bot_member_json", "chat_permissions_json", "member_json"]

_ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
_SENDING_RIGHTS = {
    "can_send_messages": "text",
    "can_send_photos": "photo",
    "can_send_documents": "document",
    "can_react_to_messages": "reaction",
}
_OTHER_RIGHTS = (
    "can_send_audios",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_edit_tag",
)


def chat_permissions_json(forbidden: frozenset[str] = frozenset()) -> Json:
    """The `ChatPermissions` object."""
    sending = {name: kind not in forbidden for name, kind in _SENDING_RIGHTS.items()}
    return dict.fromkeys(_OTHER_RIGHTS, True) | sending


def bot_member_json(chat: Chat, bot: User, status: str) -> Json:
    """The `ChatMember` object of the bot with a status."""
    return _status_json(bot, status, chat.forbidden)


def member_json(chat: Chat, user: User) -> Json:
    """The `ChatMember` object of a person; the first administrator owns the group."""
    if chat.private and chat.user == user:
        status = "member"
    elif user.id not in chat.members:
        status = "left"
    elif user.id not in chat.admins:
        status = "member"
    else:
        owner = next(iter(chat.admins)) == user.id
        status = "creator" if owner else "administrator"
    return _status_json(user, status, frozenset())


def _status_json(user: User, status: str, forbidden: frozenset[str]) -> Json:
    told: Json = {"user": user.as_json(), "status": status}
    if status == "creator":
        told["is_anonymous"] = False
    elif status == "administrator":
        told |= dict.fromkeys(_ADMIN_RIGHTS, True) | {"can_be_edited": False, "is_anonymous": False}
    elif status == "restricted":
        told |= chat_permissions_json(forbidden) | {"is_member": True, "until_date": 0}
    elif status == "kicked":
        told["until_date"] = 0
    return told
