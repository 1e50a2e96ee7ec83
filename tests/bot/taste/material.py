"""Jokes whose features say plainly what they are like, and votes on them."""

import numpy as np
from numpy.typing import NDArray

from bot.store.taste_port import TasteVote
from bot.taste.basis import Basis
from bot.taste.heads import TasteRules
from finetune.selection import Choice

__all__ = ["FEATURES", "RULES", "basis", "choice", "features_of", "packed", "vote"]

FEATURES = 8
RULES = TasteRules(votes=2_000, member_share=0.1, clique_share=0.25, exploration=0.0)
_SUBJECTS = {"cat": 0, "dog": 1, "moon": 2}


def packed(numbers: NDArray[np.float64]) -> bytes:
    return numbers.astype("<f2").tobytes()


def features_of(text: str, *, seed: int = 0) -> bytes:
    """One direction for each subject a joke mentions, and a little of everything else."""
    own = np.random.default_rng([seed, *text.encode()])
    numbers = own.normal(0, 0.3, FEATURES)
    for subject, place in _SUBJECTS.items():
        numbers[place] += 2.0 * (subject in text)
    return packed(numbers)


def basis() -> Basis:
    """The basis of many such jokes."""
    texts = [f"A {subject} number {n}." for subject in (*_SUBJECTS, "tree") for n in range(20)]
    return Basis.of([features_of(text) for text in texts])


def choice(text: str, *, score: float = -2.0, on_topic: bool = True) -> Choice:
    return Choice(
        text=text,
        fingerprint=text,
        tokens=5,
        score=score,
        on_topic=on_topic,
        features=features_of(text),
    )


def vote(joke_id: int, value: int, member: str = "ann") -> TasteVote:
    return TasteVote(joke_id=joke_id, member=member, value=value)
