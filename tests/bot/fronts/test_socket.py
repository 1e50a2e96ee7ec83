"""The bot in the background, over a real Unix socket."""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.fronts.conversation import Conversation
from bot.fronts.screen import Screen
from bot.fronts.socket import SocketFront, SocketInUseError, refuse_second
from bot.generation.port import GenerationError
from bot.jokes import Reason
from bot.store.version_port import Ending, Stage
from tests.campaigns.waiting import until
from tests.twins.conversation import converse_with
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.learner import ScriptedLearner
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
SECONDS = 20


class Bar:
    """A socket front-end, what stands behind it, and who came."""

    def __init__(self, path: Path, *answers: Scripted) -> None:
        self.path = path
        self.members: list[str] = []
        self.store = MemoryStore()
        self.learner = ScriptedLearner()
        self.generator = ScriptedGenerator(answers)
        self._service = service_on(store=self.store, generator=self.generator)
        self.front = SocketFront(path=path, converse=self._converse)

    def _converse(self, screen: Screen, member: str) -> Conversation:
        self.members.append(member)
        return converse_with(self._service, screen, member, learner=self.learner)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[asyncio.Task[None]]:
        """Serve; stopped at the end."""
        running = asyncio.create_task(self.front.run())
        await until(lambda: running.done() or self._answers(), seconds=SECONDS)
        try:
            yield running
        finally:
            self.front.stop()
            async with asyncio.timeout(SECONDS):
                await running

    def _answers(self) -> bool:
        return self.path.exists() and stat.S_IMODE(self.path.stat().st_mode) == 0o600


