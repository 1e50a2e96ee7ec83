"""getMe, and how updates come to the bot."""

from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.refusals import bad_request, conflict
from tests.platforms.telegram.state import State

__all__ = ["delete_webhook", "get_me", "get_updates", "get_webhook_info", "set_webhook"]

_LONGEST_POLL = 50
_MOST_UPDATES = 100


async def get_me(state: State, _: Parameters) -> Json:
    """The bot itself."""
    return state.bot.as_json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not state.options.privacy_mode,
        "supports_inline_queries": state.options.inline_mode,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_updates(state: State, parameters: Parameters) -> list[Json]:
    """Long polling."""
    if state.webhook.url:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete "
            "the webhook first"
        )
    limit = parameters.integer("limit")
    if limit is not None and not 1 <= limit <= _MOST_UPDATES:
        raise bad_request("limit must be between 1 and 100")
    state.updates.allow(parameters.listed("allowed_updates"))
    return await state.updates.poll(
        offset=parameters.integer("offset") or 0,
        limit=limit or _MOST_UPDATES,
        seconds=min(max(parameters.integer("timeout") or 0, 0), _LONGEST_POLL),
    )


async def set_webhook(state: State, parameters: Parameters) -> bool:
    """Have updates brought; an empty URL ends it."""
    url = parameters.text("url")
    if not url:
        return await delete_webhook(state, parameters)
    _drop(state, parameters)
    state.updates.allow(parameters.listed("allowed_updates"))
    state.updates.end_poll("terminated by setWebhook request")
    await state.webhook.set(
        url,
        secret=parameters.text("secret_token"),
        max_connections=parameters.integer("max_connections"),
    )
    return True


async def delete_webhook(state: State, parameters: Parameters) -> bool:
    """Back to polling."""
    _drop(state, parameters)
    await state.webhook.remove()
    return True


async def get_webhook_info(state: State, _: Parameters) -> Json:
    """Where updates are brought, and whether that works."""
    return state.webhook.as_json()


def _drop(state: State, parameters: Parameters) -> None:
    if parameters.flag("drop_pending_updates"):
        state.updates.clear()
