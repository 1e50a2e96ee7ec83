"""Writes a version as a repository that plain transformers, or peft, loads."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftConfig
from safetensors import SafetensorError, safe_open

from finetune.artifacts import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    BrokenVersionError,
    is_adapter,
    verify,
    write_version,
)
from finetune.bases import published_name
from finetune.models import load_model
from finetune.progress import Progress
from finetune.publishing.content import Publishable
from finetune.publishing.target import PublishingError
from finetune.report.card import Edition, hub_id, write_card
from finetune.report.content import TRAINING, read_content
from finetune.report.page import write_report
from finetune.versions import Found

__all__ = ["Repository"]

_STEPS = ("checking the version", "gathering the weights", "writing the report", "done")
_READABLE = 0o044


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A version to be written for others; `merged` puts an adapter into a copy of its base.

    `name` is the hub id that it will have, if any.
    """

    found: Found
    merged: bool
    name: str | None = None

    def write(self, directory: Path, *, progress: Progress) -> None:
        """Write all of it, or nothing, into a directory that is empty or not there.

        Raises `PublishingError`, `ReportError`, `BrokenVersionError` or `OSError`.
        """
        progress(_STEPS[0], 0, len(_STEPS))
        if self.found.manifest is None:
            raise PublishingError(f"{self.found.name} is a base and no version; name a version.")
        content = Publishable.of(verify(self.found.directory), read_content(self.found.directory))
        adapter = is_adapter(self.found.directory) and not self.merged
        if adapter and hub_id(content.manifest.base) is None:
            raise PublishingError(
                f"The base of {self.found.name} is only on this machine, so its adapter alone "
                "would load nowhere else; publish it merged."
            )

        def fill(target: Path) -> None:
            self._gather(target, content, adapter=adapter, progress=progress)
            progress(_STEPS[2], 2, len(_STEPS))
            edition = Edition(adapter=adapter, repository=self.name, indexed=content.indexed)
            (target / TRAINING).write_text(content.training(), encoding="utf-8")
            write_report(target / "report.html", content.report)
            write_card(target / "README.md", content.report, edition=edition)
            for path in target.rglob("*"):
                # Weights are written for their owner alone, and what is published is for others.
                path.chmod(path.stat().st_mode | _READABLE)

        try:
            write_version(directory=directory, manifest=content.manifest, fill=fill)
        except (MemoryError, SafetensorError) as error:
            raise PublishingError(
                f"{self.found.name} could not be written to {directory} ({type(error).__name__}); "
                "make room on the disk and in memory."
            ) from error
        progress(_STEPS[3], len(_STEPS), len(_STEPS))

    def _gather(
        self, target: Path, content: Publishable, *, adapter: bool, progress: Progress
    ) -> None:
        progress(_STEPS[1], 1, len(_STEPS))
        for name in content.files():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.found.directory / name, target / name)
        if adapter:
            self._name_base(target, content)
        elif is_adapter(self.found.directory):
            self._merge(target)

    def _name_base(self, target: Path, content: Publishable) -> None:
        """Let peft find the base where everybody does, in the revision that was taught."""
        config = PeftConfig.from_pretrained(str(target))
        config.base_model_name_or_path = published_name(content.manifest.base)
        config.revision = str(content.manifest.recipe.get("revision") or "") or None
        config.save_pretrained(str(target))

    def _merge(self, target: Path) -> None:
        """Put the adapter into the base, in the adapter's own precision, as it would be served."""
        loaded = load_model(
            self.found.directory,
            name=self.found.name,
            device=torch.device("cpu"),
            dtype=_precision(self.found.directory / ADAPTER_WEIGHTS),
            base_directory=self.found.base_directory,
        )
        for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
            (target / name).unlink()
        loaded.model.config._name_or_path = ""
        loaded.model.save_pretrained(target)


def _precision(weights: Path) -> torch.dtype:
    """The precision of the first tensor of a file. Raises `BrokenVersionError`."""
    with safe_open(weights, framework="pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 - it is no mapping
            dtype: torch.dtype = tensors.get_tensor(name).dtype
            return dtype
    raise BrokenVersionError(f"{weights} holds no weights.")
