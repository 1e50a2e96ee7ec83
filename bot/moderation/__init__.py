"""Keeps what goes into the model and what comes out of it fit to be shown."""

from bot.moderation.moderator import Moderator
from bot.moderation.novelty import fingerprint
from bot.moderation.presentation import presentable
from bot.moderation.prompts import PromptTooLong, clean_prompt
from bot.moderation.tiers import Cause, Tier, Verdict

__all__ = [
    "Cause",
    "Moderator",
    "PromptTooLong",
    "Tier",
    "Verdict",
    "clean_prompt",
    "fingerprint",
    "presentable",
]
