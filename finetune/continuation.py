"""Plain continuation of a text, as it is written: what a model knows before it is taught jokes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, TextStreamer

from finetune.models import LoadedModel
from finetune.moderation.characters import forbidden_in

__all__ = ["FAMOUS_BEGINNINGS", "ContinuationError", "Drawing", "continue_text", "showable"]

FAMOUS_BEGINNINGS = (
    "In the Matrix movie, Agent Smith has the famous monologue about humanity: You move to an area "
    "and you multiply and multiply until every natural resource is consumed. There is another "
    "organism on this planet that follows the same pattern. Do you know what it is? A",
    "Artificial general intelligence is",
    "The Godfather: \"I'm going to make him an offer he can't refuse.\"",
)
"""The three texts this project's first model was looked at with before it was taught."""

_LINE_CHARACTERS = frozenset("\n\t")


class ContinuationError(Exception):
    """A text that cannot be continued; the message is one sentence that says what to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """How tokens are drawn: at most `tokens`, from the `top_k` likeliest (0: all) of each.

    A temperature of 0 always takes the likeliest.
    """

    tokens: int
    top_k: int
    temperature: float
    seed: int


def continue_text(
    loaded: LoadedModel, text: str, *, drawing: Drawing, write: Callable[[str], None]
) -> None:
    """Continue a text without any template and `write` what comes, word by word.

    The randomness of the rest of the process is left as it was. Raises `ContinuationError` when
    the text and what is to come are longer than the model can read.
    """
    # A lone surrogate is no character, and a tokenizer refuses the whole text because of it.
    sound = text.encode(errors="replace").decode()
    prompt = loaded.tokenizer.encode(sound, add_special_tokens=False)
    if not prompt:
        raise ContinuationError("There is nothing to continue; give a --prompt with some text.")
    longest = getattr(loaded.model.config, "max_position_embeddings", None)
    if longest is not None and len(prompt) + drawing.tokens > longest:
        raise ContinuationError(
            f"The text has {len(prompt):,} tokens and {drawing.tokens:,} are to come, but this "
            f"model reads {longest:,} at most; shorten one of them."
        )
    ids = torch.tensor([prompt], device=loaded.model.device)
    devices = [loaded.model.device] if loaded.model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(drawing.seed)
        model: Any = loaded.model
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            generation_config=_configuration(loaded.tokenizer, drawing),
            streamer=_Writer(loaded.tokenizer, write),
        )


def showable(text: str) -> str:
    """Text without the characters that could steer a terminal or hide in it."""
    hidden = forbidden_in(text) - _LINE_CHARACTERS
    return text.translate({ord(char): None for char in hidden})


def _configuration(tokenizer: Any, drawing: Drawing) -> GenerationConfig:
    greedy = drawing.temperature == 0
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=not greedy,
        temperature=None if greedy else float(drawing.temperature),
        top_k=None if greedy else drawing.top_k,
        max_new_tokens=drawing.tokens,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )


class _Writer(TextStreamer):
    """Hands on whole words as they are generated, without the prompt."""

    def __init__(self, tokenizer: Any, write: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._write = write

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Write some more text."""
        self._write(showable(text))
