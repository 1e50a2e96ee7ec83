"""Remembers in a fixed number of bytes which keys were surely never seen."""

from collections.abc import Iterable

__all__ = ["BloomFilter"]

_BITS = 28
_MASK = (1 << _BITS) - 1
_SECOND = 30


class BloomFilter:
    """A Bloom filter (1970) of 32 MiB for keys of 64 random bits, which are their own two hashes.

    A key that was added is always found. Of others one in 35 is found too once 25 million keys were
    added, and more beyond that, so whoever asks looks closer when a key is found.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << _BITS - 3)

    def add(self, keys: Iterable[int]) -> None:
        """Remember keys."""
        bits = self._bits
        for key in keys:
            for place in (key & _MASK, key >> _SECOND & _MASK):
                bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: int) -> bool:
        bits, one, other = self._bits, key & _MASK, key >> _SECOND & _MASK
        return bool(bits[one >> 3] >> (one & 7) & bits[other >> 3] >> (other & 7) & 1)
