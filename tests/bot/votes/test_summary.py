"""The table of `punchline votes summary`."""

import io

from rich.console import Console

from bot.settings import LearningSettings
from bot.votes.choosing import choose
from bot.votes.summary import show_summary
from tests.bot.votes.material import crowd, vote

RULES = LearningSettings(flood_votes=20)


def shown(*, terminal: bool) -> str:
    flood = [vote(5, f"new{n}", minutes=10 * 24 * 60 + n / 10) for n in range(25)]
    chosen = choose([*crowd(), *flood], RULES)
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    show_summary(chosen, rules=RULES, console=console)
    return out.getvalue()


def test_a_flood_is_shown_with_its_place_and_time() -> None:
    assert (
        "flood on discord (1): 25 votes from 2024-03-10 12:00 to 2024-03-10 12:02 UTC\n"
    ) in shown(terminal=False)


def test_on_a_terminal_it_is_a_table_of_the_same_words() -> None:
    plain, table = shown(terminal=False), shown(terminal=True)
    assert table.split() == plain.replace(": ", " ").split()
    assert table != plain
