"""What a taste thinks of the jokes that were voted on, and of those of a corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from finetune.progress import Progress
from finetune.retraining.examples import VoteExample
from finetune.retraining.features import joke_features
from finetune.retraining.taste import Taste
from finetune.training.learner import Learner
from finetune.training.packing import alone

__all__ = ["Judgement", "relabelled"]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Judges jokes, `rows` at once, by a taste learned from votes."""

    taste: Taste
    examples: Sequence[VoteExample]
    learner: Learner
    rows: int
    progress: Progress

    @classmethod
    def of(
        cls,
        given: Sequence[VoteExample],
        *,
        learner: Learner,
        caution: float,
        rows: int,
        progress: Progress,
    ) -> Self:
        """A taste learned from votes; `examples` are the votes as it would have given them."""
        features = joke_features(
            learner,
            [alone(each.example) for each in given],
            rows=rows,
            stage="learning the taste of the votes",
            progress=progress,
        )
        taste = Taste.fit(
            features,
            liked=[each.vote.label for each in given],
            weights=[each.vote.weight for each in given],
            caution=caution,
        )
        return cls(
            taste=taste,
            examples=relabelled(given, taste.chances(features)),
            learner=learner,
            rows=rows,
            progress=progress,
        )

    def best_of(
        self, jokes: Sequence[Mapping[str, list[int]]], *, count: int
    ) -> list[Mapping[str, list[int]]]:
        """The `count` jokes that it likes most, in their order."""
        if len(jokes) <= count:
            return list(jokes)
        features = joke_features(
            self.learner,
            jokes,
            rows=self.rows,
            stage="choosing jokes of the corpus",
            progress=self.progress,
        )
        chosen = np.argsort(-self.taste.chances(features), kind="stable")[:count]
        return [jokes[place] for place in sorted(chosen.tolist())]


def relabelled(examples: Sequence[VoteExample], chances: NDArray[np.float64]) -> list[VoteExample]:
    """The votes, in order, with those liked whose `chances` [votes] are best.

    As much weight is for and against as was before, so what is mistaken is turned around and a
    crowd that likes nearly everything still does.
    """
    wanted = sum(each.vote.weight for each in examples if each.vote.label)
    order = np.argsort(-chances, kind="stable")
    weights = np.array([each.vote.weight for each in examples])[order]
    # A vote that crosses the line counts for the side on which most of it lies.
    liked = np.zeros(len(examples), dtype=bool)
    liked[order] = np.cumsum(weights) - weights / 2 < wanted
    return [
        replace(each, vote=replace(each.vote, label=bool(label)))
        for each, label in zip(examples, liked, strict=True)
    ]
