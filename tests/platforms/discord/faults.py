"""Bad days: what goes wrong between the bot and Discord when a test says so."""

import re
import time
from dataclasses import dataclass
from enum import Enum

from tests.platforms.discord.gateway import Gateway

__all__ = ["Fault", "Faults", "What"]


class What(Enum):
    """What happens to a request."""

    LIMITED = "refused with 429 until its time is over"
    FAILED = "refused with a status of the 5xx kind, not executed"
    DROPPED = "executed, and the connection cut before the answer"
    HANGING = "executed, and the answer held back"


@dataclass(kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` more; `seconds` and `status` say how."""

    what: What
    pattern: re.Pattern[str]
    times: int
    seconds: float = 0.0
    status: int = 500
    everywhere: bool = False


class Faults:
    """Patterns are regular expressions searched for in `METHOD /path`, as `PUT .*/reactions/`.

    `impatient` counts requests that came although a 429 had told them to wait longer.
    """

    def __init__(self, *, gateway: Gateway) -> None:
        self.impatient = 0
        self.token_refused = False
        self._gateway = gateway
        self._planned: list[Fault] = []
        self._waits: list[tuple[float, Fault]] = []

    def rate_limit(
        self, pattern: str, *, retry_after: float, times: int = 1, global_: bool = False
    ) -> None:
        """Refuse with 429, and everything it is about for `retry_after` seconds from then."""
        self._plan(What.LIMITED, pattern, times, seconds=retry_after, everywhere=global_)

    def fail(self, pattern: str, *, status: int = 500, times: int = 1) -> None:
        """Answer with a status and do nothing."""
        self._plan(What.FAILED, pattern, times, status=status)

    def drop_answer(self, pattern: str, *, times: int = 1) -> None:
        """Do it, and cut the connection before the answer."""
        self._plan(What.DROPPED, pattern, times)

    def hang(self, pattern: str, *, seconds: float, times: int = 1) -> None:
        """Do it, and hold the answer back."""
        self._plan(What.HANGING, pattern, times, seconds=seconds)

    def drop_gateway(self, *, resumable: bool = True) -> None:
        """Cut the connections of the gateway, and forget the sessions unless `resumable`."""
        self._gateway.drop(resumable=resumable)

    def ask_reconnect(self) -> None:
        """Ask every connection to come again."""
        self._gateway.ask_reconnect()

    def refuse_token(self) -> None:
        """From now on the token is wrong."""
        self.token_refused = True
        self._gateway.refuse_token()

    def clear(self) -> None:
        """All is well from now on, but for a token that is refused."""
        self._planned.clear()
        self._waits.clear()

    def strike(self, request: str, *, whole_bot: bool) -> Fault | None:
        """What befalls a request, given as `METHOD /path`.

        A global limit holds for what is asked in the name of the `whole_bot`, not for
        interactions.
        """
        waiting = self._waiting(request, whole_bot=whole_bot)
        if waiting is not None:
            self.impatient += 1
            return waiting
        for fault in self._planned:
            if fault.pattern.search(request):
                fault.times -= 1
                if not fault.times:
                    self._planned.remove(fault)
                if fault.what is What.LIMITED:
                    self._waits.append((time.monotonic() + fault.seconds, fault))
                return fault
        return None

    def _waiting(self, request: str, *, whole_bot: bool) -> Fault | None:
        """The 429 that still holds for a request, with the seconds that are left."""
        now = time.monotonic()
        self._waits = [(until, fault) for until, fault in self._waits if until > now]
        for until, fault in self._waits:
            if (fault.everywhere and whole_bot) or fault.pattern.search(request):
                return Fault(
                    what=What.LIMITED,
                    pattern=fault.pattern,
                    times=0,
                    seconds=until - now,
                    everywhere=fault.everywhere,
                )
        return None

    def _plan(
        self,
        what: What,
        pattern: str,
        times: int,
        *,
        seconds: float = 0.0,
        status: int = 500,
        everywhere: bool = False,
    ) -> None:
        self._planned.append(
            Fault(
                what=what,
                pattern=re.compile(pattern),
                times=times,
                seconds=seconds,
                status=status,
                everywhere=everywhere,
            )
        )
