"""What the bot asked for, and how it was answered."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.platforms.telegram.parameters import Json

__all__ = ["Request", "Requests"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request; `time` is that of `time.monotonic`, `status` 0 for one that got no answer."""

    method: str
    parameters: Json
    status: int
    description: str
    time: float


class Requests:
    """The log of requests, in the order of their ends; only numbers unless `kept`."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._requests: list[Request] = []
        self._counts: Counter[tuple[str, int]] = Counter()

    def __iter__(self) -> Iterator[Request]:
        return iter(self._requests)

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, request: Request) -> None:
        """Write one down."""
        self._counts[request.method, request.status] += 1
        if self._kept:
            self._requests.append(request)

    def of(self, method: str) -> list[Request]:
        """The requests to one method."""
        return [request for request in self._requests if request.method == method]

    def count(self, method: str, status: int | None = None) -> int:
        """How many requests to a method there were, with one status or with any."""
        return sum(
            number
            for (name, code), number in self._counts.items()
            if name == method and status in {None, code}
        )

    def refused(self) -> dict[tuple[str, int], int]:
        """How many requests were not answered with 200, by method and status."""
        return {key: number for key, number in self._counts.items() if key[1] != 200}
