"""What trials found, as tables for people."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table

from finetune.evaluation.bootstrap import Figure
from tests.campaigns.crowds.figures import Growth, RatedLesson, Shares, Taught, promises_broken

__all__ = ["LEGEND", "growth_table", "ratings_table"]

LEGEND = (
    "told: the share of jokes to the crowd's taste as members get them, the taste model choosing"
    " among candidates. no topic: those of them that no topic was asked for, because jokes that"
    " mention one come first whatever is liked. raw: the same as told with the taste model left"
    " out, so that only a retrain can change it. AUC: how well the taste model ranks raw jokes"
    " nobody has voted on, by votes with their noise, and by the hidden taste itself. Intervals are"
    " 95 %."
)


def growth_table(growth: Growth) -> Table:
    """The shares by votes, what came of the retrain, and how long members waited."""
    crowd = ", sabotaged" if growth.sabotaged else ""
    model = "" if growth.with_taste_model else ", without the taste model"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{growth.taste}{crowd}{model}; recipe {growth.recipe}",
        title_justify="left",
        title_style="bold",
    )
    for column in ("votes", "told", "no topic", "raw", "AUC of votes", "AUC of the taste"):
        table.add_column(column)
    for shares in growth.by_votes:
        table.add_row(str(shares.votes), *_row(shares))
    if growth.after is not None:
        served = "" if growth.served else ", not serving"
        table.add_row(f"retrained on {growth.by_votes[-1].votes}{served}", *_row(growth.after))
    lines = [*(_lines(growth.taught) if growth.taught else ())]
    lines += [f"waiting, {doing}: {waits.text()}" for doing, waits in growth.latency.items()]
    lines += [f"BROKEN: {sentence}" for sentence in promises_broken(growth)]
    table.caption = "\n".join(lines)
    table.caption_justify = "left"
    return table


def ratings_table(lesson: RatedLesson, *, recipe: str) -> Table:
    """How well each scorer ranks ratings that nobody has learned from."""
    minutes = f"{lesson.minutes:.1f} minutes"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"Real ratings; recipe {recipe}, {_kinds(lesson.learned_from)} learned in {minutes}",
        caption=f"judged by {_kinds(lesson.judged_by)}; intervals are 95 %",
        title_justify="left",
        title_style="bold",
        caption_justify="left",
    )
    table.add_column("what ranks the held-out jokes")
    table.add_column("AUC")
    rows = {
        "the version before, mean log-probability of a token": lesson.before,
        "the version after": lesson.after,
        "what it learned: after less before": lesson.learned,
        "the bot's taste model on the same votes": lesson.taste,
        "logistic regression on all features": lesson.logistic,
    }
    for words, figure in rows.items():
        table.add_row(words, _text(figure, share=False))
    return table


def _kinds(counts: Mapping[str, int]) -> str:
    return f"{counts['liked']} liked and {counts['disliked']} disliked"


def _row(shares: Shares) -> Sequence[str]:
    figures = (shares.told, shares.freely, shares.raw, shares.auc, shares.auc_rule)
    kinds = (True, True, True, False, False)
    return [_text(figure, share=kind) for figure, kind in zip(figures, kinds, strict=True)]


def _text(figure: Figure | None, *, share: bool) -> str:
    if figure is None:
        return "–"
    if share:
        return f"{figure.value:.1%} ({100 * figure.low:.0f}–{100 * figure.high:.0f})"
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"


def _lines(taught: Taught) -> Sequence[str]:
    stages = ", ".join(f"{name} {minutes:.1f}" for name, minutes in taught.stage_minutes.items())
    lines = [
        f"retrain: {taught.ending} {taught.detail}",
        f"minutes until the verdict: {taught.minutes:.1f} ({stages})",
        f"votes learned from: {taught.learned_votes}; five heaviest members' share of the weight: "
        f"{taught.clique_share:.1%}",
        f"verdict: {'passed' if taught.passed else ' '.join(taught.reasons) or 'none'}",
    ]
    if taught.loss:
        change = taught.loss[1] / taught.loss[0] - 1
        lines.append(
            f"held-out loss: {taught.loss[0]:.4f} before, {taught.loss[1]:.4f} after, {change:+.1%}"
        )
    if taught.auc:
        lines.append(
            f"AUC of held-out votes: {taught.auc[0]:.3f} before, {taught.auc[1]:.3f} after"
        )
    if taught.agreement:
        lines.append("AUC of what was learned: " + _text(taught.agreement, share=False))
    if taught.trial_votes:
        lines.append(f"members who voted in the trial: {taught.trial_votes}")
    return lines
