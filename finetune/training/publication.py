"""Makes an immutable model version of the best weights of a run."""

import json
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig
from safetensors.torch import load_file, save_file

from finetune.artifacts import ADAPTER_WEIGHTS, Manifest, write_version
from finetune.bases import published_name
from finetune.models import merged_adapter, read_weights
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.recipes.recipe import Recipe
from finetune.report.card import write_card
from finetune.report.content import TRAINING, HistoryPoint, ReportContent
from finetune.report.page import write_report
from finetune.template import Template
from finetune.training.proof import THIS, Proof
from finetune.versions import Found

__all__ = ["Lineage", "history_points", "publish", "stage_weights"]

_RECORDED = ("jokes", "sha256", "votes")
_LIBRARIES = ("punchline", "torch", "transformers", "trl", "peft", "datasets", "safetensors")


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where a version comes from: `data` is the summary of its corpus.

    `votes` is that of the votes it learned from, or None.
    """

    version: str
    base: Found
    parent: Found | None
    recipe: Recipe
    data: Mapping[str, Any]
    votes: Mapping[str, Any] | None = None

    @property
    def learned_from(self) -> dict[str, Any]:
        """The summary of the corpus with that of the votes, if there were any."""
        return {**self.data, "votes": self.votes} if self.votes else dict(self.data)

    @property
    def parent_name(self) -> str | None:
        """The version it was taught further from, if any."""
        return self.parent.name if self.parent else None

    def record(self) -> dict[str, Any]:
        """What a run must have in common with the one it goes on from."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "data": self.data["sha256"],
            "parent": self.parent_name,
            **({"votes": self.votes["sha256"]} if self.votes else {}),
        }


def stage_weights(
    staging: Path,
    *,
    best: Path,
    base: str,
    merged_into: Path | None,
    tokenizer: Any,
    taught: Iterable[str],
    parent: Path | None,
    dtype: torch.dtype,
) -> None:
    """Lay out what a version is loaded from: weights in `dtype`, tokenizer, index of jokes.

    `taught` are jokes it may know by heart, and so it may what its `parent` was taught. An adapter
    that was taught on a version with all weights is `merged_into` that one, since it would mean
    nothing on the base.
    """
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    adapter = (best / ADAPTER_WEIGHTS).is_file()
    if adapter and merged_into is not None:
        whole = merged_adapter(read_weights(merged_into, dtype=torch.float32), best)
        whole.to(dtype).save_pretrained(staging)
    elif adapter:
        weights = {
            name: tensor.to(dtype) for name, tensor in load_file(best / ADAPTER_WEIGHTS).items()
        }
        save_file(weights, staging / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        config = PeftConfig.from_pretrained(str(best))
        # The path on this machine says nothing to anybody else.
        config.base_model_name_or_path = published_name(base)
        config.inference_mode = True
        config.save_pretrained(staging)
    else:
        read_weights(best, dtype=dtype).save_pretrained(staging)
    tokenizer.save_pretrained(staging)
    novelty = NoveltyIndex.build(taught)
    if parent is not None and (before := NoveltyIndex.of_version(parent)) is not None:
        novelty = novelty.joined(before)
    novelty.save(staging / NOVELTY)


def publish(
    out: Path,
    *,
    staging: Path,
    lineage: Lineage,
    template: Template,
    history: Sequence[Mapping[str, float]],
    proof: Proof,
    device: torch.device,
) -> Manifest:
    """Write the version with its report and card, atomically. Raises `OSError`."""
    learned_from = lineage.learned_from
    content = ReportContent(
        version=lineage.version,
        base=lineage.recipe.base,
        parent=lineage.parent_name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=lineage.recipe.model_dump(mode="json"),
        # The dropped jokes it shows belong to the corpus, and no joke of it travels.
        data={key: value for key, value in learned_from.items() if key != "examples"},
        history=history_points(history),
        metrics=proof.metrics,
        samples=proof.samples,
        environment=_environment(device),
    )

    def fill(directory: Path) -> None:
        shutil.copytree(staging, directory, dirs_exist_ok=True)
        (directory / TRAINING).write_text(_json(content), encoding="utf-8")
        write_report(directory / "report.html", content)
        write_card(directory / "README.md", content)

    manifest = Manifest(
        version=lineage.version,
        base=lineage.recipe.base,
        template=template.to_json(),
        parent=lineage.parent_name,
        recipe=dict(content.recipe),
        data={key: learned_from[key] for key in _RECORDED if key in learned_from},
        metrics=dict(proof.metrics[THIS]),
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


def _json(content: ReportContent) -> str:
    return json.dumps(content.to_json(), indent=1, ensure_ascii=False) + "\n"


def _environment(device: torch.device) -> dict[str, str]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "python": platform.python_version(),
        **{library: installed(library) for library in _LIBRARIES},
        "device": f"{device.type} ({name})",
        "threads": str(torch.get_num_threads()),
    }
