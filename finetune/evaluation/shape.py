"""Whether jokes come to an end, go round in circles, and how long they are."""

from collections.abc import Sequence

from finetune.candidates import Candidate
from finetune.evaluation.bootstrap import Figure, quantile_figure, share_figure
from finetune.moderation.repetition import is_looping

__all__ = ["complete_share", "length_spread", "looping_share"]

_QUANTILES = {"words_p10": 0.1, "words_median": 0.5, "words_p90": 0.9}


def complete_share(candidates: Sequence[Candidate], *, seed: int) -> Figure:
    """Share of the candidates that the model ended itself."""
    return share_figure([candidate.complete for candidate in candidates], seed=seed)


def looping_share(texts: Sequence[str], *, seed: int) -> Figure:
    """Share of the texts in which words or lines come over and over."""
    return share_figure([is_looping(text) for text in texts], seed=seed)


def length_spread(texts: Sequence[str], *, seed: int) -> dict[str, Figure]:
    """The tenth, fiftieth and ninetieth percentile of the length in words."""
    lengths = [len(text.split()) for text in texts]
    return {
        name: quantile_figure(lengths, quantile, seed=seed) for name, quantile in _QUANTILES.items()
    }
