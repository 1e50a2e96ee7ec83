"""Texts of the bot: parsed, measured, and whom they notify."""

from collections.abc import Iterator

from tests.platforms.telegram.entities import (
    Entity,
    FormattedText,
    finished,
    said_entities,
    utf16_length,
)
from tests.platforms.telegram.html_mode import parse_html
from tests.platforms.telegram.markdown_mode import parse_markdown
from tests.platforms.telegram.parameters import Parameters
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.state import State

__all__ = ["caption", "message_text", "notified"]

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_PARSERS = {"html": parse_html, "markdownv2": parse_markdown}


def message_text(
    state: State, parameters: Parameters, *, name: str = "text", too_long: str
) -> FormattedText:
    """The text of a message, never empty. Raises `RefusedError`, for its length `too_long`."""
    formatted = _formatted(state, parameters, name, "entities")
    if not formatted.text:
        raise bad_request("message text is empty")
    if utf16_length(formatted.text) > _LONGEST_TEXT:
        raise bad_request(too_long)
    return formatted


def caption(state: State, parameters: Parameters) -> FormattedText:
    """The caption of a photo or document, perhaps empty. Raises `RefusedError`."""
    formatted = _formatted(state, parameters, "caption", "caption_entities")
    if utf16_length(formatted.text) > _LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return formatted


def notified(formatted: FormattedText) -> Iterator[str]:
    """Whom a text notifies: `@username`s and `tg://user?id=…`s."""
    for entity in formatted.entities:
        if entity.type == "mention":
            yield formatted.part(entity)
        elif entity.type == "text_mention":
            yield f"tg://user?id={entity.get('user')}"


def _formatted(state: State, parameters: Parameters, name: str, entities: str) -> FormattedText:
    source = parameters.text(name)
    parse_mode = parameters.text("parse_mode")
    if parse_mode and parse_mode.lower() not in _PARSERS:
        # The old Markdown mode is one no new bot should use, so it is refused here.
        raise bad_request("unsupported parse_mode")
    found: list[Entity] | tuple[Entity, ...]
    if parse_mode:
        text, found = _PARSERS[parse_mode.lower()](source)
    else:
        text, found = source, said_entities(parameters.listed(entities) or [], source)
    return finished(text, found, knows=state.world.users.__contains__)
