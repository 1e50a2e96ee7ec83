"""The two pipes that a process of ours speaks the protocol on, seen from its end."""

import os
from collections.abc import Callable
from typing import BinaryIO

from bot.generation.protocol import Order, Report, decode_order, encode

__all__ = ["private_stdout", "read_orders", "reports_to"]

_BLOCK = 1 << 16


def private_stdout() -> BinaryIO:
    """Keep standard output for the protocol: whatever a library prints goes to the log."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def reports_to(output: BinaryIO) -> Callable[[Report], None]:
    """What writes a report for the bot and sends it off at once."""

    def report(report: Report) -> None:
        output.write(encode(report))
        output.flush()

    return report


def read_orders(descriptor: int, take: Callable[[Order], None]) -> None:
    """Pass orders on until the bot has gone. Raises `ProtocolError`.

    It reads the bare descriptor: a thread that sleeps in `sys.stdin` would hold a lock that
    Python needs to end properly, and the reason for a crash would be lost.
    """
    pending = b""
    while block := os.read(descriptor, _BLOCK):
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            take(decode_order(line))
