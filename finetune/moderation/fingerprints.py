"""Tells whether two jokes are the same joke."""

import hashlib

from finetune.moderation.folding import plain_letters

__all__ = ["fingerprint"]

_BYTES = 16


def fingerprint(text: str) -> str:
    """32 hexadecimal digits that are equal for spellings of one joke.

    Case, accents, punctuation, emoji and whitespace do not count; a text without any letter or
    digit is taken as it stands.
    """
    letters = "".join(char for char in plain_letters(text) if char.isalnum())
    told = letters or text
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=_BYTES).hexdigest()
