"""How fast the device copies memory, which bounds how fast one joke can be decoded."""

import time

import torch

__all__ = ["copy_bandwidth"]

_REPEATS = 20


def copy_bandwidth(device: torch.device) -> float:
    """Bytes a second, those read and those written added; the best of some copies."""
    size = 1 << (30 if device.type == "cuda" else 26)
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(_REPEATS):
        _wait(device)
        began = time.perf_counter()
        target.copy_(source)
        _wait(device)
        best = min(best, time.perf_counter() - began)
    return 2 * size / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
