"""Peak training memory as it is: two real steps on random weights in a process of their own."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, PretrainedConfig

from finetune.memory.choices import Method, Optimizer
from finetune.memory.failures import MeasurementError
from finetune.memory.plan import Plan, model_of, optimizer_of

__all__ = ["measure"]

_STEPS = 2  # the optimizer has its states from the second step on
_STATUS = Path("/proc/self/status")
_KIB = 1024
_GIVE_BACK = {"MALLOC_TRIM_THRESHOLD_": "65536"}
"""Without this glibc keeps freed memory in pieces, sometimes as much again as is in use."""


def measure(config: PretrainedConfig, plan: Plan, *, device: torch.device) -> int:
    """Bytes that two training steps take at their peak, libraries not counted.

    On a GPU that is what torch allocated, elsewhere by how much the process grew while its
    allocator gave back at once what was freed. Raises `MeasurementError`, also where there is too
    little memory.
    """
    if device.type == "cpu" and not _STATUS.is_file():
        raise MeasurementError("Without a GPU memory can be measured on Linux only.")
    order = {
        "config": config.to_dict(),
        "plan": {**asdict(plan), "dtype": str(plan.dtype).removeprefix("torch.")},
        "device": str(device),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "finetune.memory.measurement"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **_GIVE_BACK},
    )
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["it was killed, as when memory runs out"])[-1]
        raise MeasurementError(f"The training steps could not be computed here: {last}.")
    return int(json.loads(ended.stdout)["bytes"])


def _taken(order: dict[str, Any]) -> int:
    """What `measure` asks for, in the process that computes it."""
    described = order["plan"]
    plan = Plan(
        **{
            **described,
            "method": Method(described["method"]),
            "optimizer": Optimizer(described["optimizer"]),
            "dtype": getattr(torch, described["dtype"]),
        }
    )
    config = dict(order["config"])
    device = torch.device(order["device"])
    before = 0 if device.type == "cuda" else _status("VmRSS")
    _steps(AutoConfig.for_model(config.pop("model_type"), **config), plan, device)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _status("VmHWM") - before


def _steps(config: PretrainedConfig, plan: Plan, device: torch.device) -> None:
    model = model_of(config, plan, device=device)
    if plan.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    optimizer = optimizer_of(model, plan)
    tokens = torch.zeros(plan.batch, plan.length, dtype=torch.long, device=device)
    positions = torch.arange(plan.length, device=device).expand(plan.batch, plan.length)
    for _ in range(_STEPS):
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.dtype is torch.bfloat16):
            loss = model(
                input_ids=tokens, position_ids=positions, labels=tokens, use_cache=False
            ).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def _status(name: str) -> int:
    """A figure of this process in bytes: VmRSS is its memory now, VmHWM the most it ever had."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * _KIB
    raise MeasurementError(f"{_STATUS} does not tell {name}.")


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"bytes": _taken(json.load(sys.stdin))}))
