"""All measures that need nothing but the jokes themselves."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.bootstrap import Figure
from finetune.evaluation.copying import copied_share, near_duplicate_share
from finetune.evaluation.diversity import distinct_bigrams, self_bleu
from finetune.evaluation.embedding import (
    FEWEST_TEXTS,
    EmbeddingMissingError,
    SentenceModel,
    classifier_accuracy,
    energy_distance,
)
from finetune.evaluation.offence import refused_shares
from finetune.evaluation.shape import length_spread, looping_share
from finetune.moderation import Moderator
from finetune.novelty import NoveltyIndex

__all__ = ["Findings", "Judge", "real_halves", "shuffled"]

_UNKNOWN_TRAINING = "it is not known what was taught; name a prepared corpus with --data"
_TOO_FEW = f"fewer than {FEWEST_TEXTS} jokes on one side"


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Figures by metric, and for what is missing why."""

    figures: dict[str, Figure]
    missing: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Compares jokes with `real` ones and with the training jokes.

    Of the training jokes `novelty` is the index and `training` are the texts, which are read once
    for each judgement; either may be unknown.
    """

    moderator: Moderator
    real: Sequence[str]
    novelty: NoveltyIndex | None
    training: Iterable[str] | None
    seed: int

    def findings(self, texts: Sequence[str]) -> Findings:
        """Everything that can be said about at least one text."""
        seed = self.seed
        figures = {
            "looping": looping_share(texts, seed=seed),
            "distinct_2": distinct_bigrams(texts, seed=seed),
            "self_bleu": self_bleu(texts, seed=seed),
            **length_spread(texts, seed=seed),
            **refused_shares(texts, moderator=self.moderator, seed=seed),
        }
        missing = {}
        if self.novelty is None:
            missing["copied"] = _UNKNOWN_TRAINING
        else:
            figures["copied"] = copied_share(texts, novelty=self.novelty, seed=seed)
        if self.training is None:
            missing["near_duplicates"] = _UNKNOWN_TRAINING
        else:
            figures["near_duplicates"] = near_duplicate_share(
                texts, training=self.training, seed=seed
            )
        distances = self._distances(texts)
        return Findings(figures=figures | distances.figures, missing=missing | distances.missing)

    def _distances(self, texts: Sequence[str]) -> Findings:
        names = {"energy_distance": energy_distance, "classifier_accuracy": classifier_accuracy}
        try:
            if min(len(texts), len(self.real)) < FEWEST_TEXTS:
                return Findings(figures={}, missing=dict.fromkeys(names, _TOO_FEW))
            sentences = SentenceModel.load()
        except EmbeddingMissingError as error:
            return Findings(figures={}, missing=dict.fromkeys(names, str(error)))
        generated, real = sentences.vectors(texts), sentences.vectors(self.real)
        return Findings(
            figures={
                name: measure(generated, real, seed=self.seed) for name, measure in names.items()
            },
            missing={},
        )


def shuffled(jokes: Sequence[CorpusJoke], *, seed: int) -> list[CorpusJoke]:
    """The jokes in an order of their own, the same for a seed always."""
    return random.Random(seed).sample(jokes, len(jokes))  # noqa: S311 - no secret


def real_halves(
    held_out: Sequence[CorpusJoke], jokes: int, *, seed: int
) -> tuple[list[str], list[str]]:
    """Two samples without a joke in common, of at most `jokes` each.

    The first is what everything is compared with, the second stands beside the versions as if a
    version had told it.
    """
    texts = [joke.text for joke in shuffled(held_out, seed=seed)[: 2 * jokes]]
    return texts[0::2], texts[1::2]
