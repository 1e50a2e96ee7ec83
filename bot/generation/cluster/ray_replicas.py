"""The replicas of one application, asked through a Serve handle."""

import asyncio
import time
from typing import Any

from bot.generation.cluster.port import (
    ApplicationGone,
    ClusterBusy,
    ClusterUnreachable,
    ReplicaLost,
)
from bot.generation.cluster.ray_cluster import RayCluster

__all__ = ["RayReplicas"]

_AWAY_SECONDS = 60.0
"""How long Serve's controller may be away before the whole cluster counts as gone."""


class RayReplicas:
    """Implements `Replicas` with a Serve handle."""

    def __init__(self, *, cluster: RayCluster, name: str) -> None:
        from ray import serve

        self._cluster = cluster
        self._name = name
        self._handle = serve.get_app_handle(name)
        self._seen = 1
        self._seen_at = time.monotonic()

    async def obey(self, order: bytes) -> bytes:
        from ray.exceptions import RayError
        from ray.serve.exceptions import BackPressureError, RayServeException

        response: Any = self._handle.obey.remote(order)
        try:
            report: bytes = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        except BackPressureError as error:
            raise ClusterBusy(str(error)) from None
        except (RayError, RayServeException) as error:
            raise ReplicaLost(_last_line(error)) from error
        return report

    async def running(self) -> int:
        """As `Replicas` says; while Serve's controller is replaced, as many as were seen last."""
        try:
            state = await asyncio.to_thread(self._cluster.state, self._name)
        except ClusterUnreachable:
            if time.monotonic() - self._seen_at > _AWAY_SECONDS:
                raise
            return self._seen
        if state is None or state.status in ("DELETING", "NOT_STARTED"):
            raise ApplicationGone(f"{self._name} has been deleted")
        self._seen, self._seen_at = state.running, time.monotonic()
        return state.running


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
