"""Talking to the bot in the background: lines go in, answers come out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.fronts.attach import NobodyAnswersError, attach
from bot.fronts.port import InterruptedByMemberError
from tests.campaigns.waiting import until

SECONDS = 20
Bot = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "punchline.sock"


@contextlib.asynccontextmanager
async def answering(path: Path, bot: Bot) -> AsyncIterator[None]:
    """A bot that treats every connection in one way."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await bot(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(meet, path)
    try:
        yield
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"heard " + line)
        await writer.drain()


async def saying(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def saying_nothing_more(*lines: str) -> AsyncIterator[str]:
    """Lines of somebody who keeps standard input open afterwards."""
    for line in lines:
        yield line
    await asyncio.Event().wait()


async def attached(path: Path, lines: AsyncIterator[str]) -> None:
    async with asyncio.timeout(SECONDS):
        await attach(path=path, lines=lines)


async def test_every_line_is_passed_on_and_every_answer_printed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with answering(path, echo):
        await attached(path, saying("/joke", "/up", "Überraschung"))
    assert capsys.readouterr().out == "heard /joke\nheard /up\nheard Überraschung\n"


async def test_answers_to_the_last_lines_are_waited_for(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await asyncio.sleep(0.05)
        writer.write(b"at last\n")

    async with answering(path, slow):
        await attached(path, saying("/joke"))
    assert capsys.readouterr().out == "at last\n"


async def test_it_ends_when_the_bot_hangs_up_though_lines_may_come(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def quits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"bye\n")

    async with answering(path, quits):
        await attached(path, saying_nothing_more("/quit"))
    assert capsys.readouterr().out == "bye\n"


async def test_a_bot_that_dies_in_the_middle_ends_it_without_a_fuss(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.transport.abort()

    async with answering(path, dies):
        await attached(path, saying_nothing_more("/joke " + "x" * 500_000, "/joke"))
    assert capsys.readouterr().out == ""


async def test_a_character_that_arrives_in_two_halves_is_printed_whole(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def halves(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for half in ("é".encode()[:1], "é".encode()[1:]):
            writer.write(half)
            await writer.drain()
            await asyncio.sleep(0.05)

    async with answering(path, halves):
        await attached(path, saying_nothing_more())
    assert capsys.readouterr().out == "é"


async def test_ctrl_c_at_the_prompt_ends_it_though_the_bot_is_still_there(path: Path) -> None:
    hung_up = asyncio.Event()

    async def patient(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()
        hung_up.set()

    async def interrupted() -> AsyncIterator[str]:
        yield "/joke"
        raise InterruptedByMemberError

    async with answering(path, patient):
        with pytest.raises(InterruptedByMemberError):
            await attached(path, interrupted())
        await until(hung_up.is_set, seconds=SECONDS)


@pytest.mark.parametrize("left", ["nothing", "a stale socket", "a file"])
async def test_without_a_bot_one_sentence_says_how_to_start_one(path: Path, left: str) -> None:
    if left == "a file":
        path.touch()
    elif left == "a stale socket":
        async with answering(path, echo):
            pass
    with pytest.raises(NobodyAnswersError) as nobody:
        await attached(path, saying("/joke"))
    assert str(nobody.value) == f"No bot answers on {path}; start one with: punchline run"
