"""A model about to be taught: a base, or a version to go on from, with trainable weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoTokenizer
from transformers.pytorch_utils import Conv1D

from finetune.artifacts import is_adapter
from finetune.models import quiet_transformers, read_weights
from finetune.recipes.recipe import Recipe
from finetune.template import Template, TemplateKind
from finetune.training.failures import TrainingError

__all__ = ["Learner", "learner"]


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Trainable weights, their tokenizer and the template to teach.

    With `mixed_precision` products are computed in bfloat16 (torch autocast) whatever the weights
    are kept in.
    """

    model: Any
    tokenizer: Any
    template: Template
    mixed_precision: bool

    def autocast(self) -> torch.autocast:
        """A context in which the model is asked about anything."""
        return torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.mixed_precision)


def learner(
    recipe: Recipe,
    *,
    base_directory: Path,
    parent: Path | None,
    device: torch.device,
    dtype: torch.dtype,
) -> Learner:
    """The base made trainable as the recipe says, or `parent`'s adapter trained further.

    A base that stays as it is under an adapter is kept in `dtype`; weights that are trained are
    kept in float32, since small steps would vanish in bfloat16. Raises `TrainingError`.
    """
    quiet_transformers()
    source = parent if parent is not None and not is_adapter(parent) else base_directory
    lora = recipe.method == "lora"
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source, local_files_only=True)
        model: Any = read_weights(source, dtype=dtype if lora else torch.float32)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(f"{source} cannot be loaded as a model: {reason}") from error
    if not tokenizer.is_fast or tokenizer.eos_token_id is None:
        raise TrainingError(
            f"{source} has no fast tokenizer with an end-of-text token, which jokes need to end."
        )
    model.config.use_cache = False
    if lora:
        model = _with_adapter(model, recipe, parent if parent != source else None)
    elif parent is not None and is_adapter(parent):
        raise TrainingError(
            f"{parent} is an adapter; teach it further with method=lora, or begin from its base."
        )
    return Learner(
        model=model.to(device),
        tokenizer=tokenizer,
        template=Template(kind=TemplateKind.PLAIN),
        mixed_precision=dtype is torch.bfloat16,
    )


def _with_adapter(model: Any, recipe: Recipe, adapter: Path | None) -> Any:
    if adapter is not None:
        adapted = PeftModel.from_pretrained(model, adapter, is_trainable=True)
        # By its published name peft would look for the base on the hub at every checkpoint.
        adapted.peft_config["default"].base_model_name_or_path = model.config._name_or_path
        return adapted
    lora = recipe.lora
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        use_rslora=lora.rank_stabilised,
        # The GPT-2 family keeps its weights the other way round.
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in model.modules()),
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise TrainingError(
            f"No adapter can be added to the layers of lora.targets: {error}."
        ) from None
