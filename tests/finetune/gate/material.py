"""What the gate is tested with: candidates that are worse, better, or broken in one place."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from finetune.artifacts import read_manifest, write_version
from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.held_out import HeldOut
from finetune.evaluation.measure import Measure
from finetune.gate.judging import Gate
from finetune.gate.limits import Limits
from finetune.retraining.votes import Vote
from tests.clean_jokes import CLEAN_JOKES
from tests.tiny import tiny_jokes
from tests.twins.moderator import small_moderator

__all__ = ["CPU", "VOTES", "blurred", "changed_weights", "edit_json", "gate", "remade", "votes_on"]

CPU = torch.device("cpu")


def votes_on(texts: Iterable[str], *, liked: bool) -> list[Vote]:
    """A vote on each text."""
    return [Vote(prompt="JOKE:", completion=f" {text}", label=liked) for text in texts]


VOTES = votes_on(tiny_jokes(), liked=True) + votes_on(CLEAN_JOKES[:30], liked=False)
"""Members like the jokes that the tiny version was taught, and no others."""


def gate(*, jokes: int = 12, topics: int = 2, **changes: Any) -> Gate:
    """A gate that draws few jokes and takes the loss of jokes that the tiny version knows."""
    measure = Measure(
        held_out=HeldOut(jokes=[CorpusJoke(text=text) for text in tiny_jokes()], train=None),
        moderator=small_moderator(),
        jokes=jokes,
        topics=topics,
        loss_jokes=16,
        seed=0,
        progress=lambda stage, step, of: None,
    )
    content: dict[str, Any] = {
        "measure": measure,
        "votes": VOTES,
        "vote_jokes": 60,
        "limits": Limits(),
        "cache": Path("unused"),
        "device": CPU,
        "dtype": torch.float32,
    }
    return Gate(**{**content, **changes})


def remade(source: Path, directory: Path, change: Callable[[Path], None], **manifest: Any) -> Path:
    """A copy whose files were changed before their checksums were taken."""

    def fill(target: Path) -> None:
        shutil.copytree(source, target, dirs_exist_ok=True)
        (target / "punchline.json").unlink()
        change(target)

    changed = replace(read_manifest(source), version=directory.name, **manifest)
    return write_version(directory=directory, manifest=changed, fill=fill)[0]


def changed_weights(
    source: Path, directory: Path, change: Callable[[dict[str, torch.Tensor]], None]
) -> Path:
    """A copy with other tensors in its only file of weights."""

    def fill(target: Path) -> None:
        (path,) = [path for path in target.glob("*model.safetensors")]
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path, metadata={"format": "pt"})

    return remade(source, directory, fill)


def blurred(source: Path, directory: Path, *, by: float) -> Path:
    """A copy that has forgotten something: noise of so many standard deviations in its weights."""

    def blur(tensors: dict[str, torch.Tensor]) -> None:
        torch.manual_seed(0)
        for name, tensor in tensors.items():
            spread = tensor.std() if tensor.numel() > 1 else 0.0
            tensors[name] = tensor + by * spread * torch.randn_like(tensor)

    return changed_weights(source, directory, blur)


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
