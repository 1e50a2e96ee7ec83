"""Names of what writes touch, see `bot.store.backend.Among`."""

from bot.jokes import Community

__all__ = ["community_name", "draw_name", "joke_name"]


def community_name(community: Community) -> str:
    """Its requests, quotas, and what was told there."""
    return f"community {community.front}:{community.key}"


def joke_name(joke_id: int) -> str:
    """A joke's votes, where it is shown, and whether it has arrived."""
    return f"joke {joke_id}"


def draw_name(version: str, seed: int) -> str:
    """A draw on the shelf of a version."""
    return f"draw {version}:{seed}"
