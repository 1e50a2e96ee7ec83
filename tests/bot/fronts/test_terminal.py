"""One person at a terminal, or one program at a pipe."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.fronts.port import InterruptedByMemberError
from bot.fronts.terminal import TerminalFront, typed_lines
from tests.campaigns.waiting import until
from tests.twins.conversation import Talk
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
SECONDS = 20


class Seat:
    """A terminal front-end, the lines typed at it and what is read there."""

    def __init__(self, *answers: Scripted, interactive: bool = True) -> None:
        self.store = MemoryStore()
        self.generator = ScriptedGenerator(answers)
        self.talk = Talk(service_on(store=self.store, generator=self.generator))
        self._typed: asyncio.Queue[str | BaseException | None] = asyncio.Queue()
        self.front = TerminalFront(
            conversation=self.talk.conversation,
            lines=self._lines(),
            say=self.talk.screen.answer,
            interactive=interactive,
        )

    def type(self, *lines: str | BaseException | None) -> None:
        """Lines; None is the end of input."""
        for line in lines:
            self._typed.put_nowait(line)

    async def run(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self.front.run()

    async def _lines(self) -> AsyncIterator[str]:
        while (line := await self._typed.get()) is not None:
            if isinstance(line, BaseException):
                raise line
            yield line


def later() -> "asyncio.Future[Scripted]":
    return asyncio.get_running_loop().create_future()


async def test_lines_are_obeyed_in_order_until_the_input_ends() -> None:
    seat = Seat(drawn(BULL))
    seat.type("/joke", "/up", "", "/top", None)
    await seat.run()
    assert seat.talk.read == [BULL, "Thank you: 1 up, 0 down.", f"#1 (+1 -0) {BULL}"]


async def test_nothing_is_obeyed_after_goodbye() -> None:
    seat = Seat()
    seat.type("/quit", "/joke")
    await seat.run()
    assert seat.talk.read == []


async def test_ctrl_c_gives_up_the_awaited_joke_and_frees_its_place() -> None:
    seat = Seat(later(), drawn(BULL))
    seat.type("/joke")
    running = asyncio.create_task(seat.run())
    await until(lambda: seat.generator.requests, seconds=SECONDS)
    assert seat.front.interrupt()
    await until(lambda: seat.talk.read, seconds=SECONDS)
    assert seat.talk.read == ["Never mind, then."]
    assert seat.generator.abandoned == seat.generator.requests
    assert [row.state for row in seat.store.rows.values()] == ["declined"]
    seat.type("/joke", None)
    await running
    assert seat.talk.read == ["Never mind, then.", BULL]


async def test_ctrl_c_while_nothing_is_awaited_is_not_for_the_terminal() -> None:
    seat = Seat(drawn(BULL))
    assert not seat.front.interrupt()
    seat.type("/joke")
    running = asyncio.create_task(seat.run())
    await until(lambda: seat.talk.read, seconds=SECONDS)
    await asyncio.sleep(0)
    assert not seat.front.interrupt()
    seat.type(None)
    await running


async def test_ctrl_c_means_the_whole_program_when_a_program_types_the_lines() -> None:
    answer = later()
    seat = Seat(answer, interactive=False)
    seat.type("/joke", None)
    running = asyncio.create_task(seat.run())
    await until(lambda: seat.generator.requests, seconds=SECONDS)
    assert not seat.front.interrupt()
    answer.set_result(drawn(BULL))
    await running
    assert seat.talk.read == [BULL]


async def test_ctrl_c_at_the_prompt_ends_everything() -> None:
    seat = Seat()
    seat.type(InterruptedByMemberError())
    with pytest.raises(InterruptedByMemberError):
        await seat.run()


async def test_stop_finishes_the_line_that_is_being_answered_and_takes_no_other() -> None:
    answer = later()
    seat = Seat(answer, drawn(OCEAN))
    seat.type("/joke", "/joke")
    running = asyncio.create_task(seat.run())
    await until(lambda: seat.generator.requests, seconds=SECONDS)
    seat.front.stop()
    await asyncio.sleep(0)
    assert not running.done()
    answer.set_result(drawn(BULL))
    await running
    assert seat.talk.read == [BULL]


async def test_stop_ends_a_terminal_where_nobody_types() -> None:
    seat = Seat()
    running = asyncio.create_task(seat.run())
    await asyncio.sleep(0)
    seat.front.stop()
    await running


async def test_the_end_of_the_program_gives_up_the_awaited_joke() -> None:
    seat = Seat(later())
    seat.type("/joke")
    running = asyncio.create_task(seat.run())
    await until(lambda: seat.generator.requests, seconds=SECONDS)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [row.state for row in seat.store.rows.values()] == ["declined"]


async def test_a_terminal_cannot_be_answered_after_a_restart() -> None:
    assert not await Seat().front.reachable("anywhere")


async def test_a_person_types_edits_and_completes_lines() -> None:
    with (
        create_pipe_input() as keys,
        create_app_session(input=keys, output=DummyOutput()),
    ):
        lines = typed_lines()
        keys.send_text("catz\x7fs\r")
        assert await anext(lines) == "cats"
        keys.send_text("/joke\r")
        assert await anext(lines) == "/joke"
        keys.send_text("\x1b[A\r")
        assert await anext(lines) == "/joke"
        keys.send_text("\x04")
        assert await anext(lines, None) is None


async def test_ctrl_c_while_typing_means_the_whole_program() -> None:
    with (
        create_pipe_input() as keys,
        create_app_session(input=keys, output=DummyOutput()),
    ):
        lines = typed_lines()
        keys.send_text("ca\x03")
        with pytest.raises(InterruptedByMemberError):
            await anext(lines)
