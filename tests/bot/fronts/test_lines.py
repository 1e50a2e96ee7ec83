"""Lines as they come from a pipe, a file and a device."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fronts.lines import read_lines

SECONDS = 20
MEBIBYTE = 1 << 20


@contextlib.contextmanager
def piped(content: bytes) -> Iterator[int]:
    """The reading end of a pipe that a thread writes `content` into and then closes."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as stream, contextlib.suppress(BrokenPipeError):
            stream.write(content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield reading
    finally:
        os.close(reading)
        writer.join(SECONDS)


async def lines_of(descriptor: int) -> list[str]:
    async with asyncio.timeout(SECONDS):
        return [line async for line in read_lines(descriptor)]


async def lines_through_a_pipe(content: bytes) -> list[str]:
    with piped(content) as descriptor:
        return await lines_of(descriptor)


async def test_a_pipe_gives_its_lines_without_their_ends() -> None:
    assert await lines_through_a_pipe(b"/joke\ncats\n\n/up\n") == ["/joke", "cats", "", "/up"]


async def test_a_last_line_without_an_end_counts() -> None:
    assert await lines_through_a_pipe(b"/joke\n/up") == ["/joke", "/up"]


async def test_nothing_is_no_line() -> None:
    assert await lines_through_a_pipe(b"") == []


async def test_a_regular_file_gives_the_same_lines_as_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_bytes(b"/joke\ncats\n")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        assert await lines_of(descriptor) == ["/joke", "cats"]
    finally:
        os.close(descriptor)


async def test_the_null_device_gives_no_line() -> None:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        assert await lines_of(descriptor) == []
    finally:
        os.close(descriptor)


async def test_a_directory_gives_no_line_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with caplog.at_level(logging.WARNING):
            assert await lines_of(descriptor) == []
    finally:
        os.close(descriptor)
    assert "Standard input cannot be read: Is a directory." in caplog.text


async def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert await lines_through_a_pipe(b"caf\xc3\xa9 \xff\xfe\n\xe2\x82") == ["café ��", "�"]


async def test_a_character_across_two_reads_stays_whole() -> None:
    content = "é".encode() * (1 << 16)
    assert await lines_through_a_pipe(b"x" + content) == ["x" + "é" * (1 << 16)]


async def test_of_a_line_of_three_mebibytes_the_first_is_kept_and_the_next_line_is_whole() -> None:
    content = b"a" * MEBIBYTE + b"b" * (2 * MEBIBYTE + 1_000) + b"\ncats\n"
    long, short = await lines_through_a_pipe(content)
    assert long == "a" * MEBIBYTE
    assert short == "cats"


async def test_more_lines_than_are_read_ahead_all_come_in_order() -> None:
    wanted = [str(number) for number in range(5_000)]
    assert await lines_through_a_pipe("\n".join(wanted).encode()) == wanted


async def test_a_line_is_there_before_the_next_one_is_written() -> None:
    reading, writing = os.pipe()
    lines = read_lines(reading)
    try:
        async with asyncio.timeout(SECONDS):
            for wanted in ("/joke", "/up"):
                os.write(writing, f"{wanted}\n".encode())
                assert await anext(lines) == wanted
    finally:
        os.close(writing)
        assert await anext(lines, None) is None
        os.close(reading)


async def test_whoever_wants_no_more_lines_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with piped(b"cats\n" * 10_000) as descriptor:
        lines = read_lines(descriptor)
        assert await anext(lines) == "cats"
        reader = next(
            thread
            for thread in threading.enumerate()
            if thread not in before and thread.name == "standard input"
        )
        await _closed(lines)
        await asyncio.to_thread(reader.join, SECONDS)
        assert not reader.is_alive()


def test_a_loop_that_has_ended_is_not_missed_by_the_thread() -> None:
    reading, writing = os.pipe()

    async def first_line() -> str:
        lines = read_lines(reading)
        try:
            return await anext(lines)
        finally:
            await _closed(lines)

    os.write(writing, b"cats\n")
    assert asyncio.run(first_line()) == "cats"
    os.write(writing, b"dogs\n")
    os.close(writing)
    for thread in threading.enumerate():
        if thread.name == "standard input":
            thread.join(SECONDS)
            assert not thread.is_alive()
    os.close(reading)


@settings(max_examples=40)
@given(content=st.binary(max_size=2_000))
def test_any_bytes_give_as_many_lines_as_they_have(content: bytes) -> None:
    lines = asyncio.run(lines_through_a_pipe(content))
    wanted = content.split(b"\n")
    if not wanted[-1]:
        wanted.pop()
    assert lines == [line.decode("utf-8", errors="replace") for line in wanted]


async def _closed(lines: AsyncIterator[str]) -> None:
    """Close the generator as the end of a program does."""
    await lines.aclose()  # type: ignore[attr-defined]
