"""How much memory there is: on common cards, on the card here, and in this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["CARDS", "Capacity", "Fit", "fit", "here", "machine"]

GIB = 1 << 30
CARDS = (8, 12, 16, 24, 40, 80)
"""Sizes of common cards in GiB."""

_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_SPARE = 1.15


class Fit:
    """What is said of a need and a capacity."""

    YES = "fits"
    TIGHT = "tight"
    NO = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """Where memory is, and how many bytes of it."""

    name: str
    size: int


def fit(need: int, size: int) -> str:
    """Whether a need fits; tight without the spare seventh for libraries and fragments."""
    if need > size:
        return Fit.NO
    return Fit.YES if need * _SPARE <= size else Fit.TIGHT


def here(device: torch.device) -> Capacity:
    """The memory that training on this device would have."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return Capacity(name=properties.name, size=properties.total_memory)
    return machine()


def machine() -> Capacity:
    """This machine's memory, or the part of it that a container leaves."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed = _CONTAINER.read_text().strip() if _CONTAINER.is_file() else "max"
    return Capacity(
        name="this machine's memory", size=min(size, int(allowed)) if allowed.isdigit() else size
    )
