"""The signals that ask a program to save its work and end."""

import signal
from types import FrameType

__all__ = ["SIGNALLED", "FirstSignal"]

SIGNALLED = 128
"""A shell's exit status for a program that a signal ended, less the signal's number."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class FirstSignal:
    """Remembers the first that came after `watch`, 0 before; a second one has its usual effect."""

    def __init__(self) -> None:
        self.number = 0

    def watch(self) -> None:
        """From now on; in the main thread only."""
        self._before = {number: signal.signal(number, self._remember) for number in _SIGNALS}

    def unwatch(self) -> None:
        """Leave signals to whoever had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
