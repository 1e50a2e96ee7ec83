"""The bot in the background: many people at once, other programs beside it, and every ending."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.jokes import Declined, Reason
from bot.phrases import sentence
from tests.bot.program import PATIENCE, Program, ended, eventually, paused
from tests.campaigns.processes import alive

TOKEN = "hf_averysecrettokenindeed0123456789"
AT_ONCE = 8
"""Requests a worker with 32 slots has in hand when each draws four candidates."""


@pytest.fixture(scope="module")
def bot(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A bot that stays in the background and logs all it can."""
    program = Program(tmp_path_factory.mktemp("background"), model=tiny_version)
    changes = {"PUNCHLINE_LOG__LEVEL": "debug", "PUNCHLINE_HUB__TOKEN": TOKEN}
    with program.running(**changes):
        yield program


class Caller:
    """A connection to the bot's socket."""

    def __init__(self, program: Program) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(program.socket))
        self._stream = self._socket.makefile("rw", encoding="utf-8")

    def say(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def hear(self) -> str:
        return self._stream.readline().rstrip("\n")

    def hear_all(self) -> str:
        """What comes until the bot hangs up."""
        return self._stream.read()

    def ask(self, line: str) -> str:
        self.say(line)
        return self.hear()

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()


def test_the_socket_is_for_its_owner_alone(bot: Program) -> None:
    assert bot.socket.stat().st_mode & 0o777 == 0o600


def test_a_vote_that_was_acknowledged_is_in_a_backup_taken_while_the_bot_runs(
    bot: Program, tmp_path: Path, tiny_version: Path
) -> None:
    with Caller(bot) as caller:
        joke = caller.ask("/joke")
        assert caller.ask("/up") == "Thank you: 1 up, 0 down."
    saved = bot.call("backup", str(tmp_path / "copy.db"))
    assert (saved.code, saved.err) == (0, "")
    assert str(bot.data / "member.key") in saved.out

    elsewhere = Program(tmp_path / "elsewhere", model=tiny_version)
    restored = elsewhere.call("restore", str(tmp_path / "copy.db"))
    assert (restored.code, restored.err) == (0, "")
    voted = "SELECT text, value FROM votes JOIN jokes ON jokes.id = votes.joke_id"
    assert (joke, 1) in elsewhere.rows(voted)


def test_a_backup_is_not_put_back_under_a_running_bot(bot: Program, tmp_path: Path) -> None:
    assert bot.call("backup", str(tmp_path / "copy.db")).code == 0
    refused = bot.call("restore", str(tmp_path / "copy.db"))
    assert refused.code == 1
    assert refused.err == f"Punchline is running on {bot.data}; stop it, then restore.\n"


def test_the_bot_serves_jokes_without_torch_which_only_its_worker_has(bot: Program) -> None:
    with Caller(bot) as caller:
        assert caller.ask("/joke")
    maps = {pid: Path(f"/proc/{pid}/maps").read_text("utf-8") for pid in (bot.pid, bot.worker())}
    assert "libtorch" not in maps[bot.pid]
    assert "libtorch" in maps[bot.worker()]


def test_attach_passes_lines_and_answers_on(bot: Program) -> None:
    done = bot.call("attach", said="/joke about: cat\n/down\n/quit\n/joke\n")
    assert (done.code, done.err) == (0, "")
    joke, tally = done.out.splitlines()
    assert len(joke.split()) >= 3
    assert tally == "Noted: 0 up, 1 down."


def test_a_second_bot_in_the_same_directory_is_refused(bot: Program) -> None:
    done = bot.call("run")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"A bot is already running here (it answers on {bot.socket}); "
        "talk to it with: punchline attach\n"
    )


def test_another_program_beside_the_bot_tells_jokes_and_leaves_its_requests_alone(
    bot: Program,
) -> None:
    with Caller(bot) as caller:
        with paused(bot.worker()):
            caller.say("/joke")
            eventually(lambda: bot.states()[-1] == "pending")
            waiting = len(bot.states())
            done = bot.call("tell")
            assert done.code == 0
            assert done.out.strip()
            assert bot.states()[waiting - 1 :] == ["pending", "told"]
        assert caller.hear() in {str(text) for (text,) in bot.rows("SELECT text FROM jokes")}


def test_the_log_never_holds_a_token(bot: Program) -> None:
    with Caller(bot) as caller:
        caller.ask(f"/joke about: {TOKEN}")
        caller.ask(f"/{TOKEN}")
    assert "punchline" in bot.log.read_text("utf-8")
    assert TOKEN not in bot.log.read_text("utf-8")


def test_sigterm_while_the_bot_starts_is_a_clean_end_too(
    tiny_version: Path, tmp_path: Path
) -> None:
    program = Program(tmp_path, model=tiny_version)
    with program.started("run") as process:
        eventually((program.data / "punchline.db").exists)
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert not program.socket.exists()


def test_sigterm_answers_every_connection_once_and_leaves_nothing_behind(
    tiny_version: Path, tmp_path: Path
) -> None:
    program = Program(tmp_path, model=tiny_version)
    with program.running() as process:
        worker = program.worker()
        callers = [Caller(program) for _ in range(20)]
        with paused(worker):
            for caller in callers:
                caller.say("/joke")
            eventually(lambda: program.states() == ["pending"] * 20)
            process.send_signal(signal.SIGTERM)
        replies = sorted(caller.hear_all() for caller in callers)
        for caller in callers:
            caller.__exit__()
        done = ended(process)

    told = [f"{text}\n" for (text,) in program.rows("SELECT text FROM jokes WHERE text <> ''")]
    reasons = program.rows("SELECT reason FROM jokes WHERE state = 'declined'")
    declined = [f"{sentence(Declined(reason=Reason(reason)))}\n" for (reason,) in reasons]
    assert replies == sorted(told + declined)
    assert len(replies) == 20
    assert 0 < len(told) <= AT_ONCE
    assert (Reason.CLOSING,) in reasons
    assert done.code == 0
    assert not alive(worker)
    assert not program.socket.exists()


def test_after_sigkill_the_worker_goes_and_the_next_start_closes_what_was_pending(
    tiny_version: Path, tmp_path: Path
) -> None:
    program = Program(tmp_path, model=tiny_version)
    with program.running() as process:
        worker = program.worker()
        callers = [Caller(program) for _ in range(3)]
        with paused(worker):
            for caller in callers:
                caller.say("/joke")
            eventually(lambda: program.states() == ["pending"] * 3)
            process.kill()
            process.wait()
        assert [caller.hear_all() for caller in callers] == [""] * 3
        for caller in callers:
            caller.__exit__()
    eventually(lambda: not alive(worker))
    assert program.states() == ["pending"] * 3
    assert program.socket.exists()

    with program.running() as process:
        with Caller(program) as caller:
            joke = caller.ask("/joke")
        eventually(lambda: "pending" not in program.states())
        process.send_signal(signal.SIGTERM)
        assert ended(process).code == 0
    assert program.rows("SELECT state, reason, text FROM jokes ORDER BY id") == [
        *[("declined", "lost", None)] * 3,
        ("told", None, joke),
    ]
