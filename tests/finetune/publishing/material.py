"""Versions to publish: small, with weights that say something and a report with secrets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.artifacts import Manifest, write_version
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.report.content import TRAINING
from finetune.template import Template, TemplateKind
from tests.finetune.report.contents import content

__all__ = ["CPU", "PROMPTS", "SECRETS", "VOTES", "continued", "hub_base", "write_adapter"]

CPU = torch.device("cpu")
PROMPTS = ("JOKE:", "TOPIC: cat\nJOKE:", "TOPIC: moon\nJOKE:")
SECRETS = ("A row of the training data.", "member-4f1d", "what was told to ann")
VOTES = {
    "sha256": "ab" * 32,
    "liked": {"jokes": 30, "weight": 30.0},
    "disliked": {"jokes": 12, "weight": 12.0},
    "voters": {"member-4f1d": 7},
    "told": ["what was told to ann"],
}
_REVISION = "c" * 40


def write_adapter(
    directory: Path, *, base: Path, named: str, votes: bool = False, version: str = "funny-7"
) -> Path:
    """A LoRA adapter whose weights are not zero, as a version of this name.

    `base` is where its base is and `named` what it calls it.
    """
    torch.manual_seed(7)
    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj", "v_proj", "down_proj"]),
    )
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
    data = {**content().data, **({"votes": VOTES} if votes else {})}
    recipe = {"method": "lora", "base": named, "revision": "", "votes": {"learning": "kto"}}
    told = content(version=version, base=named, recipe=recipe, data=data)

    def fill(target: Path) -> None:
        adapted.save_pretrained(target)
        AutoTokenizer.from_pretrained(base).save_pretrained(target)
        NoveltyIndex.build(["one two three four five six seven eight"]).save(target / NOVELTY)
        (target / TRAINING).write_text(json.dumps(told.to_json()))
        (target / "notes.log").write_text(SECRETS[2])

    manifest = Manifest(
        version=version,
        base=named,
        template=Template(kind=TemplateKind.PLAIN).to_json(),
        parent="funny-6",
        recipe=recipe,
        data={"votes": VOTES} if votes else {},
    )
    return write_version(directory=directory, manifest=manifest, fill=fill)[0]


def hub_base(base: Path, cache: Path, name: str) -> None:
    """Lay a version out in the cache as a model downloaded from the hub under this name."""
    place = cache / "hub" / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(_REVISION)
    snapshot = place / "snapshots" / _REVISION
    snapshot.mkdir(parents=True)
    for path in base.iterdir():
        if path.name != "punchline.json":
            (snapshot / path.name).write_bytes(path.read_bytes())


def continued(model: Any, tokenizer: Any) -> Sequence[Sequence[int]]:
    """The likeliest tokens after each prompt."""
    found = []
    for prompt in PROMPTS:
        inputs = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        made = model.generate(**inputs, do_sample=False, max_new_tokens=24)
        found.append(made[0].tolist())
    return found
