"""A moderator with a handful of words, which loads nothing."""

from collections.abc import Sequence

from finetune.moderation import Cause, Moderator
from finetune.moderation.wordlist import Wordlist

__all__ = ["BAD_TONE", "RUDE", "small_moderator"]

RUDE = "poppycock"
"""A word the family tier refuses, in prompts and in jokes."""

BAD_TONE = "grumble"
"""A word the classifier of this twin takes for offensive."""


def small_moderator() -> Moderator:
    """A moderator that minds only `RUDE` and, in jokes, `BAD_TONE`."""
    nothing = Wordlist.parse("")
    listed = [cause for cause in Cause if cause not in (Cause.HOSTILITY, Cause.TONE)]
    return Moderator(
        causes={**dict.fromkeys(listed, nothing), Cause.PROFANITY: Wordlist.parse(RUDE)},
        contexts=dict.fromkeys(("children", "abusers", "hostile", "harmless"), nothing),
        offensiveness=_offensiveness,
    )


def _offensiveness(texts: Sequence[str]) -> list[float]:
    return [float(BAD_TONE in text) for text in texts]
