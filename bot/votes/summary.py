"""What `punchline votes summary` shows."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.phrases import counted
from bot.settings import LearningSettings
from bot.votes.choosing import Chosen
from bot.votes.weights import CLIQUE, weigh

__all__ = ["show_summary"]


def show_summary(chosen: Chosen, *, rules: LearningSettings, console: Console) -> None:
    """Print counts, shares and what is missing; off a terminal no line is broken."""
    lines = _lines(chosen, rules)
    if not console.is_terminal:
        for name, value in lines:
            console.print(Text(f"{name}: {value}"), soft_wrap=True)
        return
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(style="bold")
    for name, value in lines:
        table.add_row(name, Text(value))
    console.print(table)


def _lines(chosen: Chosen, rules: LearningSettings) -> list[tuple[str, str]]:
    votes = chosen.learnable
    up = sum(row.value > 0 for row in votes)
    weighing = weigh(
        [row.member for row in votes],
        member_share=rules.member_share,
        clique_share=rules.clique_share,
    )
    before, after = weighing.before, weighing.after
    flooding = f"{counted(chosen.flooded, 'vote')} in {counted(len(chosen.floods), 'flood')}"
    return [
        ("votes", f"{len(votes)}, {up} up and {len(votes) - up} down"),
        ("of them held out to judge by", f"{len(chosen.held_out)}"),
        ("jokes voted on", f"{len({row.joke_id for row in votes})}"),
        ("members who voted", f"{len({row.member for row in votes})}"),
        ("heaviest member", f"{before.member:.1%} of all votes, {after.member:.1%} of the weight"),
        (
            f"heaviest {CLIQUE} members",
            f"{before.clique:.1%} of all votes, {after.clique:.1%} of the weight",
        ),
        ("set aside, hidden or found offensive", counted(len(chosen.withheld), "vote")),
        ("set aside, new members in a short time", flooding),
        *(
            (
                f"flood on {flood.community.front} ({flood.community.key})",
                f"{counted(len(flood.votes), 'vote')} from {flood.votes[0].voted_at:%F %H:%M}"
                f" to {flood.votes[-1].voted_at:%F %H:%M} UTC",
            )
            for flood in chosen.floods
        ),
        ("to learn from", str(chosen.shortage(rules.minimum_votes))),
    ]
