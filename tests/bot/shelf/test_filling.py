"""How the shelf is filled in idle time, what becomes of it, and what idle time is."""

import asyncio
from pathlib import Path

import pytest

from bot.generation.port import GenerationError
from bot.jokes import Joke, Reason
from bot.shelf.leisure import on_battery
from bot.store.version_port import Roles, Stage
from tests.bot.room import RUDE_JOKE, SECONDS, SOUR_JOKE, later
from tests.bot.shelf.shop import NOON, Shop, candidates, run_at
from tests.campaigns.waiting import until
from tests.twins.moderator import small_moderator

BULL = "What do you call a sleeping bull? A bulldozer."

# What is shelved


async def test_it_is_filled_up_and_no_further() -> None:
    shop = Shop(jokes_per_shelf=3)
    assert await shop.fill() == 3
    assert shop.kept() == ["champion"] * 3
    assert len(shop.drawers.orders) == 3


async def test_what_was_told_is_made_up_for() -> None:
    shop = Shop(jokes_per_shelf=3)
    await shop.fill()
    await shop.joke()
    assert await shop.fill() == 1
    assert shop.kept() == ["champion"] * 3


async def test_versions_on_trial_have_a_shelf_of_their_own() -> None:
    shop = Shop(jokes_per_shelf=2, challenger="challenger")
    await shop.fill()
    assert shop.kept() == ["challenger"] * 2 + ["champion"] * 2


@pytest.mark.parametrize(
    "unfit",
    [candidates(RUDE_JOKE, SOUR_JOKE), candidates("Ha!"), []],
    ids=["nothing for families", "nothing presentable", "nothing"],
)
async def test_a_draw_without_a_joke_for_everybody_is_not_kept(
    unfit: list[object],
) -> None:
    shop = Shop(unfit)  # type: ignore[arg-type]
    assert not await shop.filling.look()
    assert shop.kept() == []


async def test_after_a_draw_in_vain_it_waits_before_the_next() -> None:
    shop = Shop([])
    await shop.filling.look()
    assert not await shop.filling.look()
    assert len(shop.drawers.orders) == 1


async def test_the_same_joke_is_not_shelved_twice() -> None:
    shop = Shop(candidates(BULL), candidates(BULL))
    assert await shop.fill() == 1
    assert shop.kept() == ["champion"]


# What becomes of it


async def test_it_is_there_again_after_a_restart() -> None:
    before = Shop()
    await before.fill()
    shop = Shop(store=before.store.successor(), quiet_seconds=SECONDS)
    assert not await shop.filling.look()
    assert isinstance(await shop.tell(), Joke)
    assert shop.drawers.orders == []


async def test_it_is_emptied_when_another_version_takes_the_place() -> None:
    shop = Shop()
    await shop.fill()
    shop.drawers.champion = "new"
    await shop.fill()
    assert shop.kept() == ["new"] * 3


async def test_a_promoted_challenger_keeps_its_own() -> None:
    shop = Shop(challenger="challenger", jokes_per_shelf=1)
    await shop.fill()
    shop.drawers.champion, shop.drawers.challenger = "challenger", None
    assert await shop.fill() == 0
    assert shop.kept() == ["challenger"]


async def test_a_challenger_that_is_not_live_yet_after_a_restart_keeps_its_own() -> None:
    before = Shop(challenger="challenger", jokes_per_shelf=1)
    await before.fill()
    shop = Shop(store=before.store.successor(), jokes_per_shelf=1)
    shop.records.row = Roles(
        origin="champion",
        champion="champion",
        challenger="challenger",
        changed_at=NOON,
        trial_began=NOON,
    )
    await shop.fill()
    assert shop.kept() == ["challenger", "champion"]
    shop.drawers.challenger = "challenger"
    await shop.fill()
    assert shop.drawers.orders == []


async def test_it_is_emptied_when_jokes_are_drawn_in_another_way() -> None:
    before = Shop()
    await before.fill()
    shop = Shop(store=before.store.successor(), candidates=3, quiet_seconds=SECONDS)
    await shop.filling.look()
    assert shop.kept() == []


async def test_what_would_not_be_told_today_is_thrown_away_at_the_start() -> None:
    lenient = Shop(candidates("A duck can say that."), candidates(BULL), jokes_per_shelf=2)
    await lenient.fill()
    strict = small_moderator()
    strict._offensiveness = lambda texts: [float("duck" in text) for text in texts]
    shop = Shop(store=lenient.store.successor(), moderator=strict, quiet_seconds=SECONDS)
    await shop.filling.look()
    (draw,) = shop.store.shelves.kept.values()
    assert [joke.choice.text for joke in draw.jokes] == [BULL]
    assert shop.shelf.stock("champion") == 1


