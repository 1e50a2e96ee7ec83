"""Held-out votes as jokes, and how likely a version finds them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.models import LoadedModel
from finetune.progress import Progress
from finetune.retraining.examples import VoteExample, vote_examples
from finetune.retraining.likelihood import joke_log_probabilities
from finetune.retraining.votes import Vote, read_votes
from finetune.template import Template
from finetune.training.packing import alone, by_length, on_device

__all__ = ["VotedJokes", "read_held_out", "voted_jokes"]

_BATCH = 16
_LONGEST = 512

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class VotedJokes:
    """Each joke once: its tokens, and the weights [jokes] of its liked and disliked votes."""

    rows: Sequence[Mapping[str, list[int]]]
    liked: _Floats
    disliked: _Floats
    votes: int

    @torch.inference_mode()
    def scores(self, loaded: LoadedModel, progress: Progress) -> _Floats:
        """The mean log-probability of a token of each joke, its end included, in nats: [jokes]."""
        found, done = np.zeros(len(self.rows)), 0
        for places in by_length(self.rows, size=_BATCH):
            batch = on_device(
                [self.rows[place] for place in places],
                pad_id=loaded.tokenizer.eos_token_id,
                device=loaded.model.device,
            )
            whole = joke_log_probabilities(loaded.model, batch).double().cpu().numpy()
            tokens = (batch["labels"] >= 0).sum(dim=1).cpu().numpy()
            found[places] = whole / tokens
            done += len(places)
            progress(f"{loaded.version}: held-out votes", done, len(self.rows))
        return found


def read_held_out(path: Path) -> Sequence[Vote]:
    """The votes of a file; none of an empty one, as a small community's is. Raises `VotesError`."""
    if path.is_file() and not path.read_bytes().strip():
        return ()
    return read_votes(path).votes


def voted_jokes(
    votes: Sequence[Vote], *, tokenizer: Any, template: Template, most: int, seed: int
) -> VotedJokes:
    """The jokes of the votes, or so many of them drawn by chance.

    Those that are too long for the template or the model are left out. Raises `VotesError` for a
    prompt that the template does not make.
    """
    by_joke: dict[tuple[str, str], list[VoteExample]] = {}
    for each in vote_examples(votes, tokenizer=tokenizer, template=template, length=_LONGEST):
        by_joke.setdefault((each.vote.prompt, each.vote.completion), []).append(each)
    jokes = list(by_joke.values())
    chosen = random.Random(seed).sample(jokes, min(most, len(jokes)))  # noqa: S311 - no secret
    return VotedJokes(
        rows=[alone(examples[0].example) for examples in chosen],
        liked=_weights(chosen, label=True),
        disliked=_weights(chosen, label=False),
        votes=sum(map(len, chosen)),
    )


def _weights(jokes: Sequence[Sequence[VoteExample]], *, label: bool) -> _Floats:
    return np.array(
        [
            sum(each.vote.weight for each in examples if each.vote.label is label)
            for examples in jokes
        ],
        dtype=float,
    )
