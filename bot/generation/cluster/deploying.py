"""Brings an application to life, or finds that it lives already."""

import time
from collections.abc import Callable
from typing import Protocol

from bot.generation.cluster.application import Application
from bot.generation.cluster.depot import DepotError, put
from bot.generation.cluster.port import ApplicationGone, ClusterUnreachable, VersionRefused
from bot.generation.cluster.ray_cluster import ApplicationState
from bot.generation.protocol import Ready
from finetune.artifacts import BrokenVersionError

__all__ = ["Applications", "deployed", "shelved"]

_GLANCE_SECONDS = 0.25


class Applications(Protocol):
    """What a cluster can do with applications; `bot.generation.cluster.ray_cluster` says what."""

    def deploy(self, application: Application) -> None: ...

    def state(self, name: str) -> ApplicationState | None: ...

    def describe(self, name: str) -> tuple[Ready, str]: ...

    def may_deploy(self, name: str, holder: str) -> bool: ...

    def has_deployed(self, name: str, holder: str) -> None: ...


def shelved(application: Application) -> None:
    """Have the weights where all nodes find them. Raises `ClusterUnreachable`, `VersionRefused`."""
    plan = application.plan
    try:
        for each in filter(None, (plan.version, plan.base)):
            put(each)
    except DepotError as error:
        raise ClusterUnreachable(str(error)) from error
    except BrokenVersionError as error:
        raise VersionRefused(str(error)) from error


def deployed(
    cluster: Applications,
    application: Application,
    *,
    holder: str,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Ready:
    """What its replicas say of themselves when it serves, deployed first if it must be.

    One that serves already in just this form is left as it is, whoever deployed it; of several
    bots that come at the same time one deploys. Blocks. Raises `VersionRefused` or
    `ClusterUnreachable`.
    """
    ends = clock() + seconds
    ours = False
    state: ApplicationState | None = None
    while clock() < ends:
        state = cluster.state(application.name)
        if state is not None and state.serving:
            ready = _as_deployed(cluster, application)
            # Another bot with other settings has had the last word; ours are not worth a quarrel.
            if ready is not None and (ready[1] == application.digest or ours):
                cluster.has_deployed(application.name, holder)
                return ready[0]
        if state is not None and state.failed and (ours or state.refusal):
            raise VersionRefused(state.refusal or _reason(state))
        if not ours and _wants_deploying(state) and cluster.may_deploy(application.name, holder):
            cluster.deploy(application)
            ours = True
        sleep(_GLANCE_SECONDS)
    why = _reason(state) if state is not None else "it does not begin"
    raise ClusterUnreachable(f"The cluster has no replica of {application.plan.name} yet: {why}")


def _wants_deploying(state: ApplicationState | None) -> bool:
    return state is None or state.serving or state.failed


def _as_deployed(cluster: Applications, application: Application) -> tuple[Ready, str] | None:
    try:
        return cluster.describe(application.name)
    except ApplicationGone:
        return None


def _reason(state: ApplicationState) -> str:
    lines = [line.strip() for line in state.trouble.splitlines() if line.strip()]
    return lines[0][:300] if lines else state.status.lower()
