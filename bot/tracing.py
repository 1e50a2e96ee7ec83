"""Which request the work at hand belongs to, so that the log lines of all processes can say so."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context

__all__ = ["about_request", "current_request", "without_request"]

_BYTES = 4

# Tasks and threads that are started for a request inherit it.
_request: ContextVar[str] = ContextVar("request", default="")


def current_request() -> str:
    """The id of the request that is being worked on here, or nothing."""
    return _request.get()


@contextmanager
def about_request(request: str = "") -> Iterator[str]:
    """Inside, work belongs to this request, else to the one it belongs to already, else to a new.

    Gives its id: eight hexadecimal digits that mean nothing beyond the log.
    """
    token = _request.set(request or current_request() or secrets.token_hex(_BYTES))
    try:
        yield _request.get()
    finally:
        _request.reset(token)


def without_request() -> Context:
    """A context for a task that outlives the request it is started for."""
    context = copy_context()
    context.run(_request.set, "")
    return context
