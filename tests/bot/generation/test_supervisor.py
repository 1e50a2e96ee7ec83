"""A worker is watched: one that dies, hangs or never starts is replaced, but not without end."""

import asyncio
import itertools
import json
import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.generation.port import Generation, GenerationError
from bot.generation.supervisor import SupervisionLimits, WorkerState
from bot.jokes import Reason
from tests.bot.generation.pools import (
    PATIENCE,
    QUICK,
    Journal,
    ask,
    outcome,
    pool_of,
    request_for,
    serving,
)
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until

ADMIN = "punchline.pool"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def dying_command(journal: Path, *, last_words: str) -> tuple[str, ...]:
    """A program that notes when it started and ends with status 3."""
    program = (
        "import sys, time; open(sys.argv[1], 'a').write(f'{time.monotonic()}\\n');"
        "print(sys.argv[2], file=sys.stderr); raise SystemExit(3)"
    )
    return (sys.executable, "-c", program, str(journal), last_words)


async def test_a_worker_that_dies_at_every_start_backs_off_and_members_are_refused_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    starts = tmp_path / "starts"
    limits = SupervisionLimits(heartbeat_seconds=5, start_seconds=5, pause_seconds=0.4)
    command = dying_command(starts, last_words="ImportError: no such library")
    async with pool_of(command, limits=limits) as pool:
        early = ask(pool, "cats")
        assert await asyncio.wait_for(early, PATIENCE) is Reason.MODEL_DOWN
        [line] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert line.name == ADMIN
        assert "ImportError: no such library" in line.getMessage()
        assert "punchline doctor" in line.getMessage()
        with pytest.raises(GenerationError) as refusal:
            pool.generate(request_for("cats")).send(None)  # at once: before it could wait
        assert refusal.value.reason is Reason.MODEL_DOWN
        assert refusal.value.seconds is not None
        assert refusal.value.seconds >= 1
        await until(lambda: len(starts.read_text().splitlines()) >= 4, seconds=PATIENCE)
    moments = [float(moment) for moment in starts.read_text().splitlines()]
    pauses = [after - before for before, after in itertools.pairwise(moments)]
    assert pauses[1] >= 0.4
    assert pauses[2] >= 0.8
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) <= len(moments) - 2


async def test_a_model_that_is_broken_is_reported_in_its_own_words_and_not_tried_at_once_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = {"kind": "broken", "detail": "models/one is damaged"}
    starts = tmp_path / "starts"
    program = (
        f"open({str(starts)!r}, 'a').write('x');print({json.dumps(report)!r}); raise SystemExit(1)"
    )
    limits = SupervisionLimits(heartbeat_seconds=5, start_seconds=5, pause_seconds=PATIENCE)
    async with pool_of((sys.executable, "-c", program), limits=limits) as pool:
        assert await outcome(pool, request_for("cats")) is Reason.MODEL_DOWN
        assert pool.status.worker.trouble == "models/one is damaged"
    assert starts.read_text() == "x"
    assert "models/one is damaged" in caplog.text


@pytest.mark.parametrize(
    "command",
    [
        ("/no/such/program",),
        (sys.executable, "-c", "print('Loading model', flush=True); input()"),
        (sys.executable, "-c", "import sys; sys.stdout.write('{}' * 99)"),
        (sys.executable, "-c", "import sys; sys.stdout.write('{}' * 10_000_000); input()"),
    ],
    ids=["no such program", "speaks otherwise", "ends in mid-line", "never ends its line"],
)
async def test_a_command_that_is_no_worker_is_refused_like_one_that_dies(
    command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async with pool_of(command) as pool:
        assert await asyncio.wait_for(outcome(pool, request_for("cats")), PATIENCE) is (
            Reason.MODEL_DOWN
        )
    assert "punchline doctor" in caplog.text


async def test_a_start_that_hangs_is_ended_and_counts_as_a_death() -> None:
    limits = SupervisionLimits(heartbeat_seconds=5, start_seconds=0.3, pause_seconds=0.05)
    hanging = (sys.executable, "-c", "import time; time.sleep(1000)")
    pids = set()
    async with pool_of(hanging, limits=limits) as pool:
        asking = ask(pool, "cats")
        while not asking.done():
            pids.add(pool.status.worker.pid)
            await asyncio.sleep(0.02)
        assert asking.result() is Reason.MODEL_DOWN
        assert "not ready after 0.3 seconds" in pool.status.worker.trouble
    assert len(pids - {None}) == 3
    assert not any(alive(pid) for pid in pids if pid)


async def test_a_worker_that_recovers_after_two_bad_starts_serves_those_who_waited(
    journal: Journal, tmp_path: Path
) -> None:
    program = (
        "import os, sys; count = os.path.exists(sys.argv[1]) and os.stat(sys.argv[1]).st_size;"
        "open(sys.argv[1], 'a').write('x');"
        "sys.exit(3) if count < 2 else os.execv(sys.argv[2], sys.argv[2:])"
    )
    command = (sys.executable, "-c", program, str(tmp_path / "starts"), *journal.command)
    async with pool_of(command) as pool:
        answer = await asyncio.wait_for(ask(pool, "cats"), PATIENCE)
        assert isinstance(answer, Generation)
        assert pool.status.worker.failures == 0


async def test_a_worker_may_log_without_ever_ending_a_line(journal: Journal) -> None:
    program = (
        "import os, sys; sys.stderr.write('x' * 20_000_000); os.execv(sys.argv[1], sys.argv[1:])"
    )
    async with pool_of((sys.executable, "-c", program, *journal.command)) as pool:
        os.kill(await serving(pool), signal.SIGKILL)
        assert isinstance(await outcome(pool, request_for("cats")), Generation)


async def test_an_idle_worker_that_stands_still_is_noticed_and_replaced(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    async with pool_of(journal.command, limits=QUICK) as pool:
        first = await serving(pool)
        os.kill(first, signal.SIGSTOP)
        await serving(pool, not_pid=first)
        assert not alive(first)
        assert isinstance(await outcome(pool, request_for("cats")), Generation)
    assert "it was silent for 1 seconds" in caplog.text


async def test_an_idle_worker_that_answers_pings_is_left_in_peace(journal: Journal) -> None:
    async with pool_of(journal.command, limits=QUICK) as pool:
        pid = await serving(pool)
        await asyncio.sleep(2.5 * QUICK.heartbeat_seconds)
        assert pool.status.worker.state is WorkerState.SERVING
        assert pool.status.worker.pid == pid


async def test_a_worker_that_stands_still_is_ended_when_the_pool_closes(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        os.kill(await serving(pool), signal.SIGSTOP)


async def test_closing_while_a_dead_worker_is_being_replaced_leaves_nothing_behind(
    journal: Journal,
) -> None:
    for delay in (0.0, 0.01, 0.05, 0.1):
        async with pool_of(journal.command, limits=QUICK) as pool:
            os.kill(await serving(pool), signal.SIGKILL)
            await asyncio.sleep(delay)
    assert not any(alive(int(pid)) for pid in journal.events("start"))


async def test_closing_while_a_worker_is_being_asked_to_end_does_not_wait_for_its_consent() -> None:
    program = "import os, time; time.sleep(0.3); os.close(1); time.sleep(1000)"
    async with pool_of((sys.executable, "-c", program)) as pool:
        await until(lambda: pool.status.worker.pid is not None, seconds=PATIENCE)
        pid = pool.status.worker.pid
        assert pid is not None
        await until(lambda: pool.status.worker.pid is None, seconds=PATIENCE)
        assert alive(pid)
    assert not alive(pid)
