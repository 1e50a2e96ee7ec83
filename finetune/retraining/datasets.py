"""Votes and replayed jokes as the rows and batches a trainer reads."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from finetune.progress import Progress
from finetune.retraining.examples import VoteExample, mismatched
from finetune.retraining.likelihood import joke_log_probabilities
from finetune.retraining.votes import balanced_weights
from finetune.training.group import WorkerGroup
from finetune.training.learner import Learner
from finetune.training.packing import IGNORED, alone, blank, collate, on_device

__all__ = ["MISMATCHED", "VotesCollator", "kto_rows", "reference_log_probabilities", "upvote_rows"]

MISMATCHED = "mismatched_"
"""Before the names of the columns that hold the prompt with the joke of another vote."""

_COLUMNS = ("input_ids", "position_ids", "labels")


def upvote_rows(examples: Sequence[VoteExample]) -> list[dict[str, Any]]:
    """A row for each vote with columns `input_ids`, `position_ids`, `labels` and `weight`."""
    weights = balanced_weights([each.vote for each in examples], balance=1.0)
    return [
        {"number": number, **alone(each.example), "weight": weight}
        for number, (each, weight) in enumerate(zip(examples, weights, strict=True))
    ]


def kto_rows(
    examples: Sequence[VoteExample],
    *,
    learner: Learner,
    rows: int,
    balance: float,
    seed: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Those columns, `liked`, the mismatched row, and what the learner gives both: its reference.

    The learner is still what it was when it began, so no second model is kept in memory; `rows`
    are read at once.
    """
    pairs = [alone(example) for example in mismatched(examples, seed=seed)]
    own = [alone(each.example) for each in examples]
    weights = balanced_weights([each.vote for each in examples], balance=balance)
    both = reference_log_probabilities(learner, [*own, *pairs], rows=rows, progress=progress)
    reference, others = both[: len(own)], both[len(own) :]
    return [
        {
            "number": number,
            **own[number],
            **{f"{MISMATCHED}{name}": pairs[number][name] for name in _COLUMNS},
            "liked": each.vote.label,
            "weight": weights[number],
            "reference": reference[number],
            f"{MISMATCHED}reference": others[number],
        }
        for number, each in enumerate(examples)
    ]


@torch.no_grad()
def reference_log_probabilities(
    learner: Learner,
    jokes: Sequence[Mapping[str, list[int]]],
    *,
    rows: int,
    progress: Progress,
) -> list[float]:
    """The log-probability of each joke under the learner as it is now, in order."""
    model = learner.model
    was_training = model.training
    model.eval()
    found: list[float] = []
    mixed = learner.autocast()
    try:
        for start in range(0, len(jokes), rows):
            progress("asking the parent about the votes", start, len(jokes))
            batch = on_device(
                jokes[start : start + rows],
                pad_id=learner.tokenizer.eos_token_id,
                device=model.device,
            )
            with mixed:
                found += joke_log_probabilities(model, batch).tolist()
    finally:
        model.train(was_training)
    return found


@dataclass(frozen=True, kw_only=True)
class VotesCollator:
    """Batches of votes, and after them `share` replayed jokes for each vote.

    The rows of jokes come last; all other tensors [votes] have one figure a vote. Which jokes are
    replayed depends on the votes of the batch and the seed alone, so a resumed run replays the
    same. Each worker of the `group` is given all votes that are read at once and gets its part of
    both. Rows without a weight, which are held-out jokes, are only padded.
    """

    replay: Sequence[Mapping[str, list[int]]]
    share: float
    pad_id: int
    seed: int
    group: WorkerGroup = field(default_factory=WorkerGroup)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Tensors `input_ids`, `position_ids`, `labels` [rows, length], and all figures.

        Three scalars say how much all workers read: `votes`, `vote_tokens`, `replayed_tokens`, the
        last one of which is never 0.
        """
        if "weight" not in rows[0]:
            return collate(_columns(rows), pad_id=self.pad_id)
        replayed = self._replayed(rows)
        own = self.group.share(rows)
        read = [*_columns(own), *self.group.share(replayed)] or [blank(self.pad_id)]
        batch = collate(read, pad_id=self.pad_id)
        figures = {
            "weight": torch.float32,
            "liked": torch.bool,
            "reference": torch.float32,
            f"{MISMATCHED}reference": torch.float32,
        }
        batch |= {
            name: torch.tensor([row[name] for row in own], dtype=dtype)
            for name, dtype in figures.items()
            if name in rows[0]
        }
        batch |= {
            "votes": torch.tensor(len(rows)),
            "vote_tokens": torch.tensor(_joke_tokens(rows)),
            "replayed_tokens": torch.tensor(max(1, _joke_tokens(replayed))),
        }
        if own and f"{MISMATCHED}labels" in rows[0]:
            others = collate(_columns(own, before=MISMATCHED), pad_id=self.pad_id)
            batch |= {f"{MISMATCHED}{name}": tensor for name, tensor in others.items()}
        return batch

    def _replayed(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, list[int]]]:
        wanted = min(math.ceil(len(rows) * self.share), len(self.replay))
        votes = ",".join(str(row["number"]) for row in rows)
        chance = random.Random(f"{self.seed}:{votes}")  # noqa: S311 - no secret
        return _columns(
            [self.replay[place] for place in chance.sample(range(len(self.replay)), wanted)]
        )


def _joke_tokens(rows: Sequence[Mapping[str, Any]]) -> int:
    """As many as are in the loss, which has none for the first token of a row."""
    return sum(label != IGNORED for row in rows for label in row["labels"][1:])


def _columns(rows: Sequence[Mapping[str, Any]], *, before: str = "") -> list[dict[str, list[int]]]:
    return [{name: row[f"{before}{name}"] for name in _COLUMNS} for row in rows]
