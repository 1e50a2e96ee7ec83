"""The words of a text as comparisons between jokes read them."""

import re

from finetune.moderation.folding import plain_letters

__all__ = ["words"]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words(text: str) -> list[str]:
    """The words in order: lower case, without accents, apostrophes inside a word kept as `'`."""
    return _WORD.findall(plain_letters(text.replace("’", "'")))
