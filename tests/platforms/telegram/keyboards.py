"""Keyboards under messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.platforms.telegram.entities import link_entity
from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.refusals import bad_request

__all__ = ["Button", "Keyboard", "buttons", "inline_keyboard", "reply_markup"]

_MOST_BUTTONS = 100
_CALLBACK_BYTES = 64
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_OTHER_MARKUP = ("keyboard", "remove_keyboard", "force_reply")


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a message; `data` is None for one that sends no callback."""

    label: str
    data: str | None
    raw: Json

    def called(self, data_or_label: str) -> bool:
        """Whether a person or a test means this button."""
        return data_or_label in {self.data, self.label}


Keyboard = tuple[tuple[Button, ...], ...]


def reply_markup(markup: Json | None) -> Keyboard:
    """The inline keyboard of a new message, () for another markup. Raises `RefusedError`."""
    if markup and any(name in markup for name in _OTHER_MARKUP):
        return ()
    return inline_keyboard(markup)


def inline_keyboard(markup: Json | None) -> Keyboard:
    """Check an inline keyboard; empty rows are left out. Raises `RefusedError`."""
    if not markup:
        return ()
    rows = markup.get("inline_keyboard")
    if rows is None:
        raise bad_request("inline keyboard expected")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(
            'can\'t parse inline keyboard: Field "inline_keyboard" must be of type Array of Array'
        )
    keyboard = tuple(tuple(map(_button, row)) for row in rows if row)
    if sum(map(len, keyboard)) > _MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return keyboard


def buttons(keyboard: Keyboard) -> Iterator[Button]:
    """All buttons, row by row."""
    for row in keyboard:
        yield from row


def _button(raw: object) -> Button:
    if not isinstance(raw, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    label = raw.get("text")
    if not isinstance(label, str) or not label.strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
    actions: Sequence[str] = [name for name in _ACTIONS if name in raw]
    if not actions:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        raise bad_request("can't parse inline keyboard button: exactly one action is allowed")
    if "url" in raw and not link_entity(str(raw["url"]), offset=0, length=1):
        raise bad_request("BUTTON_URL_INVALID")
    data = raw.get("callback_data")
    if data is not None and not (
        isinstance(data, str) and 1 <= len(data.encode()) <= _CALLBACK_BYTES
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    return Button(label=label, data=data, raw=raw)
