"""Other processes from the outside: their memory, their children, whether they live."""

import statistics
from collections.abc import Sequence

import psutil  # type: ignore[import-untyped]

__all__ = ["alive", "children", "growth", "resident"]

_MEBIBYTE = 1 << 20


def resident(pid: int) -> float:
    """Resident memory of a process in MiB, 0 when it has ended."""
    try:
        return float(psutil.Process(pid).memory_info().rss / _MEBIBYTE)
    except psutil.NoSuchProcess:
        return 0.0


def children(pid: int) -> list[int]:
    """The processes a process has started; none when it has ended."""
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


def alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has collected yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def growth(seconds: Sequence[float], mebibytes: Sequence[float]) -> float:
    """The slope of a straight line through the second half, in MiB a minute.

    The first half is left out, because a process that has just started grows into its work.
    """
    half = len(seconds) // 2
    if len(seconds) - half < 2:
        return 0.0
    return 60 * statistics.linear_regression(seconds[half:], mebibytes[half:]).slope
