"""What idle work costs whoever asks in the middle of it: a real worker, one request at a time."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bot.generation.pool import WorkerPool
from bot.generation.port import GenerationError, GenerationRequest
from bot.generation.process import WorkerProcess
from bot.generation.protocol import Sampling
from bot.generation.queue import LineLimits
from bot.generation.supervisor import SupervisionLimits
from tests.bench.results import IdleRound

__all__ = ["measure_idle_work"]

_CANDIDATES = 4
_SLOTS = 32
_PATIENCE = 300.0
_SAMPLING = Sampling(temperature=0.95, top_k=0, top_p=0.95, max_tokens=48)
_FAR_IN = 1 / 3
"""The part of a draw that is done when somebody asks."""


async def measure_idle_work(
    directory: Path, *, name: str, rounds: int, say: Callable[[str], None]
) -> list[IdleRound]:
    """In each round the same request alone and in the middle of a draw, after one warm-up."""
    pool = WorkerPool(
        connect=partial(
            WorkerProcess.start,
            (
                *(sys.executable, "-m", "bot.generation.worker", "--model", str(directory)),
                *("--name", name, "--slots", str(_SLOTS)),
            ),
        ),
        limits=SupervisionLimits(heartbeat_seconds=_PATIENCE, start_seconds=_PATIENCE),
        line=LineLimits(capacity=1, per_community=1, per_member=1),
        slots=_SLOTS,
        attempts=1,
    )
    pool.start()
    try:
        await pool.met()
        await _asked(pool, seed=0)
        measured = []
        for number in range(1, rounds + 1):
            say(f"idle work, round {number} of {rounds}")
            measured.append(await _round(pool, number))
        return measured
    finally:
        await pool.close()


async def _round(pool: WorkerPool, seed: int) -> IdleRound:
    alone = await _asked(pool, seed=seed)
    began = time.perf_counter()
    await pool.draw(count=_CANDIDATES, seed=seed, sampling=_SAMPLING)
    draw = time.perf_counter() - began
    drawing = asyncio.create_task(pool.draw(count=_CANDIDATES, seed=seed, sampling=_SAMPLING))
    await asyncio.sleep(draw * _FAR_IN)
    during = await _asked(pool, seed=seed)
    with contextlib.suppress(GenerationError):
        await drawing
    return IdleRound(alone_seconds=alone, during_seconds=during, draw_seconds=draw)


async def _asked(pool: WorkerPool, *, seed: int) -> float:
    """Seconds a request takes."""
    began = time.perf_counter()
    await pool.generate(
        GenerationRequest(
            joke_id=1,
            community="bench",
            member="member",
            topic="cats",
            opening=None,
            count=_CANDIDATES,
            seed=seed,
            sampling=_SAMPLING,
            deadline=_PATIENCE,
        )
    )
    return time.perf_counter() - began
