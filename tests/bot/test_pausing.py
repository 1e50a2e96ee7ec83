"""A pause holds until it is ended, and outlives a restart."""

from pathlib import Path

import pytest

from bot.pausing import Pause
from bot.store.port import StoreUnavailable
from bot.store.store import SqlStore
from tests.twins.store import MemoryStore


async def test_jokes_are_not_paused_until_somebody_says_so() -> None:
    pause = Pause(records=MemoryStore().records)
    assert not pause.on
    await pause.recall()
    assert not pause.on


async def test_a_pause_can_be_begun_and_ended_again_and_again() -> None:
    pause = Pause(records=MemoryStore().records)
    for on in (True, True, False, False, True):
        await pause.set(on)
        assert pause.on is on


@pytest.mark.parametrize("on", [True, False])
async def test_what_was_decided_holds_after_a_restart(on: bool) -> None:
    records = MemoryStore().records
    before = Pause(records=records)
    await before.set(True)
    await before.set(on)
    after = Pause(records=records)
    await after.recall()
    assert after.on is on


async def test_a_pause_that_cannot_be_kept_is_not_begun(tmp_path: Path) -> None:
    store = await SqlStore.open(directory=tmp_path / "data")
    pause = Pause(records=store.records)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await pause.set(True)
    assert not pause.on


async def test_another_process_follows_and_an_outage_changes_nothing(tmp_path: Path) -> None:
    store = await SqlStore.open(directory=tmp_path / "data")
    here, there = Pause(records=store.records), Pause(records=store.records)
    await here.set(True)
    assert not there.on
    await there.follow()
    assert there.on
    await store.close()
    await there.follow()
    assert there.on
