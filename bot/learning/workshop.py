"""Where versions are made and judged: each step is a `finetune` process of its own."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from bot.generation.cluster.building import cluster_directory
from bot.generation.cluster.embedded import LOCAL, begin_embedded
from bot.generation.cluster.port import ClusterUnreachable
from bot.generation.cluster.ray_cluster import has_ray
from bot.learning.process import FinetuneError, ProgressLine, run_finetune
from bot.model import ServedModel
from bot.settings import Settings
from finetune.corpus.jokes import SUMMARY
from finetune.gate.verdict import VERDICT, Verdict, read_verdict
from finetune.shipped import demo_jokes

__all__ = ["FinetuneWorkshop", "Hear", "Workshop"]

Hear = Callable[[ProgressLine], None]

_HELD_OUT_OF_FEW = 0.15
_NAME_CHARACTERS = 12


class Workshop(Protocol):
    """Each method raises `FinetuneError`; cancelling one ends its process, which saves its work."""

    async def corpus(self, hear: Hear) -> Path:
        """The prepared corpus that is read along and judged by."""

    async def teach(
        self,
        *,
        parent: ServedModel,
        votes: Path,
        corpus: Path,
        version: Path,
        resume: bool,
        hear: Hear,
    ) -> None:
        """Make a version of its parent and the votes; `resume` goes on where one was stopped."""

    async def judge(
        self,
        *,
        candidate: Path,
        champion: ServedModel,
        votes: Path,
        corpus: Path,
        verdict: Path,
        hear: Hear,
    ) -> Verdict:
        """Compare a version with the champion; the directory `verdict` holds all of it."""


class FinetuneWorkshop:
    """Does it with `python -m finetune`, standing back behind whoever tells jokes."""

    def __init__(self, *, settings: Settings) -> None:
        self._settings = settings

    async def corpus(self, hear: Hear) -> Path:
        chosen = self._settings.training.corpus
        if chosen is not None and (chosen / SUMMARY).is_file():
            return chosen
        source = chosen or demo_jokes()
        out = await asyncio.to_thread(self._prepared, source)
        if not (out / SUMMARY).is_file():
            held_out = () if chosen else ("--held-out", str(_HELD_OUT_OF_FEW))
            await self._run(
                (
                    *("prepare", str(source), "--out", str(out), *held_out),
                    *("--processes", str(self._threads())),
                ),
                hear,
            )
        return out

    async def teach(
        self,
        *,
        parent: ServedModel,
        votes: Path,
        corpus: Path,
        version: Path,
        resume: bool,
        hear: Hear,
    ) -> None:
        await self._run(
            (
                *("retrain", "--votes", str(votes), "--parent", str(parent.directory)),
                *("--data", str(corpus), "--out", str(version)),
                *("--recipe", self._settings.training.recipe),
                "--resume" if resume else "--restart",
                *await self._workers(),
            ),
            hear,
            tied=True,
        )

    async def judge(
        self,
        *,
        candidate: Path,
        champion: ServedModel,
        votes: Path,
        corpus: Path,
        verdict: Path,
        hear: Hear,
    ) -> Verdict:
        await self._run(
            (
                *("gate", "--candidate", str(candidate), "--champion", str(champion.directory)),
                *("--votes", str(votes), "--data", str(corpus), "--out", str(verdict)),
                *self._limits(),
                *self._machine(),
            ),
            hear,
            tied=True,
        )
        try:
            return await asyncio.to_thread(read_verdict, verdict / VERDICT)
        except (OSError, ValueError) as error:
            raise FinetuneError(f"The verdict cannot be read: {error}.") from error

    async def _run(self, arguments: Sequence[str], hear: Hear, *, tied: bool = False) -> None:
        await run_finetune(
            arguments, hear=hear, niceness=self._settings.training.niceness, tied=tied
        )

    async def _workers(self) -> tuple[str, ...]:
        """Where the trainer computes, in how many processes. Raises `FinetuneError`."""
        training = self._settings.training
        shared = ("--workers", str(training.workers)) if training.workers > 1 else ()
        if training.where == "here":
            return (*shared, *self._machine(workers=training.workers))
        if not has_ray():
            raise FinetuneError(
                "Ray is not installed; install it with: pip install 'punchline[ray]', or set "
                "training.where to 'here'."
            )
        address = self._settings.ray.address
        if address == LOCAL:
            directory = cluster_directory(self._settings)
            try:
                address = await asyncio.to_thread(begin_embedded, directory)
            except ClusterUnreachable as error:
                raise FinetuneError(str(error)) from error
        return (
            *("--ray", address, *shared, "--threads", str(training.threads or 1)),
            *self._common(),
        )

    def _machine(self, *, workers: int = 1) -> tuple[str, ...]:
        """What the processes that compute on this machine have in common."""
        return ("--threads", str(self._threads(workers=workers)), *self._common())

    def _common(self) -> tuple[str, ...]:
        return (
            *("--device", self._settings.generation.device),
            *("--cache", str(self._settings.model.cache_directory)),
        )

    def _threads(self, *, workers: int = 1) -> int:
        return self._settings.training.threads or max(1, (os.cpu_count() or 1) // 2 // workers)

    def _limits(self) -> Sequence[str]:
        limits = self._settings.gate.model_dump()
        jokes = limits.pop("jokes")
        named = [("--limit", f"{name}={value}") for name, value in limits.items()]
        return ("--jokes", str(jokes), *(part for pair in named for part in pair))

    def _prepared(self, source: Path) -> Path:
        """Where the corpus made of a source is kept; another source, or a changed one, has another.

        Raises `FinetuneError`.
        """
        try:
            state = source.stat()
        except OSError as error:
            raise FinetuneError(
                f"{source} cannot be read: {error.strerror}; correct training.corpus."
            ) from error
        content = f"{source.absolute()} {state.st_size} {state.st_mtime_ns}"
        digest = hashlib.sha256(content.encode(errors="replace")).hexdigest()
        return self._settings.store.directory / f"corpus-{digest[:_NAME_CHARACTERS]}"
