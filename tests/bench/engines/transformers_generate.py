"""`transformers.generate`, as its documentation says: padded on the left, with a mask."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar

from finetune.models import choose_device, choose_dtype, load_model
from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P, EngineModel

__all__ = ["GenerateEngine"]


class GenerateEngine:
    """The model in bfloat16."""

    def __init__(self, model: EngineModel) -> None:
        disable_progress_bar()  # type: ignore[no-untyped-call]
        device = choose_device("auto")
        self._model: Any = load_model(
            model.directory,
            name=model.name,
            device=device,
            dtype=choose_dtype("auto", device),
        ).model

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        """One padded batch."""
        width = max(map(len, prompts))
        device = self._model.device
        ids = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        output = self._model.generate(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=torch.tensor(mask, device=device),
            do_sample=True,
            temperature=TEMPERATURE,
            top_k=0,
            top_p=TOP_P,
            min_new_tokens=NEW_TOKENS,
            max_new_tokens=NEW_TOKENS,
            pad_token_id=0,
        )
        return int((output.shape[1] - width) * len(prompts))

    @torch.inference_mode()
    def read(self, text: Sequence[int]) -> Any:
        """The whole text in one pass."""
        logits = self._model(input_ids=torch.tensor([text[:-1]], device=self._model.device)).logits
        return logits[0].float().cpu().numpy()
