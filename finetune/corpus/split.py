"""Which side of the split a joke is on."""

import hashlib

from finetune.moderation import fingerprint

__all__ = ["is_held_out", "is_mark_held_out"]

_BYTES = 8


def is_held_out(text: str, *, share: float) -> bool:
    """Whether a joke is kept from training; about `share` of all jokes are.

    Only the joke's own fingerprint decides, so it stays on its side whatever else is added.
    """
    return is_mark_held_out(fingerprint(text), share=share)


def is_mark_held_out(mark: str, *, share: float) -> bool:
    """The same of a joke whose fingerprint is known already."""
    digest = hashlib.blake2b(mark.encode(), digest_size=_BYTES, person=b"held-out")
    return int.from_bytes(digest.digest()) < share * (1 << 8 * _BYTES)
