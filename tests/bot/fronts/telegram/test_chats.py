"""Groups that grow, throw the bot out, or are reached by a webhook."""

import logging
import socket

import aiohttp
import pytest

from bot.communities import VoteStyle
from bot.fronts.invitation import InvitationError
from bot.fronts.port import FrontRefusedError
from bot.fronts.telegram.invitation import invitation
from bot.jokes import Community
from tests.bot.fronts.telegram.stage import BULL, OCEAN, labels_of, later, staged
from tests.platforms.telegram import TelegramServer
from tests.twins.service import drawn


async def test_a_supergroup_keeps_the_settings_and_jokes_of_its_group(
    server: TelegramServer,
) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    old = Community(front="telegram", key=str(group.id))
    async with staged(server, BULL, OCEAN) as stage:
        await stage.core.communities.change(old, vote_style=VoteStyle.BUTTONS, language="de")
        joke = await stage.joke(ada, group)
        await (await server.press(ada, joke, "👍 0")).wait()
        supergroup = server.migrate(group)
        new = Community(front="telegram", key=str(supergroup.id))
        await server.until(lambda: new in stage.store.records.saved)
        top = await stage.answered(ada, supergroup, "/top")
        assert BULL in top.text
        assert (await stage.core.communities.settings(new)).vote_style is VoteStyle.BUTTONS
        await stage.joke(ada, supergroup)


async def test_an_answer_follows_its_group(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, answer := later()) as stage:
        await server.say(ada, group, "/joke")
        await server.until(lambda: stage.generator.requests)
        supergroup = server.migrate(group)
        answer.set_result(drawn(BULL))
        await server.until(lambda: server.messages(supergroup))
    assert [sent.text for sent in server.messages(supergroup)] == [BULL]


async def test_being_thrown_out_is_logged_once(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.user()
    chat, group = server.private(ada), server.group(members=[ada])
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server) as stage:
            server.kick_bot(group)
            server.kick_bot(group)
            await stage.answered(ada, chat, "/help")
    assert caplog.messages == [f"The bot is out of chat {group.id} now."]


async def test_a_promoted_bot_hears_reactions_at_once(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, BULL, OCEAN) as stage:
        await stage.joke(ada, group)
        server.promote_bot(group)
        message = await stage.joke(ada, group)
        await server.until(lambda: message.reactions)
        await server.react(ada, message, ["👎"])
        await stage.shows(message, "👍 0", "👎 1", "🚩")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def test_a_webhook_brings_updates_and_turns_strangers_away(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    listen = f"127.0.0.1:{free_port()}"
    async with staged(server, BULL, webhook_url=f"http://{listen}", webhook_listen=listen) as stage:
        message = await stage.joke(ada, chat)
        press = await server.press(ada, message, "👍 0")
        assert (await press.wait()).text == "Glad you like it!"
        async with (
            aiohttp.ClientSession() as stranger,
            stranger.post(server.webhook.url, json={"update_id": 1}) as refused,
        ):
            assert refused.status == 403
    assert labels_of(message)
    assert server.requests.count("getUpdates") == 0


async def test_a_port_that_is_taken_is_one_sentence(server: TelegramServer) -> None:
    listen = f"127.0.0.1:{server.base_url.rpartition(':')[2].partition('/')[0]}"
    with pytest.raises(FrontRefusedError, match=r"telegram\.webhook_listen"):
        async with staged(server, webhook_url="http://localhost", webhook_listen=listen) as stage:
            await stage.running


async def test_the_invitation_is_a_link(server: TelegramServer) -> None:
    link = await invitation(base_url=server.base_url, token=server.token, seconds=5)
    assert link == "https://t.me/punchline_bot?startgroup=true"


async def test_an_invitation_that_cannot_be_had_says_why(server: TelegramServer) -> None:
    with pytest.raises(InvitationError, match="does not know the token") as refused:
        await invitation(base_url=server.base_url, token="1:no", seconds=5)
    assert refused.value.lasting
    await server.faults.stop()
    with pytest.raises(InvitationError, match="cannot be reached") as away:
        await invitation(base_url=server.base_url, token=server.token, seconds=5)
    assert not away.value.lasting
