"""/models: the versions as a table."""

from collections.abc import Sequence

from bot.fronts.tables import aligned, shortened
from bot.languages import Words, message
from bot.learning import ModelLine, Role

__all__ = ["MODEL_NUMBERS", "liked_text", "model_lines", "model_rows", "role_text"]

MODEL_NUMBERS = (3, 4, 5)
"""The columns that hold numbers."""

_LONGEST_NAME = 24
_NOTHING = "–"
_ROLES = {
    Role.CHAMPION: message("serves"),
    Role.CHALLENGER: message("on trial"),
    Role.PREVIOUS: message("served before"),
    Role.CANDIDATE: message("being examined"),
    Role.REJECTED: message("did not pass"),
    Role.RETIRED: message("retired"),
    Role.PASSED: message("passed"),
    Role.PRUNED: message("cleared away"),
}


def model_rows(lines: Sequence[ModelLine], words: Words) -> list[tuple[str, ...]]:
    """The heading and one row a version."""
    heading = (
        words.say("version"),
        words.say("role"),
        words.say("from"),
        words.say("learned"),
        words.say("liked"),
        words.say("told"),
    )
    return [heading, *(_row(line, words) for line in lines)]


def model_lines(
    lines: Sequence[ModelLine], words: Words, *, room: int | None = None
) -> tuple[list[str], str]:
    """The table in columns, and a sentence for what does not fit into `room` characters."""
    table = aligned(model_rows(lines, words), right=MODEL_NUMBERS)
    shown, used = len(table), 0
    for place, line in enumerate(table):
        used += len(line) + 1
        if room is not None and used > room:
            shown = place
            break
    left = len(table) - shown
    more = words.count("and {number} more", "and {number} more", left) if left else ""
    return table[:shown], more


def role_text(role: Role, words: Words) -> str:
    """What a version does or what became of it."""
    return words.say(_ROLES[role])


def _row(line: ModelLine, words: Words) -> tuple[str, ...]:
    return (
        shortened(line.version, _LONGEST_NAME),
        role_text(line.role, words) if line.role else _NOTHING,
        shortened(line.parent, _LONGEST_NAME) if line.parent else _NOTHING,
        str(line.learned_votes),
        liked_text(line),
        str(line.jokes),
    )


def liked_text(line: ModelLine) -> str:
    """The share of upvotes, with what it may be in truth."""
    votes = line.up + line.down
    if not votes:
        return _NOTHING
    share, low, high = (round(100 * each) for each in (line.up / votes, line.low, line.high))
    return f"{share} % ({low}–{high})"