class Guest:
    """A connection to the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def enter(cls, path: Path) -> "Guest":
        return cls(*await asyncio.open_unix_connection(path))

    def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\n" for line in lines).encode())

    async def hear(self) -> str:
        async with asyncio.timeout(SECONDS):
            return (await self._reader.readline()).decode().rstrip("\n")

    async def hear_all(self) -> list[str]:
        """Every line until the bot hangs up, and hang up too."""
        async with asyncio.timeout(SECONDS):
            heard = (await self._reader.read()).decode().splitlines()
        await self.leave()
        return heard

    async def leave(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "punchline.sock"


async def test_a_line_is_answered_and_the_conversation_remembers(path: Path) -> None:
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/joke")
        assert await guest.hear() == BULL
        guest.say("/up")
        assert await guest.hear() == "Thank you: 1 up, 0 down."
        await guest.leave()


async def test_lines_sent_at_once_are_answered_one_after_the_other(path: Path) -> None:
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/joke", "/up", "/quit", "/top")
        assert await guest.hear_all() == [BULL, "Thank you: 1 up, 0 down."]


async def test_whoever_has_said_all_still_hears_the_answers(path: Path) -> None:
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/joke")
        guest.writer.write(b"/up")
        guest.writer.write_eof()
        assert await guest.hear_all() == [BULL, "Thank you: 1 up, 0 down."]


async def test_several_people_are_answered_at_once_and_each_hears_only_their_own(
    path: Path,
) -> None:
    answers = [asyncio.get_running_loop().create_future() for _ in range(3)]
    bar = Bar(path, *answers)
    async with bar.open():
        guests = [await Guest.enter(path) for _ in answers]
        for number, guest in enumerate(guests):
            guest.say(f"topic {number}")
        await until(lambda: len(bar.generator.requests) == 3, seconds=SECONDS)
        for request, answer in zip(bar.generator.requests, answers, strict=True):
            answer.set_result(drawn(f"A good joke about {request.topic}."))
        for number, guest in enumerate(guests):
            guest.say("/quit")
            assert await guest.hear_all() == [f"A good joke about topic {number}."]


async def test_a_member_is_who_the_kernel_says(path: Path) -> None:
    bar = Bar(path)
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/help")
        assert await guest.hear()
        await guest.leave()
    assert bar.members == [str(os.getuid())]


async def test_the_socket_is_for_its_owner_alone_and_goes_with_the_bot(path: Path) -> None:
    async with Bar(path).open():
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_a_socket_left_by_a_killed_bot_is_replaced(path: Path) -> None:
    server = await asyncio.start_unix_server(lambda *_: None, path)
    server.close()
    await server.wait_closed()
    assert path.is_socket()
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/joke", "/quit")
        assert await guest.hear_all() == [BULL]


async def test_a_second_bot_is_refused_in_one_sentence_and_the_first_goes_on(path: Path) -> None:
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        with pytest.raises(SocketInUseError) as refused:
            await Bar(path).front.run()
        assert str(refused.value) == (
            f"A bot is already running here (it answers on {path}); "
            "talk to it with: punchline attach"
        )
        with pytest.raises(SocketInUseError):
            await refuse_second(path)
        guest = await Guest.enter(path)
        guest.say("/joke", "/quit")
        assert await guest.hear_all() == [BULL]


@pytest.mark.parametrize("name", ["x" * 200, "no/such/directory", "a-file"])
async def test_a_socket_that_cannot_be_made_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").write_text("precious", encoding="utf-8")
    with pytest.raises(SocketInUseError, match=r"cannot be made .* store\.directory"):
        await Bar(tmp_path / name).front.run()
    assert (tmp_path / "a-file").read_text(encoding="utf-8") == "precious"


async def test_stop_delivers_what_is_being_made_and_sends_the_others_home(path: Path) -> None:
    answer = asyncio.get_running_loop().create_future()
    bar = Bar(path, answer)
    async with bar.open() as running:
        idle, waiting = await Guest.enter(path), await Guest.enter(path)
        waiting.say("/joke", "/joke")
        await until(lambda: bar.generator.requests, seconds=SECONDS)
        bar.front.stop()
        assert await idle.hear_all() == []
        with pytest.raises(OSError, match=r"."):
            await Guest.enter(path)
        assert not running.done()
        answer.set_result(drawn(BULL))
        assert await waiting.hear_all() == [BULL]


async def test_the_end_of_the_program_gives_up_what_is_being_made(path: Path) -> None:
    bar = Bar(path, asyncio.get_running_loop().create_future())
    running = asyncio.create_task(bar.front.run())
    await until(path.exists, seconds=SECONDS)
    guest = await Guest.enter(path)
    guest.say("/joke")
    await until(lambda: bar.generator.requests, seconds=SECONDS)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await guest.hear_all() == []
    assert [row.reason for row in bar.store.rows.values()] == [Reason.CANCELLED]
    assert not path.exists()


async def test_whoever_leaves_without_a_word_harms_nobody(path: Path) -> None:
    answer = asyncio.get_running_loop().create_future()
    bar = Bar(path, answer, drawn(OCEAN))
    async with bar.open():
        rude, polite = await Guest.enter(path), await Guest.enter(path)
        rude.say("/joke")
        await until(lambda: bar.generator.requests, seconds=SECONDS)
        await rude.leave()
        answer.set_result(drawn(BULL))
        polite.say("/joke", "/quit")
        assert await polite.hear_all() == [OCEAN]
    assert [row.state for row in bar.store.rows.values()] == ["told", "told"]


async def test_bytes_that_are_not_utf_8_are_a_topic_like_any_other(path: Path) -> None:
    bar = Bar(path, drawn(BULL))
    async with bar.open():
        guest = await Guest.enter(path)
        guest.writer.write(b"b\xffll\xc3\n")
        assert await guest.hear() == BULL
        await guest.leave()


async def test_a_line_without_an_end_is_refused_and_the_others_go_on(path: Path) -> None:
    bar = Bar(path, GenerationError(Reason.BUSY, seconds=2))
    async with bar.open():
        endless = await Guest.enter(path)
        endless.writer.write(b"x" * (3 << 20))
        assert await endless.hear() == "That line is too long for me; please start again."
        await endless.leave()
        guest = await Guest.enter(path)
        guest.say("/joke", "/quit")
        assert await guest.hear_all() == ["I'm busy, please try again in about 2 seconds."]


async def test_a_mistake_of_ours_ends_one_conversation_and_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bar = Bar(path)
    async with bar.open() as running:
        guest = await Guest.enter(path)
        with caplog.at_level(logging.ERROR):
            guest.say("/joke")
            assert await guest.hear_all() == []
        assert not running.done()
    assert "A conversation broke off." in caplog.text


async def test_a_connection_cannot_be_answered_after_a_restart(path: Path) -> None:
    front = Bar(path).front
    assert not await front.reachable("anywhere")
    assert not front.interrupt()


async def test_what_takes_long_is_read_as_it_comes_and_ends_with_the_bot(path: Path) -> None:
    bar = Bar(path)
    async with bar.open():
        guest, other = await Guest.enter(path), await Guest.enter(path)
        guest.say("/retrain")
        assert await guest.hear() == "I have begun to learn from your votes."
        assert await guest.hear() == "Choosing the votes to learn from…"
        await bar.learner.put(stage=Stage.TRAINING)
        assert await guest.hear() == "Learning…"
        other.say("/retrain cancel")
        assert await other.hear() == "I stop learning; everything stays as it was."
        assert await guest.hear() == "That was called off; punchline-6 stays."
        guest.say("/retrain")
        await until(lambda: bar.learner.watching == 1, seconds=SECONDS)
        await other.leave()
    assert (await guest.hear_all())[0] == "I have begun to learn from your votes."
    assert not bar.learner.watching


async def test_a_guest_who_leaves_a_run_costs_it_nothing(path: Path) -> None:
    bar = Bar(path)
    async with bar.open():
        guest = await Guest.enter(path)
        guest.say("/retrain")
        await until(lambda: bar.learner.watching == 1, seconds=SECONDS)
        await guest.leave()
        await bar.learner.put(stage=Stage.TRAINING)
        await bar.learner.put(ending=Ending.FAILED)
        await until(lambda: bar.learner.watching == 0, seconds=SECONDS)
        again = await Guest.enter(path)
        again.say("/retrain")
        assert await again.hear() == "I have begun to learn from your votes."
        await again.leave()
