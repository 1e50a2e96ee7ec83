"""Joining a Ray that runs. Ray is imported only when one is joined."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from finetune.cluster.driving import join, leave
from finetune.training.failures import TrainingError

__all__ = ["joined_cluster"]

_KNOCK_SECONDS = 10.0


@contextmanager
def joined_cluster(address: str) -> Iterator[None]:
    """Be one of a cluster's drivers; whatever this process began there ends with the block.

    Raises `TrainingError`.
    """
    if find_spec("ray") is None:
        raise TrainingError(
            "Training on a cluster needs Ray, which is not installed; install it with: "
            "pip install 'punchline[ray]'"
        )
    try:
        _knock(address)
        join(address)
    except Exception as error:
        reason = " ".join(str(error).partition("Traceback")[0].split())[:200]
        raise TrainingError(
            f"There is no Ray to join at {address} (--ray): {reason or type(error).__name__}"
        ) from error
    try:
        yield
    finally:
        leave()


def _knock(address: str) -> None:
    """Ray would go on trying for minutes. Raises `OSError` where nobody listens."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()
