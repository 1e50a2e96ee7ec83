"""Whether memory grows while requests come and go."""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import torch

from tests.bench.engines.port import NEW_TOKENS
from tests.bench.gpu.contenders import our_engine
from tests.bench.gpu.setting import Setting

__all__ = ["Endurance", "measure_endurance"]

_WARM_UP = 500
_CANCELLED = 20
"""One request in so many is cancelled on its way."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes: of the process, and of the device in tensors and in the allocator's hands."""

    process: int
    allocated: int
    reserved: int

    @classmethod
    def now(cls, device: torch.device) -> "Memory":
        """What is used at the moment."""
        on_gpu = device.type == "cuda"
        return cls(
            process=psutil.Process().memory_info().rss,
            allocated=torch.cuda.memory_allocated(device) if on_gpu else 0,
            reserved=torch.cuda.memory_reserved(device) if on_gpu else 0,
        )


@dataclass(frozen=True, kw_only=True)
class Endurance:
    """Memory before and after `requests`, which took `seconds` in a steady stream."""

    requests: int
    seconds: float
    before: Memory
    after: Memory

    @property
    def grown(self) -> dict[str, int]:
        """By how many bytes, each of them."""
        before, after = asdict(self.before), asdict(self.after)
        return {name: after[name] - before[name] for name in before}


def measure_endurance(setting: Setting, *, requests: int, say: Callable[[str], None]) -> Endurance:
    """Keep an engine full of requests of different lengths, some of which are cancelled."""
    slots = max(setting.concurrencies)
    engine = our_engine(setting, slots=slots)
    _stream(engine, setting, min(_WARM_UP, requests))
    say(f"{requests:,} requests in a stream")
    before, began = Memory.now(setting.device), time.perf_counter()
    _stream(engine, setting, requests)
    return Endurance(
        requests=requests,
        seconds=time.perf_counter() - began,
        before=before,
        after=Memory.now(setting.device),
    )


def _stream(engine: Any, setting: Setting, requests: int) -> None:
    dice = random.Random(requests)
    prompts = setting.prompts(64)
    asked = 0
    while asked < requests or engine.busy:
        while asked < requests and engine.free > 0:
            tokens = dice.randint(NEW_TOKENS // 3, NEW_TOKENS)
            engine.submit(setting.job(asked, dice.choice(prompts), tokens=tokens))
            if asked % _CANCELLED == 0:
                engine.cancel(str(dice.randint(max(0, asked - 50), asked)))
            asked += 1
        engine.step()
