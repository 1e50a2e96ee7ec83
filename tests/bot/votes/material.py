"""Votes for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.jokes import Community
from bot.votes.rows import VoteRow

__all__ = ["GUILD", "START", "crowd", "vote"]

GUILD = Community(front="discord", key="1")
START = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def vote(joke_id: int = 1, member: str = "ann", value: int = 1, **details: Any) -> VoteRow:
    """A vote, with what matters to the test in `details`; `minutes` after the start."""
    minutes = details.pop("minutes", 0.0)
    row = {
        "community": GUILD,
        "topic": None,
        "opening": None,
        "text": f"Joke number {joke_id}.",
        "model_version": "starter",
        "told_at": START,
        "voted_at": START + timedelta(minutes=minutes),
        "withheld": False,
    }
    return VoteRow(joke_id=joke_id, member=member, value=value, **{**row, **details})


def crowd(members: int = 30, jokes: int = 10) -> list[VoteRow]:
    """Everybody votes on every joke, up on the odd ones, an hour apart each."""
    return [
        vote(joke, f"member{member}", 1 if joke % 2 else -1, minutes=60 * joke)
        for joke in range(1, jokes + 1)
        for member in range(members)
    ]
