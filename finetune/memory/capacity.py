"""How much memory there is: on common cards, on the card here, and in this machine."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch

__all__ = ["CARDS", "GIB", "Capacity", "Fit", "card", "here"]

GIB = 1 << 30
CARDS = (8, 12, 16, 24, 40, 80)
"""Sizes of common cards in GiB."""

_SPARE_ON_CARDS = 0.15
_SPARE_IN_MACHINES = 0.5  # glibc keeps freed memory in pieces that it cannot always use again

_CONTAINER = Path("/sys/fs/cgroup/memory.max")


class Fit(StrEnum):
    """How a need and a capacity go together; tight leaves too little for what comes on top."""

    YES = "fits"
    TIGHT = "tight"
    NO = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """A memory of `size` bytes; `spare` is what libraries and fragments take for each byte used."""

    name: str
    size: int
    spare: float

    def fit(self, need: int) -> Fit:
        """Whether so many bytes fit."""
        if need > self.size:
            return Fit.NO
        return Fit.YES if need * (1 + self.spare) <= self.size else Fit.TIGHT


def card(size: int) -> Capacity:
    """A card of so many GiB."""
    return Capacity(name=f"a card of {size} GB", size=size * GIB, spare=_SPARE_ON_CARDS)


def here(device: torch.device) -> Capacity:
    """The memory that training on this device would have."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return Capacity(
            name=f"the {properties.name} here",
            size=properties.total_memory,
            spare=_SPARE_ON_CARDS,
        )
    return Capacity(name="this machine's memory", size=_machine(), spare=_SPARE_IN_MACHINES)


def _machine() -> int:
    """Bytes of memory in this machine, or the part of it that a container leaves."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed = _CONTAINER.read_text().strip() if _CONTAINER.is_file() else ""
    return min(size, int(allowed)) if allowed.isdigit() else size
