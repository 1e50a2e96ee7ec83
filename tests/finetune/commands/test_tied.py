"""A program that is tied to its starter ends with it, however the starter ended."""

import signal
import subprocess
import sys

from tests.finetune.training.programs import environment

_PROGRAM = """
import signal, time
from finetune.commands.tied import tie_to_starter

tie_to_starter()
print("tied", flush=True)
time.sleep(60)
"""
_STARTER = """
import subprocess, sys

process = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(process.pid, flush=True)
process.wait()
"""


def started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_end_of_standard_input_ends_it_as_by_sigterm() -> None:
    with started("-c", _PROGRAM) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "tied\n"
        process.stdin.write("what is said to it is ignored\n")
        process.stdin.flush()
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(timeout=30) == -signal.SIGTERM


def test_it_ends_when_its_starter_is_killed() -> None:
    with started("-c", _STARTER, _PROGRAM) as starter:
        assert starter.stdout is not None
        lines = {starter.stdout.readline().strip() for _ in range(2)}
        assert "tied" in lines
        starter.kill()
        # Both hold the pipe open, so it ends when both have ended.
        assert starter.stdout.read() == ""
        assert starter.wait() == -signal.SIGKILL
