"""The connection to Discord: bad days, the end, and what is left for after a restart."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.fronts.discord.addresses import TOKEN_SECONDS, Address
from bot.fronts.port import FrontRefusedError
from bot.jokes import Declined, Joke, Reason
from finetune.candidates import Candidate
from tests.bot.fronts.discord.stage import JOKE, SHOWN, Stage, sentences, shown
from tests.twins.service import drawn


async def test_a_wrong_token_is_one_sentence(stage: Stage) -> None:
    front = stage.front(token=SecretStr("wrong"))
    with pytest.raises(FrontRefusedError, match=r"token; set PUNCHLINE_DISCORD__TOKEN") as refused:
        await asyncio.wait_for(front.run(), 10)
    assert refused.value.at_start


async def test_a_token_that_is_reset_later_ends_this_front_alone(stage: Stage) -> None:
    front = stage.front()
    running = asyncio.create_task(front.run())
    await stage.server.connected()
    # Not before the bot has understood that it was let in.
    await (await stage.use_when_ready("joke")).answer()
    stage.server.faults.refuse_token()
    with pytest.raises(FrontRefusedError) as refused:
        await asyncio.wait_for(running, 10)
    assert not refused.value.at_start


async def test_while_discord_is_away_at_the_start_it_is_tried_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.server.stop()
    front = stage.front()
    running = asyncio.create_task(front.run())
    await stage.server.until(lambda: "trying again in" in caplog.text)
    await stage.server.start_again()
    await stage.server.connected()
    message = await stage.told()
    front.stop()
    await asyncio.wait_for(running, 10)
    assert message.content == SHOWN
    lines = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert all("Discord cannot be reached (" in line for line in lines)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("resumable", [True, False])
async def test_a_lost_connection_loses_no_question(
    stage: Stage, resumable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.open():
        await stage.told()
        stage.server.faults.drop_gateway(resumable=resumable)
        if resumable:
            asked = await stage.use("joke")
        else:
            await stage.server.connected()
            asked = await stage.use("joke")
        await asked.answer()
        assert stage.server.gateway.resumed == int(resumable)
    assert len(stage.generator.requests) == 2
    assert "Traceback" not in caplog.text


async def test_an_outage_in_between_is_a_plain_line_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.open():
        asked = await stage.use_when_ready("joke")
        await asked.answer()
        await stage.server.stop()
        await stage.server.until(lambda: "trying again in" in caplog.text)
        await stage.server.start_again()
        await stage.server.connected()
        await (await stage.use("joke")).answer()
    assert "Traceback" not in caplog.text


async def test_whoever_waits_at_the_end_is_answered(stage: Stage) -> None:
    later: asyncio.Future[Sequence[Candidate]] = asyncio.get_running_loop().create_future()
    front = stage.front(later)
    running = asyncio.create_task(front.run())
    await stage.server.connected()
    asked = await stage.use_when_ready("joke")
    await stage.server.until(lambda: stage.generator.requests)
    front.stop()
    await asyncio.sleep(0.1)
    assert not running.done()
    later.set_result(drawn(JOKE))
    await asyncio.wait_for(running, 10)
    assert (await asked.answer()).content == SHOWN
    assert front.interrupt() is False


def told(joke_id: int, text: str) -> Joke:
    return Joke(
        id=joke_id, text=text, topic=None, opening=None, model_version="v", tokens=1, seconds=1.0
    )


async def test_after_a_restart_a_member_is_answered_where_they_asked(stage: Stage) -> None:
    later: asyncio.Future[Sequence[Candidate]] = asyncio.get_running_loop().create_future()
    async with stage.open(later):
        asked = await stage.use("joke")
        await stage.server.until(lambda: stage.store.rows)
        address = str(stage.store.rows[1].request.address)
        later.set_result(drawn(JOKE))
        message = await asked.answer()
        await stage.server.until(lambda: len(message.reactions) == 2)
        await stage.core.jokes.vote(1, str(stage.bob.id), 1)
    async with stage.open() as front:
        assert await front.reachable(address)
        await front.answer_late(address, told(1, JOKE), perhaps_seen=True)
        await stage.tally(message, ["1", "0"])
        assert stage.server.messages(stage.channel) == [message]
        await front.answer_late(address, Declined(reason=Reason.LOST), perhaps_seen=False)
        assert await stage.says(asked) == (
            "Sorry, I lost your request when I restarted; please ask again."
        )
    assert asked.deleted


async def test_who_asked_too_long_ago_cannot_be_reached(stage: Stage) -> None:
    address = Address(
        application_id=1,
        token="secret",
        community_key="1",
        channel_id=2,
        created=time.time(),
        language="de",
        can_react=True,
        missing=("add_reactions",),
    )
    front = stage.front()
    waiting = asyncio.create_task(front.reachable(address.write()))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    old = replace(address, created=time.time() - TOKEN_SECONDS)
    assert not await front.reachable(old.write())
    assert not await front.reachable("nonsense")
    assert not await front.reachable('{"token": 1, "missing": []}')
    running = asyncio.create_task(front.run())
    assert await asyncio.wait_for(waiting, 10)
    await stage.server.connected()
    front.stop()
    await asyncio.wait_for(running, 10)
    assert "secret" not in repr(address)
    assert Address.read(address.write()) == address


async def test_sharded_the_same_is_served(stage: Stage) -> None:
    async with stage.open(sharded=True):
        message = await stage.told()
        await stage.server.react(message, "👍", stage.bob)
        await stage.tally(message, ["1", "0"])


@pytest.mark.parametrize("mine", [(0, 1), (1, 3)])
async def test_a_process_connects_the_shards_that_are_its_own(
    stage: Stage, mine: tuple[int, ...]
) -> None:
    async with stage.open(shard_ids=mine, shard_count=4):
        await stage.server.until(lambda: stage.server.gateway.connected() == len(mine))
        sessions = stage.server.gateway.sessions.values()
        assert {session.shard for session in sessions} == {(shard, 4) for shard in mine}


async def test_the_presence_is_the_version_of_the_model(stage: Stage) -> None:
    async with stage.open():
        await stage.server.until(lambda: stage.server.presences)
    (presence,) = stage.server.presences
    # That is how discord.py spells it when it identifies.
    assert presence["game"]["state"] == "scripted"
    async with stage.open(presence=False):
        assert stage.server.presences == [presence]


async def test_unconfirmed_whispers_are_not_repeated(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        stage.server.faults.drop_answer("POST /webhooks/")
        pressed = await stage.server.press(message, "👍", stage.bob)
        await stage.tally(message, ["1", "0"])
        await stage.says(pressed)
    assert len(sentences(pressed)) == 1
    assert shown(message) == ["1", "0"]
