"""Being a driver of a Ray that runs, quietly. Nothing here imports ray outside a function."""

import logging
import os
import threading
import warnings

from finetune.cluster.quiet import QUIET

__all__ = ["NAMESPACE", "join", "leave", "make_quiet"]

NAMESPACE = "punchline"
"""Where all that Punchline has on a cluster is found by name."""


def make_quiet() -> None:
    """Tell this process what has to be told before it imports ray."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def join(address: str) -> None:
    """Become one of a cluster's drivers, quietly. Raises whatever Ray raises."""
    make_quiet()
    import ray

    # What it warns of is what it then raises.
    warnings.filterwarnings("ignore", module="ray")
    ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)


def leave() -> None:
    """Leave the cluster to itself; whoever asks it anything later does so in vain."""
    import ray

    # The client's threads trip over their own end and would tell the whole terminal.
    threading.excepthook = lambda _: None
    ray.shutdown()
