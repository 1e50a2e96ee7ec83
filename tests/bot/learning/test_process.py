"""A finetune process is heard, ends with its own words, and never outlives whoever waits for it."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from bot.learning.process import FinetuneError, run_finetune

# Stands for a command that takes long: it says who it is, and then what its input says of us.
PROGRAM = """
import json, os, signal, sys, time

def say(**line):
    print(json.dumps(line), flush=True)

mode = sys.argv[1]
say(stage="at work", pid=os.getpid(), nice=os.nice(0), arguments=sys.argv[2:])
print("a library says hello", flush=True)
if mode == "done":
    say(stage="done", directory="somewhere")
elif mode == "fail":
    print("Traceback of a library", file=sys.stderr)
    print("The disk is full; make room.", file=sys.stderr)
    sys.exit(1)
elif mode == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif mode == "listen":
    sys.stdin.read()
    say(stage="done", directory="after the end of input")
elif mode == "wait":
    time.sleep(60)
elif mode == "unfinished":
    pass
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Makes `python -m finetune` the program above."""
    package = tmp_path / "finetune"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}


def lines_of(heard: list[Any]) -> list[str]:
    return [line["stage"] for line in heard]


async def test_each_line_is_heard_and_the_last_is_returned(environment: dict[str, str]) -> None:
    heard: list[Any] = []
    last = await run_finetune(["done"], hear=heard.append, environment=environment)
    assert lines_of(heard) == ["at work", "done"]
    assert last["directory"] == "somewhere"
    assert heard[0]["arguments"] == ["--progress", "json"]


async def test_it_stands_back_as_far_as_it_is_told(environment: dict[str, str]) -> None:
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def kindness(line: Any) -> None:
        heard.set_result(os.getpriority(os.PRIO_PROCESS, line["pid"]))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            run_finetune(["wait"], hear=kindness, niceness=7, environment=environment)
        )
        assert await heard == os.nice(0) + 7
        running.cancel()


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("fail", "The disk is full; make room."),
        ("die", "It was killed by SIGKILL."),
        ("unfinished", "It ended with status 0."),
    ],
)
async def test_a_failure_is_told_in_its_own_last_sentence(
    environment: dict[str, str], mode: str, sentence: str
) -> None:
    with pytest.raises(FinetuneError) as caught:
        await run_finetune([mode], hear=lambda line: None, environment=environment)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("mode", ["wait", "listen"])
async def test_whoever_stops_waiting_ends_the_process(
    environment: dict[str, str], mode: str
) -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(
        run_finetune(
            [mode],
            hear=lambda line: pids.put_nowait(line["pid"]),
            tied=True,
            environment=environment,
        )
    )
    pid = await pids.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
