"""A filter that may take a new key for a known one, and never a known one for new."""

import random

from finetune.corpus.bloom_filter import BloomFilter


def keys(number: int, *, seed: int) -> list[int]:
    chooser = random.Random(seed)
    return [chooser.getrandbits(64) - (1 << 63) for _ in range(number)]


def test_what_was_added_is_always_found() -> None:
    known = BloomFilter()
    known.add(keys(20_000, seed=1))
    assert all(key in known for key in keys(20_000, seed=1))


def test_hardly_anything_else_is_found() -> None:
    known = BloomFilter()
    known.add(keys(20_000, seed=1))
    assert sum(key in known for key in keys(20_000, seed=2)) < 20
