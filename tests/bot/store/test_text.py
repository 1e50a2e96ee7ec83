"""Text comes back as it was, or is refused; on disk and in the twin alike."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.jokes import Community, JokeRequest
from bot.store.port import (
    Store,
)
from tests.bot.store.conftest import StillClock, ask, joke, used, would_tell

HOSTILE = [
    "🤡👩\u200d👩\u200d👧 \u202eשלום\u202c مرحبا",
    "'; DROP TABLE jokes; --",
    "zero\u200bwidth\u2028line\r\n\ttab",
    "e\u0301 is not \u00e9",
    "%s {} \\ \x1b[31m \x7f",
    "x" * 100_000,
    "",
]
ANY_TEXT = st.text(st.characters(), max_size=60)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_comes_back_unchanged(store: Store, text: str) -> None:
    community = Community(front="discord", key=text)
    number = await store.open_request(ask(community, text, topic=text, opening=text, address=text))
    assert await store.mark_told(number, joke(text, fingerprint=text))
    await store.vote(number, text, 1)
    assert not await would_tell(store, community, text)
    assert [row.text for row in await store.top(community, since=None, limit=1)] == [text]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udfff"])
async def test_text_that_cannot_be_stored_is_refused_and_changes_nothing(
    store: Store, clock: StillClock, text: str
) -> None:
    number = await store.open_request(ask())
    for detail in ("topic", "opening", "address", "member"):
        hostile: dict[str, Any] = {detail: text}
        with pytest.raises(ValueError, match="cannot be stored"):
            await store.open_request(replace(ask(), **hostile))
    for told in (joke(text), joke(fingerprint=text)):
        with pytest.raises(ValueError, match="cannot be stored"):
            await store.mark_told(number, told)
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.top(Community(front="discord", key=text), since=None, limit=1)
    assert await used(store, ask(), of_everybody=True) == 1
    assert await store.mark_told(number, joke())


async def test_numbers_that_cannot_be_stored_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="63 bits"):
        await store.open_request(ask(seed=2**63))
    number = await store.open_request(ask(seed=2**63 - 1))
    worthless = joke()
    object.__setattr__(worthless, "score", float("nan"))
    with pytest.raises(ValueError, match="finite"):
        await store.mark_told(number, worthless)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=ANY_TEXT, member=ANY_TEXT, topic=ANY_TEXT, text=ANY_TEXT)
async def test_any_text_is_kept_or_refused_cleanly(
    store: Store, key: str, member: str, topic: str, text: str
) -> None:
    community = Community(front="discord", key=key)
    if any(map(UNSTORABLE.search, (key, member, topic, text))):
        with pytest.raises(ValueError, match="cannot be stored"):
            await _tell_and_vote(store, ask(community, member, topic=topic), text)
    else:
        await _tell_and_vote(store, ask(community, member, topic=topic), text)
        assert text in {row.text for row in await store.top(community, since=None, limit=100)}


async def _tell_and_vote(store: Store, request: JokeRequest, text: str) -> None:
    number = await store.open_request(request)
    assert await store.mark_told(number, joke(text))
    await store.vote(number, request.member, 1)
