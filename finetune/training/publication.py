"""Makes an immutable model version of the best weights of a run."""

import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig
from safetensors.torch import load_file, save_file

from finetune.artifacts import Manifest, write_version
from finetune.bases import published_name
from finetune.corpus.jokes import read_jokes
from finetune.models import read_weights
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.recipes.recipe import Recipe
from finetune.report.card import write_card
from finetune.report.content import TRAINING, HistoryPoint, ReportContent, Sample, write_content
from finetune.report.page import write_report
from finetune.template import Template

__all__ = ["Lineage", "history_points", "publish", "stage_weights"]

_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_LIBRARIES = ("punchline", "torch", "transformers", "trl", "peft", "datasets", "safetensors")


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where a version comes from: `data` is the summary of its corpus."""

    version: str
    base: str
    parent: str | None
    recipe: Recipe
    template: Template
    data: Mapping[str, Any]


def stage_weights(
    staging: Path, *, best: Path, lineage: Lineage, tokenizer: Any, train: Path, dtype: torch.dtype
) -> None:
    """Lay out what a version is loaded from: weights in `dtype`, tokenizer, novelty index."""
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    if (best / _ADAPTER_WEIGHTS).is_file():
        weights = {
            name: tensor.to(dtype) for name, tensor in load_file(best / _ADAPTER_WEIGHTS).items()
        }
        save_file(weights, staging / _ADAPTER_WEIGHTS, metadata={"format": "pt"})
        config = PeftConfig.from_pretrained(best)
        # The path on this machine says nothing to anybody else.
        config.base_model_name_or_path = published_name(lineage.base)
        config.inference_mode = True
        config.save_pretrained(staging)
    else:
        read_weights(best, dtype=dtype).save_pretrained(staging)
    tokenizer.save_pretrained(staging)
    NoveltyIndex.build(joke.text for joke in read_jokes(train)).save(staging / NOVELTY)


def publish(
    out: Path,
    *,
    staging: Path,
    lineage: Lineage,
    history: Sequence[Mapping[str, float]],
    metrics: Mapping[str, Mapping[str, Mapping[str, float | None]]],
    samples: Sequence[Sample],
    device: torch.device,
) -> Manifest:
    """Write the version with its report and card, atomically. Raises `OSError`."""
    content = ReportContent(
        version=lineage.version,
        base=lineage.base,
        parent=lineage.parent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=lineage.recipe.model_dump(mode="json"),
        data=lineage.data,
        history=history_points(history),
        metrics=metrics,
        samples=samples,
        environment=_environment(device),
    )

    def fill(directory: Path) -> None:
        shutil.copytree(staging, directory, dirs_exist_ok=True)
        write_content(directory / TRAINING, content)
        write_report(directory / "report.html", content)
        write_card(directory / "README.md", content)

    manifest = Manifest(
        version=lineage.version,
        base=lineage.base,
        template=lineage.template.to_json(),
        parent=lineage.parent,
        recipe=dict(content.recipe),
        data={key: lineage.data[key] for key in ("jokes", "sha256") if key in lineage.data},
        metrics=dict(metrics.get("this version", {})),
    )
    return write_version(directory=out, manifest=manifest, fill=fill)[1]


def history_points(history: Sequence[Mapping[str, float]]) -> list[HistoryPoint]:
    """What the trainer logged, as points of the report's curves."""
    return [
        HistoryPoint(
            step=int(entry["step"]),
            epoch=float(entry["epoch"]),
            tokens=int(entry.get("num_input_tokens_seen", 0)),
            loss=entry.get("loss"),
            held_out_loss=entry.get("eval_loss"),
            learning_rate=entry.get("learning_rate"),
        )
        for entry in history
        if "loss" in entry or "eval_loss" in entry
    ]


def _environment(device: torch.device) -> dict[str, str]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "python": platform.python_version(),
        **{library: installed(library) for library in _LIBRARIES},
        "device": f"{device.type} ({name})",
        "threads": str(torch.get_num_threads()),
    }
