"""answerCallbackQuery and answerInlineQuery."""

import re

from tests.platforms.telegram.keyboards import inline_keyboard
from tests.platforms.telegram.messages import Content
from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.questions import CallbackAnswer, InlineAnswer
from tests.platforms.telegram.refusals import RefusedError, bad_request
from tests.platforms.telegram.state import State
from tests.platforms.telegram.texts import message_text

__all__ = ["answer_callback_query", "answer_inline_query"]

_LONGEST_CALLBACK_TEXT = 200
_MOST_RESULTS = 50
_LONGEST_ID = 64
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _too_late() -> RefusedError:
    return bad_request(
        "query is too old and response timeout expired or query ID is invalid",
    )


async def answer_callback_query(state: State, parameters: Parameters) -> bool:
    """Answer a press, once and in time."""
    text = parameters.text("text")
    if len(text) > _LONGEST_CALLBACK_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    press = state.presses.pop(parameters.text("callback_query_id"), None)
    if press is None or press.older_than(state.options.callback_seconds):
        raise _too_late()
    press.finish(
        CallbackAnswer(text=text, alert=parameters.flag("show_alert"), url=parameters.text("url"))
    )
    state.answered.append(press)
    return True


async def answer_inline_query(state: State, parameters: Parameters) -> bool:
    """Offer results for an inline query, once and in time."""
    results = parameters.listed("results") or []
    contents = _contents(state, results)
    next_offset = parameters.text("next_offset")
    if len(next_offset.encode()) > _LONGEST_ID:
        raise bad_request("NEXT_OFFSET_INVALID")
    button = parameters.record("button")
    if button and not _START_PARAMETER.fullmatch(str(button.get("start_parameter", "x"))):
        raise bad_request("START_PARAM_INVALID")
    query = state.inline_queries.pop(parameters.text("inline_query_id"), None)
    if query is None or query.older_than(state.options.inline_seconds):
        raise _too_late()
    cache = parameters.integer("cache_time")
    query.finish(
        InlineAnswer(
            results=results,
            contents=contents,
            personal=parameters.flag("is_personal"),
            cache_seconds=300 if cache is None else cache,
            next_offset=next_offset,
        )
    )
    return True


def _contents(state: State, results: list[Json]) -> dict[str, Content]:
    """Check the results; what each would send, by its id. Raises `RefusedError`."""
    if len(results) > _MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    contents: dict[str, Content] = {}
    for result in results:
        result_id = result.get("id") if isinstance(result, dict) else None
        if not isinstance(result_id, str) or not 1 <= len(result_id.encode()) <= _LONGEST_ID:
            raise bad_request("RESULT_ID_INVALID")
        if result_id in contents:
            raise bad_request("RESULT_ID_DUPLICATE")
        contents[result_id] = _content(state, result)
    return contents


def _content(state: State, result: Json) -> Content:
    """What an article sends. Raises `RefusedError`."""
    if result.get("type") != "article":
        raise bad_request("can't parse inline query result: Unsupported inline query result type")
    if not result.get("title"):
        raise bad_request("can't parse inline query result: Can't find field \"title\"")
    said = result.get("input_message_content")
    if not isinstance(said, dict):
        raise bad_request(
            "can't parse inline query result: Can't find field \"input_message_content\""
        )
    formatted = message_text(
        state, Parameters(said), name="message_text", too_long="MESSAGE_TOO_LONG"
    )
    return Content(formatted=formatted, keyboard=inline_keyboard(result.get("reply_markup")))
