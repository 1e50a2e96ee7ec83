"""What is measured, in the order of the table, and how each figure reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from finetune.evaluation.bootstrap import Figure

__all__ = ["LOSS_CHANGE", "METRICS", "Better", "Metric", "in_order"]

LOSS_CHANGE = "loss_change"


class Better(StrEnum):
    """Which value of a metric is the better one."""

    LOWER = "lower"
    HIGHER = "higher"
    NEARER = "nearer to real jokes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """`name` is the key of figures and JSON; a share is shown in per cent."""

    name: str
    label: str
    better: Better
    share: bool = False

    def text(self, value: float) -> str:
        """A value as the table shows it, without its unit."""
        return f"{100 * value:.1f}" if self.share else f"{value:.3f}"


def _share(name: str, label: str, better: Better) -> Metric:
    return Metric(name=name, label=label, better=better, share=True)


METRICS = (
    Metric(
        name="loss_per_character",
        label="Held-out loss, nats per character",
        better=Better.LOWER,
    ),
    Metric(name="loss_per_word", label="Held-out loss, nats per word", better=Better.LOWER),
    _share(LOSS_CHANGE, "Held-out loss, change", Better.LOWER),
    _share("complete", "Complete", Better.HIGHER),
    _share("looping", "Looping", Better.LOWER),
    Metric(name="distinct_2", label="Distinct-2", better=Better.NEARER),
    Metric(name="self_bleu", label="Self-BLEU", better=Better.NEARER),
    Metric(name="words_p10", label="Words, 10th percentile", better=Better.NEARER),
    Metric(name="words_median", label="Words, median", better=Better.NEARER),
    Metric(name="words_p90", label="Words, 90th percentile", better=Better.NEARER),
    _share("copied", "Eight words in a row from training", Better.LOWER),
    _share("near_duplicates", "Nearly a training joke", Better.LOWER),
    _share("offensive_family", "Offensive for tier family", Better.LOWER),
    _share("offensive_standard", "Offensive for tier standard", Better.LOWER),
    _share("offensive_adult", "Offensive for tier adult", Better.LOWER),
    _share("filtered", "Kept back by the filter", Better.LOWER),
    _share("offensive_after_filter", "Offensive after the filter", Better.LOWER),
    _share("topic_raw", "On topic, every candidate", Better.HIGHER),
    _share("topic_told", "On topic, as told", Better.HIGHER),
    Metric(name="energy_distance", label="Energy distance from real jokes", better=Better.LOWER),
    _share("classifier_accuracy", "Told from real jokes by a classifier", Better.LOWER),
)


def in_order(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """The figures in the order of the table."""
    return {metric.name: figures[metric.name] for metric in METRICS if metric.name in figures}
