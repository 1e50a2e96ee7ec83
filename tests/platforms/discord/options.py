"""What a member types after a slash, as Discord's client would let it through."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.platforms.discord.command_rules import GROUP, SUBCOMMAND
from tests.platforms.discord.people import Member
from tests.platforms.discord.places import Channel
from tests.platforms.discord.rules import Payload

__all__ = ["ImpossibleError", "command_data"]

_STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL = range(3, 8)
_NUMBER = 10


class ImpossibleError(AssertionError):
    """Something that Discord's client would not let a member do."""


def command_data(
    command: Payload,
    path: Sequence[str],
    options: Mapping[str, Any],
    *,
    focused: str | None = None,
) -> Payload:
    """The data of an interaction with `command`; `path` names the subcommands below it.

    `focused` is the option being typed, for completion. Raises `ImpossibleError`.
    """
    data: Payload = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    level, inner = command, data
    for name in path:
        level = _named(level, name)
        nested: Payload = {"name": name, "type": level["type"]}
        inner["options"] = [nested]
        inner = nested
    declared = level.get("options") or []
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in declared):
        raise ImpossibleError(f"/{command['name']} needs a subcommand.")
    missing = {option["name"] for option in declared if option.get("required")} - set(options)
    if missing and focused is None:
        raise ImpossibleError(f"/{command['name']} needs {sorted(missing)}.")
    resolved: Payload = {}
    inner["options"] = [
        _filled(_named(level, name), value, resolved, focused=name == focused)
        for name, value in options.items()
    ]
    return {**data, "resolved": resolved} if resolved else data


def _named(level: Payload, name: str) -> Payload:
    for option in level.get("options") or []:
        if option["name"] == name:
            return dict(option)
    raise ImpossibleError(f"/{level['name']} has no option {name!r}.")


def _filled(option: Payload, value: Any, resolved: Payload, *, focused: bool) -> Payload:
    filled: Payload = {"name": option["name"], "type": option["type"], "value": value}
    if focused:
        if not option.get("autocomplete"):
            raise ImpossibleError(f"{option['name']} is not completed.")
        return {**filled, "value": str(value), "focused": True}
    if isinstance(value, Member):
        _check_type(option, _USER)
        resolved.setdefault("users", {})[str(value.id)] = value.user()
        member = value.payload()
        del member["user"]
        member["permissions"] = str(value.allowed())
        resolved.setdefault("members", {})[str(value.id)] = member
        return {**filled, "value": str(value.id)}
    if isinstance(value, Channel):
        _check_type(option, _CHANNEL)
        resolved.setdefault("channels", {})[str(value.id)] = {**value.payload(), "permissions": "0"}
        return {**filled, "value": str(value.id)}
    _check_value(option, value)
    return filled


def _check_type(option: Payload, kind: int) -> None:
    if option["type"] != kind:
        raise ImpossibleError(f"{option['name']} has type {option['type']}, not {kind}.")


def _check_value(option: Payload, value: Any) -> None:
    name = option["name"]
    kinds: dict[type, tuple[int, ...]] = {
        bool: (_BOOLEAN,),
        str: (_STRING,),
        int: (_INTEGER, _NUMBER),
        float: (_NUMBER,),
    }
    if option["type"] not in kinds.get(type(value), ()):
        raise ImpossibleError(f"{name} does not take {value!r}.")
    choices = [choice["value"] for choice in option.get("choices") or ()]
    if choices and value not in choices:
        raise ImpossibleError(f"{name} is one of {choices}, not {value!r}.")
    size = len(value) if isinstance(value, str) else value
    kind = "length" if isinstance(value, str) else "value"
    least, most = option.get(f"min_{kind}"), option.get(f"max_{kind}")
    if (least is not None and size < least) or (most is not None and size > most):
        raise ImpossibleError(f"{name} takes {least} to {most}, not {size}.")
