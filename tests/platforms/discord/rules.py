"""The checks that Discord makes on every part of a form."""

import re
from collections.abc import Collection
from typing import Any

from tests.platforms.discord.refusals import InvalidFormError

__all__ = ["Payload", "among", "forms", "inner", "items", "text", "unique", "whole"]

Payload = dict[str, Any]

_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


def text(form: Payload, key: str, path: str, *, most: int, least: int = 1) -> str | None:
    """A text of `least` to `most` characters, or None where it is missing and may be."""
    value = form.get(key)
    where = f"{path}.{key}"
    if value is None:
        if least:
            raise InvalidFormError(where, "BASE_TYPE_REQUIRED", "This field is required")
        return None
    if not isinstance(value, str):
        raise InvalidFormError(
            where, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string."
        )
    if not least <= len(value) <= most:
        message = f"Must be between {least} and {most} in length."
        raise InvalidFormError(where, "BASE_TYPE_BAD_LENGTH", message)
    return value


def items(form: Payload, key: str, path: str, *, most: int, least: int = 0) -> list[Any]:
    """A list of `least` to `most` items; a missing one is empty."""
    value = form.get(key)
    value = [] if value is None else value
    where = f"{path}.{key}"
    if not isinstance(value, list):
        raise InvalidFormError(
            where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
        )
    if not least <= len(value) <= most:
        message = f"Must be between {least} and {most} in length."
        raise InvalidFormError(where, "BASE_TYPE_BAD_LENGTH", message)
    return value


def forms(form: Payload, key: str, path: str, *, most: int, least: int = 0) -> list[Payload]:
    """A list whose items are forms themselves."""
    found = items(form, key, path, most=most, least=least)
    for index, item in enumerate(found):
        if not isinstance(item, dict):
            message = "Only dictionaries may be used in a DictType"
            raise InvalidFormError(f"{path}.{key}.{index}", "DICT_TYPE_CONVERT", message)
    return found


def inner(form: Payload, key: str, path: str) -> Payload:
    """A form within a form; a missing one is empty."""
    value = form.get(key)
    if value is not None and not isinstance(value, dict):
        message = "Only dictionaries may be used in a DictType"
        raise InvalidFormError(f"{path}.{key}", "DICT_TYPE_CONVERT", message)
    return value or {}


def whole(form: Payload, key: str, path: str, *, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`, or None where it is missing."""
    value = form.get(key)
    if value is None:
        return None
    where = f"{path}.{key}"
    if isinstance(value, str) and _SNOWFLAKE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidFormError(where, "NUMBER_TYPE_COERCE", f"Value {value!r} is not int.")
    if not least <= value <= most:
        message = f"int value should be between {least} and {most}."
        raise InvalidFormError(where, "NUMBER_TYPE_MAX", message)
    return value


def among(value: object, choices: Collection[object], path: str) -> None:
    """Refuse what is not one of the values there are."""
    if value not in choices:
        message = f"Value must be one of {sorted(map(str, choices))}."
        raise InvalidFormError(path, "BASE_TYPE_CHOICES", message)


def unique(values: Collection[object], path: str, code: str, message: str) -> None:
    """Refuse a value that is there twice."""
    if len(set(values)) != len(values):
        raise InvalidFormError(path, code, message)