async def test_what_another_process_has_told_is_noticed() -> None:
    shop = Shop()
    await shop.fill()
    told = Shop(store=shop.store, quiet_seconds=SECONDS)
    await told.filling.look()
    for _ in range(2):
        await told.joke()
    assert isinstance(await shop.tell(), Joke)
    assert shop.kept() == []
    assert await shop.fill() == 3


# Idle time


async def test_a_request_ends_the_draw_and_does_not_wait_for_it() -> None:
    shop = Shop(fresh=[candidates(BULL)])
    shop.drawers.free.clear()
    looking = asyncio.create_task(shop.filling.look())
    await shop.drawers.begun.wait()
    assert isinstance(await shop.tell(), Joke)
    assert not await looking
    assert shop.drawers.abandoned == 1
    assert shop.kept() == []


async def test_while_somebody_waits_nothing_is_drawn() -> None:
    answer = later()
    shop = Shop(fresh=[answer])
    telling = asyncio.create_task(shop.tell())
    await until(lambda: bool(shop.generator.requests), seconds=SECONDS)
    assert await shop.fill() == 0
    assert shop.drawers.orders == []
    answer.set_result(candidates(BULL))
    await telling
    assert await shop.fill() == 3


async def test_it_must_have_been_quiet_for_a_while() -> None:
    shop = Shop(quiet_seconds=SECONDS)
    assert await shop.fill() == 0
    assert shop.drawers.orders == []


async def test_after_work_it_rests_for_the_rest_of_its_share() -> None:
    shop = Shop(idle_share=0.000_001)
    shop.drawers.free.clear()
    looking = asyncio.create_task(shop.filling.look())
    await asyncio.sleep(0.01)
    shop.drawers.free.set()
    assert await looking
    assert not await shop.filling.look()
    assert len(shop.drawers.orders) == 1


async def test_a_version_that_is_down_is_left_alone_for_now() -> None:
    shop = Shop(GenerationError(Reason.MODEL_DOWN))
    with pytest.raises(GenerationError):
        await shop.filling.look()
    assert await shop.fill() == 3


async def test_it_goes_on_whatever_happens() -> None:
    shop = Shop(GenerationError(Reason.BUSY), jokes_per_shelf=1)
    running = asyncio.create_task(shop.filling.run())
    await until(lambda: shop.kept() == ["champion"], seconds=SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_pause_for_jokes_is_one_for_this() -> None:
    shop = Shop()
    await shop.pause.set(True)
    assert await shop.fill() == 0


@pytest.mark.parametrize(
    ("stage", "shelved"),
    [(Stage.SNAPSHOT, 0), (Stage.TRAINING, 0), (Stage.GATE, 0), (Stage.TRIAL, 3)],
)
async def test_while_a_version_is_made_there_is_no_idle_time(stage: Stage, shelved: int) -> None:
    shop = Shop()
    shop.records.run = run_at(stage)
    assert await shop.fill() == shelved


# Battery


@pytest.fixture
def supplies(tmp_path: Path) -> Path:
    """What Linux says of a laptop with a mouse, its mains unplugged."""
    plugs = {
        "AC": {"type": "Mains", "online": "0"},
        "BAT0": {"type": "Battery", "status": "Discharging", "scope": "System"},
        "mouse": {"type": "Battery", "status": "Discharging", "scope": "Device"},
        "usb": {"type": "USB"},
    }
    for name, says in plugs.items():
        (tmp_path / name).mkdir()
        for what, text in says.items():
            (tmp_path / name / what).write_text(f"{text}\n", encoding="utf-8")
    return tmp_path


async def test_on_battery_there_is_no_idle_time(supplies: Path) -> None:
    shop = Shop(power_supplies=supplies)
    assert await shop.fill() == 0
    (supplies / "BAT0" / "status").write_text("Charging\n", encoding="utf-8")
    assert await shop.fill() == 3


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown", ""])
def test_a_battery_that_is_not_discharged_feeds_nothing(supplies: Path, status: str) -> None:
    (supplies / "BAT0" / "status").write_text(status, encoding="utf-8")
    assert not on_battery(supplies)


def test_a_battery_that_does_not_say_what_it_is_for_counts(supplies: Path) -> None:
    (supplies / "BAT0" / "scope").unlink()
    assert on_battery(supplies)


def test_a_machine_that_says_nothing_is_on_the_mains(tmp_path: Path) -> None:
    assert not on_battery(tmp_path)
    assert not on_battery(tmp_path / "nowhere")
