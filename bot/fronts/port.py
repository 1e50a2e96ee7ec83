"""What the rest of Punchline asks of a front-end; `tests/twins/front.py` holds the twin."""

from typing import Protocol

from bot.jokes import Answer

__all__ = ["Front"]


class Front(Protocol):
    """A platform people talk to Punchline on. `name` is the `front` of its communities."""

    name: str

    async def run(self) -> None:
        """Talk to people until cancelled or until there is nobody left to talk to."""

    async def reachable(self, address: str) -> bool:
        """Whether an answer to a request from before a restart would still arrive."""

    async def answer_late(self, address: str, answer: Answer) -> None:
        """Send the answer to a request from before a restart."""
