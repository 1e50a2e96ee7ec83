"""Who would be pinged by a message."""

import re
from collections.abc import Mapping
from typing import Any

from tests.platforms.discord.refusals import InvalidFormError
from tests.platforms.discord.rules import among, items, unique

__all__ = ["check_allowed_mentions", "pinged"]

_KINDS = ("everyone", "users", "roles")
_EVERYBODY = re.compile(r"@(?:everyone|here)")
_USER = re.compile(r"<@!?([0-9]+)>")
_ROLE = re.compile(r"<@&([0-9]+)>")
_MOST = 100


def check_allowed_mentions(allowed: Any) -> None:
    """Refuse a form of allowed mentions that contradicts itself."""
    path = "allowed_mentions"
    if allowed is None:
        return
    if not isinstance(allowed, dict):
        raise InvalidFormError(
            path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
        )
    parse = items(allowed, "parse", path, most=len(_KINDS))
    for kind in parse:
        among(kind, _KINDS, f"{path}.parse")
    for kind in _KINDS[1:]:
        named = items(allowed, kind, path, most=_MOST)
        unique(named, f"{path}.{kind}", "SET_TYPE_ALREADY_CONTAINS_VALUE", "Must be unique.")
        if named and kind in parse:
            message = f"parse:[{kind!r}] and {kind}: [ids...] are mutually exclusive."
            raise InvalidFormError(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def pinged(
    content: str, allowed: Mapping[str, Any] | None, *, answered: int | None = None
) -> frozenset[str]:
    """The mentions in `content` that `allowed` lets ping; `answered` wrote what is replied to.

    Stricter than Discord, which also asks for a permission before @everyone pings: a message that
    pings nobody here pings nobody there. Source:
    https://discord.com/developers/docs/resources/message#allowed-mentions-object
    """
    everything = allowed is None
    policy = allowed or {}
    parse = _KINDS if everything else policy.get("parse") or ()
    found: set[str] = set()
    if "everyone" in parse:
        found.update(_EVERYBODY.findall(content))
    for kind, pattern, form in (("users", _USER, "<@{}>"), ("roles", _ROLE, "<@&{}>")):
        named = {str(each) for each in policy.get(kind) or ()}
        found.update(
            form.format(each) for each in pattern.findall(content) if kind in parse or each in named
        )
    if answered is not None and (everything or policy.get("replied_user")):
        found.add(f"<@{answered}>")
    return frozenset(found)
