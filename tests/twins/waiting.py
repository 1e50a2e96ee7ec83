"""Waiting for what another task will do."""

import asyncio
from collections.abc import Callable

__all__ = ["until"]

_PAUSE = 0.002
_PATIENCE = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Let the others work until the condition holds. Raises `AssertionError` when it never does."""
    for _ in range(int(_PATIENCE / _PAUSE)):
        if condition():
            return
        await asyncio.sleep(_PAUSE)
    raise AssertionError("it never came true")
