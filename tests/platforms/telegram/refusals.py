"""Why the Bot API says no."""

from collections.abc import Mapping

__all__ = ["RefusedError", "bad_request", "conflict", "forbidden", "migrated", "too_many"]


class RefusedError(Exception):
    """An answer with `ok` false; `code` is also the HTTP status."""

    def __init__(
        self, code: int, description: str, *, parameters: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


def bad_request(reason: str) -> RefusedError:
    """The request itself will not do."""
    return RefusedError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> RefusedError:
    """The bot may not do this here."""
    return RefusedError(403, f"Forbidden: {reason}")


def conflict(reason: str) -> RefusedError:
    """Updates are already fetched in another way."""
    return RefusedError(409, f"Conflict: {reason}")


def migrated(supergroup: int) -> RefusedError:
    """The group lives on under another id."""
    return RefusedError(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        parameters={"migrate_to_chat_id": supergroup},
    )


def too_many(seconds: int) -> RefusedError:
    """The flood limit is reached; `seconds` until it is not."""
    return RefusedError(
        429,
        f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
    )
