"""The waiting line: bounded, fair between communities and between members, with a true place.

Communities take turns. Within a community every member has at most one request in the line; a
member's further requests stand behind that one and enter the line, at its end, when it leaves.
So one member's 500 requests delay another member by at most one request a turn, and nobody who
comes later is ever put in front: the place a member is shown can only get better.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.jokes import Reason

__all__ = ["FairLine", "LineFullError", "LineLimits", "Place"]

T = TypeVar("T", bound=Hashable)


class LineFullError(Exception):
    """There is no room; `reason` is BUSY or TOO_MANY_WAITING."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where a request stands; places compare, and later places of a request are never greater.

    `own` counts the member's own earlier requests still waiting, `ahead` the members of the same
    community before the one who waits. `Place(0, 0)` is next (or already being told).
    """

    own: int
    ahead: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LineLimits:
    """How many requests may wait: in all, of one community, and of one member in it."""

    capacity: int
    per_community: int
    per_member: int


class _Community(Generic[T]):
    """One community's line: members in order of their turn, each with requests oldest first."""

    def __init__(self) -> None:
        self.members: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self.members.values()))


class FairLine(Generic[T]):
    """Requests that wait; holds no clock, no task and no lock."""

    def __init__(self, *, limits: LineLimits) -> None:
        self._limits = limits
        self._communities: OrderedDict[str, _Community[T]] = OrderedDict()
        self._owners: dict[T, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, item: T, *, community: str, member: str) -> None:
        """Join the line. Raises `LineFullError`."""
        here = self._communities.get(community) or _Community[T]()
        mine = here.members.get(member) or deque[T]()
        if len(mine) >= self._limits.per_member:
            raise LineFullError(Reason.TOO_MANY_WAITING)
        if len(self) >= self._limits.capacity or len(here) >= self._limits.per_community:
            raise LineFullError(Reason.BUSY)
        mine.append(item)
        here.members[member] = mine
        self._communities[community] = here
        self._owners[item] = (community, member)

    def peek(self) -> T | None:
        """The request that is next, left where it is."""
        for here in self._communities.values():
            for mine in here.members.values():
                return mine[0]
        return None

    def pop(self) -> T:
        """Take the next request; its community and member go last. Raises `IndexError`."""
        item = self.peek()
        if item is None:
            raise IndexError("nobody is waiting")
        community, member = self._owners[item]
        self.remove(item)
        here = self._communities.get(community)
        if here is not None:
            self._communities.move_to_end(community)
            if member in here.members:
                here.members.move_to_end(member)
        return item

    def remove(self, item: T) -> bool:
        """Leave the line from anywhere; False when the request was not waiting."""
        owner = self._owners.pop(item, None)
        if owner is None:
            return False
        community, member = owner
        here = self._communities[community]
        mine = here.members[member]
        mine.remove(item)
        if not mine:
            del here.members[member]
        if not here.members:
            del self._communities[community]
        return True

    def clear(self) -> list[T]:
        """Send everybody away, in the order of the line."""
        gone = []
        while self._owners:
            gone.append(self.pop())
        return gone

    def place(self, item: T) -> Place | None:
        """Where a request stands now, or None when it does not wait."""
        owner = self._owners.get(item)
        if owner is None:
            return None
        community, member = owner
        members = self._communities[community].members
        return Place(own=members[member].index(item), ahead=list(members).index(member))
