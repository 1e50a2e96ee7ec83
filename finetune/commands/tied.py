"""A program that ends with whoever started it."""

import os
import signal
import sys
import threading
from typing import Annotated

import typer

__all__ = ["TiedOption", "tie_to_starter"]

TiedOption = Annotated[
    bool,
    typer.Option("--tied", help="End as by SIGTERM when standard input ends: with its starter."),
]

_AT_ONCE = 4096


def tie_to_starter() -> None:
    """Send this process SIGTERM when its standard input ends.

    The other end of that pipe is held open by the starter alone, so it ends with the starter's
    death, however that came about. What is written to it is ignored.
    """
    # Our own, since standard input may become that of workers.
    descriptor = os.dup(sys.stdin.fileno())
    threading.Thread(target=_wait_for_the_end, args=(descriptor,), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    while os.read(descriptor, _AT_ONCE):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
