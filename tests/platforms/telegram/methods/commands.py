"""The list of commands and the descriptions of the bot."""

import re
from collections.abc import Awaitable, Callable

from tests.platforms.telegram.access import reached_chat
from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.state import State

__all__ = ["delete_my_commands", "description_setter", "get_my_commands", "set_my_commands"]

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_LONGEST_DESCRIPTION = 256
_MOST_COMMANDS = 100
_GENERAL_SCOPES = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
}
_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}


async def set_my_commands(state: State, parameters: Parameters) -> bool:
    """Replace the commands of a scope and language."""
    key = _key(state, parameters)
    listed = parameters.listed("commands")
    if listed is None:
        raise bad_request("commands are not specified")
    if len(listed) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    commands: dict[str, str] = {}
    for raw in listed:
        if not isinstance(raw, dict):
            raise bad_request("can't parse BotCommand: expected an Object")
        name, description = raw.get("command"), raw.get("description")
        if not isinstance(name, str) or not _NAME.fullmatch(name.removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not isinstance(description, str) or not 1 <= len(description) <= _LONGEST_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        commands[name.removeprefix("/")] = description
    state.commands[key] = commands
    return True


async def get_my_commands(state: State, parameters: Parameters) -> list[Json]:
    """The commands of exactly this scope and language."""
    commands = state.commands.get(_key(state, parameters), {})
    return [{"command": name, "description": description} for name, description in commands.items()]


async def delete_my_commands(state: State, parameters: Parameters) -> bool:
    """Take the commands of a scope and language away."""
    state.commands.pop(_key(state, parameters), None)
    return True


def description_setter(
    method: str, field: str, longest: int
) -> Callable[[State, Parameters], Awaitable[bool]]:
    """setMyDescription and its like."""

    async def set_description(state: State, parameters: Parameters) -> bool:
        text = parameters.text(field)
        if len(text) > longest:
            raise bad_request(f"{field.upper()}_TOO_LONG")
        state.descriptions[method, _language(parameters)] = text
        return True

    return set_description


def _language(parameters: Parameters) -> str:
    language = parameters.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def _key(state: State, parameters: Parameters) -> tuple[str, str]:
    """The scope, with its chat and member if it has some, and the language."""
    said = parameters.record("scope") or {"type": "default"}
    scope = Parameters(said)
    kind = scope.text("type")
    if kind in _GENERAL_SCOPES:
        return kind, _language(parameters)
    if kind not in _CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat = reached_chat(state, scope.text("chat_id"))
    if kind != "chat" and chat.private:
        raise bad_request(f"can't use {kind} scope in a private chat")
    if kind != "chat_member":
        return f"{kind}:{chat.id}", _language(parameters)
    user = scope.integer("user_id")
    if user not in chat.members:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return f"{kind}:{chat.id}:{user}", _language(parameters)
