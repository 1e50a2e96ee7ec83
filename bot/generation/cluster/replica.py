"""One replica: the worker's engine in an actor of the cluster.

Nothing heavy is imported before a replica begins, so that whoever deploys one never loads torch.
"""

import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.generation.cluster.application import plan_from
from bot.generation.cluster.depot import fetched
from bot.generation.cluster.engine_thread import EngineThread
from bot.generation.process import PATIENT_THREADS
from bot.generation.protocol import Embed, Generate, ProtocolError, decode_order, encode
from finetune.bases import default_cache

if TYPE_CHECKING:
    from bot.generation.worker import WorkerPlan

__all__ = ["Replica"]


class Replica:
    """Orders and reports travel as the lines that a worker process reads and writes.

    Raises `BrokenVersionError` or `DepotError` when there is nothing to serve. `digest` is what the
    application was deployed as.
    """

    def __init__(self, plan: str, silent_seconds: float, digest: str) -> None:
        for name, value in PATIENT_THREADS.items():
            os.environ.setdefault(name, value)
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        from bot.generation.worker import prepared_worker

        self._silent_seconds = silent_seconds
        self._digest = digest
        loading = partial(_worker_plan, plan)
        self._engine = EngineThread(
            lambda inbox, report: prepared_worker(loading(), inbox=inbox, report=report)
        )

    async def obey(self, line: bytes) -> bytes:
        """The report on an order; cancelling the call gives the order up."""
        order = decode_order(line)
        if not isinstance(order, Generate | Embed):
            raise ProtocolError(f"not an order for a replica: {line[:200]!r}")
        return encode(await self._engine.obey(order))

    async def describe(self) -> tuple[bytes, str]:
        """What a worker says when it is ready, and what the replica was deployed as."""
        return encode(self._engine.ready), self._digest

    async def check_health(self) -> None:
        """Write a token; raises when that takes too long, and is then replaced."""
        await self._engine.prove_it_writes(seconds=self._silent_seconds)


def _worker_plan(text: str) -> "WorkerPlan":
    """What to load, fetched to this node first if need be."""
    from bot.generation.worker import WorkerPlan

    plan = plan_from(text)
    cache = Path(plan.cache) if plan.cache else default_cache(os.environ)
    return WorkerPlan(
        directory=fetched(plan.version, cache=cache),
        name=plan.name,
        base=fetched(plan.base, cache=cache) if plan.base else None,
        device=plan.device,
        dtype=plan.dtype,
        threads=plan.threads,
        slots=plan.slots,
        steps=cache / "steps",
    )
