"""The cluster as a gateway sees it; `tests/twins/cluster.py` holds the in-memory twin."""

from typing import Protocol

__all__ = [
    "ApplicationGone",
    "ClusterBusy",
    "ClusterError",
    "ClusterUnreachable",
    "ReplicaLost",
    "Replicas",
    "VersionRefused",
]


class ClusterError(Exception):
    """Nothing that can be done here; the message is a sentence for a person."""


class ClusterUnreachable(ClusterError):  # noqa: N818 - reads as what has happened
    """There is no cluster where it should be, or no room on it."""


class VersionRefused(ClusterError):  # noqa: N818 - reads as what has happened
    """The replicas cannot serve this version, whichever node they are on."""


class ApplicationGone(ClusterError):  # noqa: N818 - reads as what has happened
    """Somebody has deleted the application, or the cluster has begun anew."""


class ReplicaLost(ClusterError):  # noqa: N818 - reads as what has happened
    """A replica died over an order, or could not finish it."""


class ClusterBusy(ClusterError):  # noqa: N818 - reads as what has happened
    """As many orders wait for a replica as may."""


class Replicas(Protocol):
    """The replicas of one application."""

    async def obey(self, order: bytes) -> bytes:
        """Hand one of them an order as a line, and return its report; cancelling gives it up.

        Raises `ReplicaLost`, `ClusterBusy` or `ApplicationGone`.
        """

    async def running(self) -> int:
        """How many there are at present. Raises `ApplicationGone` or `ClusterUnreachable`."""
