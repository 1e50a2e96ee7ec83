"""Versions on the cluster that the settings name: how each is reached, and let go of."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from functools import partial
from importlib import metadata
from pathlib import Path

from bot.generation.cluster.application import (
    Application,
    ReplicaPlan,
    Scale,
    application_name,
)
from bot.generation.cluster.depot import kept
from bot.generation.cluster.process import REFUSED
from bot.generation.connection import Connect
from bot.generation.process import WorkerProcess
from bot.generation.protocol import Ready
from bot.model import ServedModel
from bot.settings import Settings
from finetune.artifacts import slug

__all__ = ["GatewayProcess", "ServedOnCluster", "application_of", "cluster_directory"]

_LEAVING_SECONDS = 60.0

_log = logging.getLogger("punchline.cluster")


def cluster_directory(settings: Settings) -> Path:
    """Where a Ray of this machine's own notes that it runs."""
    return settings.store.directory / "ray"


def application_of(settings: Settings, model: ServedModel) -> Application:
    """What a version is on the cluster. Raises `BrokenVersionError` or `OSError`."""
    generation, ray = settings.generation, settings.ray
    version = kept(model.directory, url=ray.models_url)
    base = kept(model.base_directory, url=ray.models_url) if model.base_directory else None
    keys = tuple(each.key for each in (version, base) if each)
    return Application(
        name=application_name(slug(model.name), keys=keys),
        plan=ReplicaPlan(
            name=model.name,
            version=version,
            base=base,
            device=generation.device,
            dtype=generation.dtype,
            threads=generation.threads,
            slots=generation.slots,
            cache="" if ray.models_url else str(settings.model.cache_directory),
            software=metadata.version("punchline"),
        ),
        scale=Scale(
            cpus=ray.num_cpus,
            gpus=ray.num_gpus,
            at_once=settings.jokes_on_replica,
            queued=ray.max_queued_requests,
            least=ray.min_replicas,
            most=ray.max_replicas,
            target=ray.target_ongoing_requests or settings.jokes_on_replica / 2,
            upscale_seconds=ray.upscale_delay_seconds,
            downscale_seconds=ray.downscale_delay_seconds,
            silent_seconds=generation.heartbeat_seconds,
            grace_seconds=ray.timeout_seconds,
        ),
    )


class GatewayProcess(WorkerProcess):
    """A gateway is a worker process whose end says something of the cluster, not of the version."""

    @property
    def outage(self) -> bool:
        """Whether it ended for anything but a version that cannot be served."""
        return self._process.returncode != REFUSED

    def described(self, ready: Ready) -> str:
        """Where the replicas compute."""
        return f"on Ray, on {ready.device} in {ready.dtype}, through process {self.pid}"


class ServedOnCluster:
    """Makes connections for versions."""

    def __init__(self, *, settings: Settings) -> None:
        self._settings = settings
        self._where = (
            *("--address", settings.ray.address),
            *("--directory", str(cluster_directory(settings))),
        )

    @property
    def slots(self) -> int:
        """Candidates that all replicas there may be decode at the same time."""
        return self._settings.jokes_at_once * self._settings.generation.candidates

    def connect(self, model: ServedModel) -> Connect:
        """How to reach a version."""
        return partial(self._begin, model)

    async def forget(self, model: ServedModel) -> None:
        """Have the cluster let go of a version that serves here no more."""
        application = await asyncio.to_thread(application_of, self._settings, model)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.generation.cluster.leaving", *self._where),
            application.name,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
            start_new_session=True,
        )
        said = b""
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            said = b"it does not answer"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            reason = (said.decode(errors="replace").strip().splitlines() or [""])[-1]
            _log.warning("The cluster keeps %s, which serves no more: %s.", model.name, reason)

    async def _begin(self, model: ServedModel) -> GatewayProcess:
        # The sums of a base without a manifest take a while to work out.
        application = await asyncio.to_thread(application_of, self._settings, model)
        settings = self._settings
        command = (
            *(sys.executable, "-m", "bot.generation.cluster.process", *self._where),
            *("--application", application.encoded()),
            *("--candidates", str(settings.generation.candidates)),
            *("--order-seconds", str(settings.ray.timeout_seconds)),
            *("--start-seconds", str(settings.generation.start_seconds)),
        )
        return await GatewayProcess.start(command)
