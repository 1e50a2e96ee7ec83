"""What Discord demands of an application command."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from tests.platforms.discord.refusals import InvalidFormError
from tests.platforms.discord.rules import Payload, among, forms, inner, items, text, unique, whole

__all__ = ["CHAT_INPUT", "GROUP", "LOCALES", "SUBCOMMAND", "check_command"]

LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)
"""Source: https://discord.com/developers/docs/reference#locales"""
CHAT_INPUT = 1
_COMMAND_TYPES = (1, 2, 3)
SUBCOMMAND, GROUP, _STRING, _INTEGER, _BOOLEAN = range(1, 6)
_NUMBER = 10
_OPTION_TYPES = range(1, 12)
_CHOOSABLE = (_STRING, _INTEGER, _NUMBER)
_MOST = 25
_LONGEST_NAME = 32
_LONGEST_DESCRIPTION = 100
_LONGEST_TOGETHER = 8000
_DEEPEST = 2


def check_command(command: Payload, path: str) -> None:
    """Refuse a command that Discord would not register.

    Source: https://discord.com/developers/docs/interactions/application-commands
    """
    kind = command.get("type") or CHAT_INPUT
    among(kind, _COMMAND_TYPES, f"{path}.type")
    if kind == CHAT_INPUT:
        _check_named(command, path)
        _check_options(command, path, depth=0)
    else:
        text(command, "name", path, most=_LONGEST_NAME)
        text(command, "description", path, least=0, most=0)
        _localisations(command, "name", path, most=_LONGEST_NAME)
    _check_access(command, path)
    if sum(_lengths(command)) > _LONGEST_TOGETHER:
        message = f"Command exceeds maximum size ({_LONGEST_TOGETHER})"
        raise InvalidFormError(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def _check_access(command: Payload, path: str) -> None:
    permissions = command.get("default_member_permissions")
    if permissions is not None and not (
        isinstance(permissions, int) or (isinstance(permissions, str) and permissions.isdecimal())
    ):
        where = f"{path}.default_member_permissions"
        raise InvalidFormError(where, "NUMBER_TYPE_COERCE", "Value is not int.")
    for key, values in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        if command.get(key) is None:
            continue
        chosen = items(command, key, path, least=1, most=len(values))
        for value in chosen:
            among(value, values, f"{path}.{key}")
        message = "The set already contains this value"
        unique(chosen, f"{path}.{key}", "SET_TYPE_ALREADY_CONTAINS_VALUE", message)


def _check_named(thing: Payload, path: str) -> None:
    """The name and description of a command or an option, in every language."""
    text(thing, "name", path, most=_LONGEST_NAME)
    _check_name(thing["name"], f"{path}.name")
    text(thing, "description", path, most=_LONGEST_DESCRIPTION)
    for locale, name in _localisations(thing, "name", path, most=_LONGEST_NAME).items():
        _check_name(name, f"{path}.name_localizations.{locale}")
    _localisations(thing, "description", path, most=_LONGEST_DESCRIPTION)


def _check_name(name: str, path: str) -> None:
    if name != name.lower() or not all(map(_may_be_in_name, name)):
        raise InvalidFormError(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _may_be_in_name(sign: str) -> bool:
    script = unicodedata.name(sign, "").split(" ")[0]
    return (
        sign in "-_'" or unicodedata.category(sign)[0] in "LN" or script in ("DEVANAGARI", "THAI")
    )


def _localisations(thing: Payload, key: str, path: str, *, most: int) -> dict[str, str]:
    localised: dict[str, Any] = inner(thing, f"{key}_localizations", path)
    where = f"{path}.{key}_localizations"
    for locale in localised:
        among(locale, LOCALES, f"{where}.{locale}")
        text(localised, locale, where, most=most)
    return localised


def _check_options(thing: Payload, path: str, *, depth: int) -> None:
    options = forms(thing, "options", path, most=_MOST)
    for index, option in enumerate(options):
        where = f"{path}.options.{index}"
        among(option.get("type"), _OPTION_TYPES, f"{where}.type")
        _check_named(option, where)
        if option["type"] in (SUBCOMMAND, GROUP):
            _check_nesting(option, where, depth=depth)
            _check_options(option, where, depth=depth + 1)
        else:
            _check_value_option(option, where)
    message = "The option name is already used"
    names = [option["name"] for option in options]
    unique(names, f"{path}.options", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", message)
    _check_order(options, path)


def _check_nesting(option: Payload, path: str, *, depth: int) -> None:
    if depth >= _DEEPEST or (option["type"] == GROUP and depth):
        message = "This nesting of subcommands is not supported"
        raise InvalidFormError(path, "APPLICATION_COMMAND_INVALID_NESTING", message)
    kinds = [each.get("type") for each in forms(option, "options", path, most=_MOST)]
    if option["type"] == GROUP and any(kind != SUBCOMMAND for kind in kinds):
        message = "A group holds only subcommands"
        raise InvalidFormError(path, "APPLICATION_COMMAND_INVALID_NESTING", message)
    if option["type"] == SUBCOMMAND and any(kind in (SUBCOMMAND, GROUP) for kind in kinds):
        message = "A subcommand holds only values"
        raise InvalidFormError(path, "APPLICATION_COMMAND_INVALID_NESTING", message)


def _check_order(options: Sequence[Payload], path: str) -> None:
    nested = [option["type"] in (SUBCOMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        message = "Sub-command and sub-command group option types are mutually exclusive to others"
        raise InvalidFormError(
            f"{path}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message
        )
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        message = "Required options must be placed before non-required options"
        where = f"{path}.options"
        raise InvalidFormError(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)


def _check_value_option(option: Payload, path: str) -> None:
    choices = forms(option, "choices", path, most=_MOST)
    if choices and (option["type"] not in _CHOOSABLE or option.get("autocomplete")):
        message = "This option can't have choices."
        raise InvalidFormError(
            f"{path}.choices", "APPLICATION_COMMAND_OPTION_CHOICES_INVALID", message
        )
    if option.get("autocomplete") and option["type"] not in _CHOOSABLE:
        where = f"{path}.autocomplete"
        message = "This option can't be completed."
        raise InvalidFormError(where, "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID", message)
    for index, choice in enumerate(choices):
        _check_choice(choice, option["type"], f"{path}.choices.{index}")
    message = "The option choice is already used"
    for key in ("name", "value"):
        taken = [choice[key] for choice in choices]
        unique(taken, path, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_INVALID", message)
    whole(option, "min_length", path, least=0, most=6000)
    whole(option, "max_length", path, least=1, most=6000)


def _check_choice(choice: Payload, kind: int, path: str) -> None:
    text(choice, "name", path, most=100)
    _localisations(choice, "name", path, most=100)
    if kind == _STRING:
        text(choice, "value", path, most=100)
    elif not isinstance(choice.get("value"), int | float):
        raise InvalidFormError(f"{path}.value", "NUMBER_TYPE_COERCE", "Value is not a number.")


def _lengths(thing: Payload) -> Iterator[int]:
    """The characters that count: of each text its longest language, and the choices' values."""
    for key in ("name", "description"):
        localised = (thing.get(f"{key}_localizations") or {}).values()
        yield max(map(len, [thing.get(key) or "", *localised]))
    yield len(str(thing.get("value", "")))
    for key in ("options", "choices"):
        for part in forms(thing, key, "", most=_MOST):
            yield from _lengths(part)
