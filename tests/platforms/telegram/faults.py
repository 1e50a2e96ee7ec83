"""What can go wrong between the bot and Telegram, on demand."""

import enum
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["ANY_METHOD", "Fault", "Faults", "Kind"]

ANY_METHOD = "*"


class Kind(enum.Enum):
    """What happens to a request."""

    REFUSE = "refuse"
    FAIL = "fail"
    DROP_ANSWER = "drop answer"
    LOSE = "lose"
    HANG = "hang"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One request that goes wrong."""

    kind: Kind
    status: int = 0
    seconds: float = 0.0


class Faults:
    """Faults that wait for their request, by method; the method "*" is any."""

    def __init__(
        self, *, stop: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]]
    ) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._stop = stop
        self._start = start
        self.token_refused = False

    def rate_limit(self, method: str, retry_after: int, *, times: int = 1) -> None:
        """Answer 429, nothing executed; `retry_after` in seconds."""
        self._add(method, Fault(kind=Kind.REFUSE, seconds=retry_after), times)

    def fail(self, method: str, *, status: int = 500, times: int = 1) -> None:
        """Answer with an error of the server, nothing executed."""
        self._add(method, Fault(kind=Kind.FAIL, status=status), times)

    def drop_answer(self, method: str, *, times: int = 1) -> None:
        """Execute, and cut the connection before the answer."""
        self._add(method, Fault(kind=Kind.DROP_ANSWER), times)

    def lose(self, method: str, *, times: int = 1) -> None:
        """Cut the connection, nothing executed."""
        self._add(method, Fault(kind=Kind.LOSE), times)

    def hang(self, method: str, *, times: int = 1, seconds: float) -> None:
        """Execute, and answer only `seconds` later."""
        self._add(method, Fault(kind=Kind.HANG, seconds=seconds), times)

    def refuse_token(self) -> None:
        """The token was revoked: 401 to everything, until `accept_token`."""
        self.token_refused = True

    def accept_token(self) -> None:
        """The token is good again."""
        self.token_refused = False

    async def stop(self) -> None:
        """Cut all connections and take no new ones; what waits for the bot keeps waiting."""
        await self._stop()

    async def start_again(self) -> None:
        """Listen on the same port as before."""
        await self._start()

    def clear(self) -> None:
        """Forget the faults that still wait."""
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that befalls a request to a method, if any."""
        for name in (method.lower(), ANY_METHOD):
            waiting = self._waiting.get(name)
            if waiting:
                return waiting.popleft()
        return None

    def _add(self, method: str, fault: Fault, times: int) -> None:
        self._waiting[method.lower()].extend([fault] * times)
