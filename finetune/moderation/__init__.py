"""Keeps what goes into the model and what comes out of it fit to be shown."""

from finetune.moderation.fingerprints import fingerprint
from finetune.moderation.moderator import Moderator
from finetune.moderation.presentation import presentable
from finetune.moderation.prompts import PromptTooLong, clean_prompt
from finetune.moderation.tiers import Cause, Tier, Verdict

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
