"""What the bot's admins are told of without having asked."""

from dataclasses import dataclass

from bot.learning import RunReport

__all__ = ["News", "RolledBack"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """A champion erred too often, so `version` serves again in the place of `failed`."""

    version: str
    failed: str


News = RunReport | RolledBack
"""A run that has ended or waits for an admin's decision, or a champion that was taken back."""
