"""What a training run would compute: the settings its memory depends on, and its model."""

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PretrainedConfig

from finetune.bases import BaseModelError
from finetune.memory.choices import Method, Optimizer

__all__ = ["Plan", "model_of", "optimizer_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`batch` sequences of `length` tokens are computed at once; `rank` is of the LoRA adapter.

    With bfloat16 products are computed in it (torch autocast). The weights that are trained stay in
    float32, and those under an adapter are kept in bfloat16, as `finetune.training.learner` does.
    """

    method: Method
    rank: int
    batch: int
    length: int
    dtype: torch.dtype
    gradient_checkpointing: bool
    optimizer: Optimizer


def model_of(config: PretrainedConfig, plan: Plan, *, device: torch.device) -> Any:
    """A model with the shapes and the trainable weights of the plan, on `meta` without any memory.

    Its weights are random. Raises `BaseModelError` for what is no causal language model.
    """
    lora = plan.method is Method.LORA
    try:
        with torch.device(device):
            model: Any = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
                config, dtype=plan.dtype if lora else torch.float32, trust_remote_code=False
            )
    except ValueError as error:
        reason = " ".join(str(error).split())[:200]
        raise BaseModelError(f"This is no causal language model: {reason}") from None
    model.config.use_cache = False
    return (_with_adapter(model, plan) if lora else model).train()


def _with_adapter(model: Any, plan: Plan) -> Any:
    from peft import LoraConfig, get_peft_model  # takes seconds, and only adapters need it

    adapter = LoraConfig(
        task_type="CAUSAL_LM", r=plan.rank, lora_alpha=plan.rank, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        # peft says that GPT-2 stores its matrices the other way round, and uses a name that
        # transformers is about to drop; neither says anything to who asks for memory.
        warnings.simplefilter("ignore")
        return get_peft_model(model, adapter, low_cpu_mem_usage=model.device.type == "meta")


def optimizer_of(model: Any, plan: Plan) -> torch.optim.Optimizer:
    """The plan's optimizer of the weights that are trained."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    if plan.optimizer is Optimizer.SGD:
        return torch.optim.SGD(trained, lr=1e-4)
    return torch.optim.AdamW(trained, lr=1e-4)
