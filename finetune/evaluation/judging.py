"""All measures that need nothing but the jokes themselves."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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

__all__ = ["Findings", "Judge", "distances", "shuffled"]

_UNKNOWN_TRAINING = "it is not known what was taught; name a prepared corpus with --data"
_TOO_FEW = f"fewer than {FEWEST_TEXTS} jokes on one side"
_DISTANCES = {"energy_distance": energy_distance, "classifier_accuracy": classifier_accuracy}


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Figures by metric, and for what is missing why."""

    figures: Mapping[str, Figure] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Judges jokes as texts, and compares them with the training jokes.

    Diversity depends on how many jokes it is taken over, so of all that are compared the first
    `diversity_jokes` are used. Of the training jokes `novelty` is the index and `training` are the
    texts, which are read once for each judgement; either may be unknown.
    """

    moderator: Moderator
    diversity_jokes: int
    novelty: NoveltyIndex | None
    training: Iterable[str] | None
    seed: int

    def findings(self, texts: Sequence[str]) -> Findings:
        """Everything that can be said about at least one text."""
        compared = texts[: self.diversity_jokes]
        copying = self._copying(texts)
        return Findings(
            figures={
                "looping": looping_share(texts, seed=self.seed),
                "distinct_2": distinct_bigrams(compared, seed=self.seed),
                "self_bleu": self_bleu(compared, seed=self.seed),
                **length_spread(texts, seed=self.seed),
                **refused_shares(texts, moderator=self.moderator, seed=self.seed),
                **copying.figures,
            },
            missing=copying.missing,
        )

    def _copying(self, texts: Sequence[str]) -> Findings:
        figures, missing = {}, {}
        if self.novelty is None:
            missing["copied"] = _UNKNOWN_TRAINING
        else:
            figures["copied"] = copied_share(texts, novelty=self.novelty, seed=self.seed)
        if self.training is None:
            missing["near_duplicates"] = _UNKNOWN_TRAINING
        else:
            figures["near_duplicates"] = near_duplicate_share(
                texts, training=self.training, seed=self.seed
            )
        return Findings(figures=figures, missing=missing)


def distances(texts: Sequence[str], others: Sequence[str], *, seed: int) -> Findings:
    """How far two sets of jokes without a joke in common are from each other."""
    if min(len(texts), len(others)) < FEWEST_TEXTS:
        return Findings(missing=dict.fromkeys(_DISTANCES, _TOO_FEW))
    try:
        sentences = SentenceModel.load()
    except EmbeddingMissingError as error:
        return Findings(missing=dict.fromkeys(_DISTANCES, str(error)))
    vectors, other_vectors = sentences.vectors(texts), sentences.vectors(others)
    return Findings(
        figures={
            name: measure(vectors, other_vectors, seed=seed) for name, measure in _DISTANCES.items()
        }
    )


def shuffled(jokes: Sequence[CorpusJoke], *, seed: int) -> list[CorpusJoke]:
    """The jokes in an order of their own, always the same for a seed."""
    return random.Random(seed).sample(jokes, len(jokes))  # noqa: S311 - no secret
