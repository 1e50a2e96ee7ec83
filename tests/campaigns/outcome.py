"""What became of a promise under a campaign."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

__all__ = ["Outcome", "outcome_table"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scenario's result.

    `attempted` and `survived` count `what`; `figures` are for people, `raw` is plain JSON, and
    `broken` has one sentence for each way in which the promise was not kept.
    """

    what: str
    attempted: int
    survived: int
    figures: Mapping[str, str]
    raw: Mapping[str, Any] = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the promise was kept every time, and was put to the test at all."""
        return not self.broken and 0 < self.attempted == self.survived


def outcome_table(outcomes: Mapping[str, Outcome]) -> Table:
    """One row for each scenario."""
    table = Table(box=box.SIMPLE_HEAD, title="Campaigns", title_justify="left", title_style="bold")
    table.add_column("scenario", no_wrap=True)
    table.add_column("survived/attempted")
    table.add_column("figures")
    for name, outcome in outcomes.items():
        verdict = "kept" if outcome.kept else "BROKEN"
        figures = [f"{key}: {value}" for key, value in outcome.figures.items()]
        table.add_row(
            Text(f"{name}\n{verdict}", style="" if outcome.kept else "red"),
            f"{outcome.survived:,}/{outcome.attempted:,}\n{outcome.what}",
            "\n".join([*figures, *outcome.broken]),
        )
    return table
