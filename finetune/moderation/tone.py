"""How offensive the tone of a text is, by the classifier of alt-profanity-check."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

__all__ = ["ToneClassifier"]


class ToneClassifier:
    """Gives each text the probability that it is offensive.

    The package's own `predict_prob` is a `TfidfVectorizer` and a `CalibratedClassifierCV` of
    scikit-learn: a text is a vector x of how often it has each word, times how rare the word is,
    brought to length 1; some linear support vector machines see it, each with a weight vector w and
    an intercept c, and a sigmoid of slope a and offset b makes a probability of each margin (Platt
    1999). Their mean is the answer: mean(1 / (1 + exp(a (w x + c) + b))). A joke has twenty words,
    so the sum is done in no time; what scikit-learn spends is on checking and converting its input,
    once more in each machine.
    """

    def __init__(self, *, vectorizer: Any, classifier: Any) -> None:
        members = classifier.calibrated_classifiers_
        machines = [member.estimator for member in members]
        sigmoids = [member.calibrators[0] for member in members]
        self._words = vectorizer.build_analyzer()
        self._places = vectorizer.vocabulary_
        self._rarity = vectorizer.idf_
        self._weights = np.concatenate([machine.coef_ for machine in machines]).T.copy()
        self._intercepts = np.concatenate([machine.intercept_ for machine in machines])
        self._slopes = np.array([sigmoid.a_ for sigmoid in sigmoids])
        self._offsets = np.array([sigmoid.b_ for sigmoid in sigmoids])

    @classmethod
    def load(cls) -> Self:
        """The classifier that ships with the package; takes about a second."""
        from profanity_check.profanity_check import model, vectorizer

        return cls(vectorizer=vectorizer, classifier=model)

    def offensiveness(self, texts: Sequence[str]) -> Sequence[float]:
        """A probability for each text, in order."""
        return [self._probability(text) for text in texts]

    def _probability(self, text: str) -> float:
        found = (self._places.get(word) for word in self._words(text))
        counts = Counter(place for place in found if place is not None)
        margins = self._intercepts
        if counts:
            places = np.fromiter(counts, dtype=np.intp)
            vector = np.fromiter(counts.values(), dtype=np.float64) * self._rarity[places]
            margins = vector / math.sqrt(vector @ vector) @ self._weights[places] + margins
        return float((1.0 / (1.0 + np.exp(self._slopes * margins + self._offsets))).mean())
