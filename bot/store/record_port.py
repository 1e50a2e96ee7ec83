"""What the store remembers beside jokes and votes; `tests/twins/records.py` holds the twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.jokes import Community

__all__ = ["Post", "Records"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A message that shows a joke, by the platform's own ids of the place and of the message."""

    front: str
    place: str
    message: str


class Records(Protocol):
    """Where jokes are shown, what communities chose, and notes of the program to itself.

    Every method but the last two may raise `StoreUnavailable`; one that returned has committed.
    """

    async def posted(self, joke_id: int, post: Post) -> None:
        """Note that a message shows a joke, which has thereby been delivered."""

    async def joke_at(self, post: Post) -> int | None:
        """The joke that a message shows, or None."""

    async def posts(self, joke_id: int) -> Sequence[Post]:
        """The messages that show a joke, oldest first."""

    async def unposted(self, post: Post) -> None:
        """Note that a message is gone; votes on the joke stay."""

    async def settings(self, community: Community) -> dict[str, Any]:
        """What was saved for a community, plain JSON; empty for one nobody has set."""

    async def save_settings(self, community: Community, settings: dict[str, Any]) -> None:
        """Save what a community chose, all of it."""

    async def move_community(self, old: Community, new: Community) -> None:
        """Give a community another key, with its settings and jokes.

        Where the new one has jokes already, they become one community with the old one's settings.
        """

    async def note(self, name: str) -> str | None:
        """What was noted under a name, or None."""

    async def write_note(self, name: str, text: str | None) -> None:
        """Note a text under a name; None takes the note away."""

    def pseudonym(self, front: str, member: str) -> str:
        """The 32 characters that stand for a member everywhere in the store."""

    def seal(self, joke_id: int) -> str:
        """A few characters that only this store can put under the number of a joke."""
