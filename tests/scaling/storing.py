"""What jokes and votes take on disk, found by writing them through the real store."""

import asyncio
import itertools
import random
from pathlib import Path

from bot.jokes import Community, JokeRequest
from bot.store.port import ToldJoke
from bot.store.record_port import Post
from bot.store.store import SqlStore
from finetune.moderation import fingerprint
from tests.bench.generator import instant_jokes
from tests.scaling.measured import StoredBytes

__all__ = ["measure_bytes"]

_JOKES = 4_000
_COMMUNITIES = 200
_VOTES = 4
_TOGETHER = 50
_FEATURE_BYTES = 2


async def measure_bytes(directory: Path, *, width: int) -> StoredBytes:
    """Fill three databases under `directory`; `width` is that of the model's hidden state."""
    bare = await _filled(directory / "bare", width=0, votes=0)
    jokes = await _filled(directory / "jokes", width=width, votes=0)
    voted = await _filled(directory / "votes", width=width, votes=_VOTES)
    return StoredBytes(
        joke=jokes / _JOKES,
        vote=(voted - jokes) / (_JOKES * _VOTES),
        features=(jokes - bare) / _JOKES,
    )


async def _filled(directory: Path, *, width: int, votes: int) -> int:
    """Bytes by which a database grows."""
    directory.mkdir()
    store = await SqlStore.open(directory=directory)
    await store.close()
    empty = _size(directory)
    store = await SqlStore.open(directory=directory)
    try:
        texts = itertools.islice(instant_jokes(), _JOKES)
        waiting = [_tell(store, n, each.text, width, votes) for n, each in enumerate(texts)]
        for first in range(0, _JOKES, _TOGETHER):
            await asyncio.gather(*waiting[first : first + _TOGETHER])
    finally:
        await store.close()
    return _size(directory) - empty


async def _tell(store: SqlStore, number: int, text: str, width: int, votes: int) -> None:
    """One joke as a platform asks for it, posted and voted on."""
    community = Community(front="discord", key=str(10**17 + number % _COMMUNITIES))
    place, message = str(2 * 10**17 + number % _COMMUNITIES), str(3 * 10**17 + number)
    joke = await store.open_request(
        JokeRequest(
            community=community,
            member=str(4 * 10**17 + number % 997),
            topic="cats" if number % 2 else None,
            address=place,
            origin=message,
        )
    )
    await store.mark_told(
        joke,
        ToldJoke(
            text=text,
            fingerprint=fingerprint(text),
            model_version="starter",
            sampling={
                **{"temperature": 0.95, "top_k": 0, "top_p": 0.95, "max_tokens": 96},
                **{"seed": random.getrandbits(48), "candidates": 4},
            },
            score=-1.5,
            tokens=28,
            seconds=1.0,
            features=random.randbytes(width * _FEATURE_BYTES) if width else None,
        ),
    )
    await store.records.posted(joke, Post(front="discord", place=place, message=message))
    for voter in range(votes):
        member = str(5 * 10**17 + (number * 7 + voter) % 4_999)
        await store.vote(joke, member, random.choice((1, -1)))


def _size(directory: Path) -> int:
    return (directory / "punchline.db").stat().st_size
