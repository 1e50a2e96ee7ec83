"""What every engine that is measured can do; each runs in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

__all__ = ["NEW_TOKENS", "TEMPERATURE", "TOP_P", "Engine", "EngineModel"]

NEW_TOKENS = 48
TEMPERATURE = 0.9
TOP_P = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineModel:
    """The same weights in two forms; `scratch` is where engines keep what they build."""

    directory: Path
    name: str
    gguf: Path
    scratch: Path


class Engine(Protocol):
    """Decodes requests together, and reads texts."""

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        """Draw `NEW_TOKENS` for each prompt, all at once; returns how many were drawn in all.

        At `TEMPERATURE` from the likeliest `TOP_P`, and nothing ends a text.
        """

    def read(self, text: Sequence[int]) -> Any:
        """Logits [tokens - 1, vocabulary] for each token of a text but the first."""
