"""What a model makes of whole jokes: the features that a taste is learned on."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.progress import Progress
from finetune.training.learner import Learner
from finetune.training.packing import IGNORED, by_length, on_device

__all__ = ["joke_features"]

_DEPTHS = (0.27, 0.87)
"""Where states are taken, as shares of all layers: wording is plain early, meaning late."""

_LENGTHS = 10
"""How often the length stands among the hundreds of others, each of which may tell little."""


@torch.no_grad()
def joke_features(
    learner: Learner,
    jokes: Sequence[Mapping[str, list[int]]],
    *,
    rows: int,
    stage: str,
    progress: Progress,
) -> NDArray[np.float64]:
    """The mean hidden states of each joke at two depths, and how long it is: [jokes, width].

    Each joke is a row with `input_ids`, `position_ids` and `labels`. They are read by the learner
    as it is now, `rows` at once, those of like length together.
    """
    model = learner.model
    # The part below the vocabulary, whose logits nobody asks for, with adapters in place.
    body = (model.get_base_model() if hasattr(model, "get_base_model") else model).base_model
    was_training = model.training
    model.eval()
    mixed = learner.autocast()
    found: dict[int, NDArray[np.float64]] = {}
    try:
        for places in by_length(jokes, size=rows):
            progress(stage, len(found), len(jokes))
            batch = on_device(
                [jokes[place] for place in places],
                pad_id=learner.tokenizer.eos_token_id,
                device=model.device,
            )
            with mixed:
                states = body(
                    input_ids=batch["input_ids"],
                    position_ids=batch["position_ids"],
                    use_cache=False,
                    output_hidden_states=True,
                ).hidden_states
            found |= zip(places, _pooled(states, batch["labels"] != IGNORED), strict=True)
    finally:
        model.train(was_training)
    return np.stack([found[place] for place in range(len(jokes))])


def _pooled(states: Sequence[torch.Tensor], joke: torch.Tensor) -> NDArray[np.float64]:
    """Means [rows, width] over the tokens where `joke` [rows, length] holds."""
    length = joke.sum(dim=1, keepdim=True)
    taken = [states[round(depth * (len(states) - 1))].float() for depth in _DEPTHS]
    means = [(state * joke[..., None]).sum(dim=1) / length for state in taken]
    pooled: NDArray[np.float64] = (
        torch.cat([*means, length.log().expand(-1, _LENGTHS)], dim=1)
        .cpu()
        .numpy()
        .astype(np.float64)
    )
    return pooled
