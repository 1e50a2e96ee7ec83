"""Buttons, select menus and modals: their limits, and finding one."""

from collections.abc import Iterator, Sequence

from tests.platforms.discord.emoji import check_component_emoji
from tests.platforms.discord.refusals import InvalidFormError
from tests.platforms.discord.rules import Payload, among, forms, inner, text, unique, whole

__all__ = ["LABEL", "ROW", "TEXT_INPUT", "check_components", "check_modal", "find", "parts"]

ROW, BUTTON, SELECT, TEXT_INPUT = range(1, 5)
_AUTOMATIC_SELECTS = range(5, 9)
LABEL = 18
_SELECTS = (SELECT, *_AUTOMATIC_SELECTS)
_LINK = 5
_BUTTON_STYLES = range(1, 6)
_ROWS = 5
_BUTTONS_A_ROW = 5
_CUSTOM_ID = 100


def parts(components: Sequence[Payload]) -> Iterator[Payload]:
    """Every component that is no container."""
    for component in components:
        inner = component.get("components") or [component.get("component")]
        if component["type"] in (ROW, LABEL):
            yield from inner
        else:
            yield component


def find(components: Sequence[Payload], which: str) -> Payload | None:
    """The component with a custom id, or else the button with a label or an emoji."""
    for names in (_custom_id, _label, _emoji):
        for part in parts(components):
            if names(part) == which:
                return part
    return None


def _custom_id(part: Payload) -> object:
    return part.get("custom_id")


def _label(part: Payload) -> object:
    return part.get("label")


def _emoji(part: Payload) -> object:
    return (part.get("emoji") or {}).get("name")


def check_components(form: Payload) -> list[Payload]:
    """The rows of a message. Source: https://discord.com/developers/docs/components/reference"""
    rows = forms(form, "components", "", most=_ROWS)
    for index, row in enumerate(rows):
        path = f"components.{index}"
        among(row.get("type"), (ROW,), f"{path}.type")
        _check_row(forms(row, "components", path, least=1, most=_BUTTONS_A_ROW), path)
    _check_unique(rows)
    return rows


def _check_row(row: Sequence[Payload], path: str) -> None:
    for index, part in enumerate(row):
        where = f"{path}.components.{index}"
        among(part.get("type"), (BUTTON, *_SELECTS), f"{where}.type")
        if part["type"] == BUTTON:
            _check_button(part, where)
        else:
            _check_select(part, where)
            if len(row) > 1:
                message = "A select menu fills a row."
                raise InvalidFormError(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)


def _check_unique(components: Sequence[Payload]) -> None:
    ids = [part["custom_id"] for part in parts(components) if "custom_id" in part]
    message = "Component custom id cannot be duplicated"
    unique(ids, "components", "COMPONENT_CUSTOM_ID_DUPLICATED", message)


def _check_button(button: Payload, path: str) -> None:
    among(button.get("style"), _BUTTON_STYLES, f"{path}.style")
    text(button, "label", path, least=0, most=80)
    if button["style"] == _LINK:
        address = text(button, "url", path, most=512) or ""
        among(address.split(":")[0], ("http", "https", "discord"), f"{path}.url")
    else:
        text(button, "custom_id", path, most=_CUSTOM_ID)
    if ("custom_id" in button) == ("url" in button):
        message = "A custom id and url cannot both be specified"
        raise InvalidFormError(path, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", message)
    if not button.get("label") and not button.get("emoji"):
        message = "A button must have a label or an emoji"
        raise InvalidFormError(path, "BUTTON_COMPONENT_EMPTY", message)
    _check_emoji(button, path)


def _check_emoji(thing: Payload, path: str) -> None:
    emoji = inner(thing, "emoji", path)
    if emoji:
        check_component_emoji(emoji, f"{path}.emoji")


def _check_select(select: Payload, path: str) -> None:
    text(select, "custom_id", path, most=_CUSTOM_ID)
    text(select, "placeholder", path, least=0, most=150)
    whole(select, "min_values", path, least=0, most=25)
    whole(select, "max_values", path, least=1, most=25)
    if select["type"] != SELECT:
        return
    options = forms(select, "options", path, least=1, most=25)
    for index, option in enumerate(options):
        where = f"{path}.options.{index}"
        text(option, "label", where, most=100)
        text(option, "value", where, most=100)
        text(option, "description", where, least=0, most=100)
        _check_emoji(option, where)
    unique(
        [option["value"] for option in options],
        f"{path}.options",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        "The specified option value is already used",
    )
    if max(select.get("max_values") or 1, select.get("min_values") or 0) > len(options):
        message = "There are fewer options than may be chosen."
        raise InvalidFormError(f"{path}.max_values", "SELECT_COMPONENT_MAX_VALUES", message)


def check_modal(modal: Payload) -> None:
    """Refuse a modal that Discord would not show."""
    text(modal, "title", "data", most=45)
    text(modal, "custom_id", "data", most=_CUSTOM_ID)
    rows = forms(modal, "components", "data", least=1, most=_ROWS)
    for index, row in enumerate(rows):
        path = f"data.components.{index}"
        among(row.get("type"), (ROW, LABEL), f"{path}.type")
        part = _only_part(row, path)
        among(part.get("type"), (TEXT_INPUT, *_SELECTS), f"{path}.type")
        if part["type"] == TEXT_INPUT:
            _check_text_input(part, path)
        else:
            _check_select(part, path)
    _check_unique(rows)


def _only_part(row: Payload, path: str) -> Payload:
    """What a row of a modal holds."""
    if row["type"] == ROW:
        return forms(row, "components", path, least=1, most=1)[0]
    text(row, "label", path, most=45)
    text(row, "description", path, least=0, most=100)
    return inner(row, "component", path)


def _check_text_input(part: Payload, path: str) -> None:
    text(part, "custom_id", path, most=_CUSTOM_ID)
    among(part.get("style"), (1, 2), f"{path}.style")
    text(part, "label", path, least=0, most=45)
    text(part, "placeholder", path, least=0, most=100)
    whole(part, "min_length", path, least=0, most=4000)
    whole(part, "max_length", path, least=1, most=4000)
    text(part, "value", path, least=0, most=part.get("max_length") or 4000)
