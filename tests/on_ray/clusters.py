"""Fleets whose versions live on a Ray of this machine's own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from bot.building import build_fleet
from bot.generation.cluster.building import cluster_directory
from bot.generation.cluster.embedded import end_embedded
from bot.generation.fleet import Fleet
from bot.generation.supervisor import WorkerState
from bot.measures import Measures
from bot.model import ServedModel
from bot.selecting import Selectors
from bot.settings import (
    GenerationSettings,
    ModelSettings,
    RaySettings,
    Settings,
    ShelfSettings,
    StoreSettings,
)
from bot.versions import VersionFinder, models_directory
from finetune.artifacts import MANIFEST
from tests.campaigns.waiting import until
from tests.twins.moderator import small_moderator

__all__ = ["PATIENCE", "Machine", "fleet_on"]

PATIENCE = 90.0
"""Seconds after which something that should have happened counts as not happening."""


class Machine:
    """A directory with a Ray of its own and with versions that are all the tiny one."""

    def __init__(self, directory: Path, *, tiny: Path) -> None:
        self.directory = directory
        self._tiny = tiny
        self.origin = ServedModel(name="tiny", directory=tiny)

    def settings(self, *, heartbeat_seconds: float = 30.0, **ray: Any) -> Settings:
        """Usual settings for `where = "ray"`; a replica tells two jokes of two candidates."""
        return Settings(
            model=ModelSettings(
                base=str(self._tiny), version="none", cache=self.directory / "cache"
            ),
            generation=GenerationSettings(
                where="ray",
                device="cpu",
                dtype="float32",
                threads=1,
                slots=4,
                candidates=2,
                heartbeat_seconds=heartbeat_seconds,
                start_seconds=PATIENCE,
            ),
            ray=RaySettings.model_validate({"address": "local", **ray}),
            shelf=ShelfSettings(enabled=False),
            store=StoreSettings(directory=self.directory / "data"),
        )

    def write_version(self, name: str, *, damaged: bool = False) -> None:
        """A version that was made here; a damaged one has lost its weights' integrity."""
        target = models_directory(self.settings()) / name
        shutil.copytree(self._tiny, target)
        manifest = json.loads((target / MANIFEST).read_text())
        (target / MANIFEST).write_text(json.dumps({**manifest, "version": name}))
        if damaged:
            (target / "config.json").write_text("{}")

    def replicas(self, application: str = "punchline-tiny") -> list[int]:
        """The process ids of the replicas that live, of all versions or of one."""
        return [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if (process.info["cmdline"] or [""])[0].startswith(f"ray::ServeReplica:{application}")
            and str(self.directory) in process.environ().get("RAY_AUTH_TOKEN_PATH", "")
        ]

    def kill(self, number: signal.Signals = signal.SIGKILL) -> list[int]:
        """Send every replica a signal; their process ids."""
        pids = self.replicas()
        for pid in pids:
            os.kill(pid, number)
        return pids

    def cluster(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`punchline cluster …` as somebody types it."""
        sections = self.settings().model_dump(mode="json", exclude_unset=True)
        variables = {
            f"PUNCHLINE_{section}__{key}".upper(): str(value)
            for section, values in sections.items()
            for key, value in values.items()
        }
        return subprocess.run(
            [sys.executable, "-m", "bot", "cluster", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
            env={**os.environ, **variables},
        )

    def end(self) -> None:
        """End the Ray, with everything on it."""
        end_embedded(cluster_directory(self.settings()))


@asynccontextmanager
async def fleet_on(machine: Machine, settings: Settings) -> AsyncIterator[Fleet]:
    """A fleet whose champion serves; leaving closes it, and its application lives on."""
    selectors = Selectors(moderator=small_moderator())
    finder = VersionFinder(origin=machine.origin, settings=settings)
    fleet = build_fleet(settings, finder=finder, selectors=selectors, measures=Measures())
    fleet.start(machine.origin)
    try:
        await until(lambda: fleet.status.worker.state is WorkerState.SERVING, seconds=PATIENCE)
        yield fleet
    finally:
        await fleet.close()


def machine_in(directory: Path, *, tiny: Path) -> Iterator[Machine]:
    """A machine for the tests of a module; its Ray ends with them."""
    machine = Machine(directory, tiny=tiny)
    try:
        yield machine
    finally:
        machine.end()
