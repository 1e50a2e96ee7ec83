"""`python -m finetune device`: what models would be computed on here."""

from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.commands.failing import failing_plainly
from finetune.progress import json_line

__all__ = ["device"]


@failing_plainly(BrokenVersionError)
def device(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
) -> None:
    """Print as JSON what models would be computed on here, and in which precision."""
    import torch

    from finetune.models import choose_device, choose_dtype

    chosen = choose_device(device)
    name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else "CPU"
    json_line(
        {
            "device": chosen.type,
            "name": name,
            "dtype": str(choose_dtype(dtype, chosen)).removeprefix("torch."),
            "threads": torch.get_num_threads(),
        }
    )
