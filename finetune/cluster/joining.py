"""Joining a Ray that runs. Nothing here imports ray outside a function."""

import logging
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from finetune.cluster.quiet import QUIET
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
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    # What it warns of is what it then raises.
    warnings.filterwarnings("ignore", module="ray")
    try:
        _knock(address)
        ray.init(
            address=address,
            namespace="punchline",
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:
        reason = " ".join(str(error).partition("Traceback")[0].split())[:200]
        raise TrainingError(
            f"There is no Ray to join at {address} (--ray): {reason or type(error).__name__}"
        ) from error
    try:
        yield
    finally:
        # The client's threads trip over their own end and would tell the whole terminal.
        threading.excepthook = lambda _: None
        ray.shutdown()


def _knock(address: str) -> None:
    """Ray would go on trying for minutes. Raises `OSError` where nobody listens."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()
