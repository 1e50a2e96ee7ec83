"""Which bots use which application, so that the last one that leaves deletes it."""

import time
from collections.abc import Callable

__all__ = ["LEASE_SECONDS", "Leases"]

LEASE_SECONDS = 60.0
"""A holder that has not renewed its lease for so long is gone."""

_DEPLOYING_SECONDS = 30.0


class Leases:
    """Who holds which application; an actor on the cluster has one, so all bots share it.

    What it knows is lost with the node it lives on, and known again after the next renewals.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, dict[str, float]] = {}
        self._deploying: dict[str, tuple[str, float]] = {}

    def hold(self, application: str, holder: str) -> None:
        """Begin or renew a lease."""
        self._held.setdefault(application, {})[holder] = self._clock() + LEASE_SECONDS

    def release(self, application: str, holder: str) -> None:
        """End a lease, if there is one."""
        self._held.get(application, {}).pop(holder, None)

    def holders(self, application: str) -> int:
        """How many use an application now."""
        now = self._clock()
        held = self._held.get(application, {})
        for gone in [holder for holder, ends in held.items() if ends <= now]:
            del held[gone]
        return len(held)

    def may_deploy(self, application: str, holder: str) -> bool:
        """Whether it is for this holder to deploy an application, and for nobody else a while."""
        by, until = self._deploying.get(application, (holder, 0.0))
        if by != holder and until > self._clock():
            return False
        self._deploying[application] = (holder, self._clock() + _DEPLOYING_SECONDS)
        return True

    def has_deployed(self, application: str, holder: str) -> None:
        """End what `may_deploy` began, if it was this holder's turn."""
        if self._deploying.get(application, ("", 0.0))[0] == holder:
            del self._deploying[application]
