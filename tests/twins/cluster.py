"""A cluster in memory: replicas that do what topics say, and applications that come to life."""

import asyncio
from dataclasses import replace

from bot.generation.cluster.application import Application, Kept, ReplicaPlan, Scale
from bot.generation.cluster.port import ApplicationGone, ClusterBusy, ReplicaLost
from bot.generation.cluster.ray_cluster import ApplicationState
from bot.generation.protocol import (
    Embed,
    Embedded,
    Generate,
    Ready,
    Report,
    Result,
    decode_order,
    encode,
)
from finetune.candidates import Candidate

__all__ = ["ApplicationsTwin", "ReplicasTwin", "application"]


class ReplicasTwin:
    """Implements `Replicas`: topic `hold` waits for `release`, `die`, `full` and `gone` fail.

    `given_up` are the orders whose callers went away; `number` replicas run, or none that it knows.
    """

    def __init__(self, *, number: int = 1) -> None:
        self.number: int | None = number
        self.release = asyncio.Event()
        self.given_up: list[str] = []

    async def obey(self, order: bytes) -> bytes:
        decoded = decode_order(order)
        if isinstance(decoded, Embed):
            features = tuple(joke.text.encode() for joke in decoded.jokes)
            return encode(Embedded(id=decoded.id, features=features))
        assert isinstance(decoded, Generate)
        match decoded.topic:
            case "hold":
                try:
                    await self.release.wait()
                except asyncio.CancelledError:
                    self.given_up.append(decoded.id)
                    raise
            case "die":
                raise ReplicaLost("the actor died")
            case "full":
                raise ClusterBusy("16 wait")
            case "gone":
                raise ApplicationGone("it has been deleted")
            case "garble":
                return b"no report"
        return encode(_result(decoded))

    async def running(self) -> int:
        if self.number is None:
            raise ApplicationGone("it has been deleted")
        return self.number


class ApplicationsTwin:
    """Implements `Applications`: what is deployed is ready after so many `glances` at its state.

    With a `refusal` it fails instead, and with `nobody_else` False another bot is deploying it.
    """

    def __init__(
        self, *, glances: int = 2, trouble: str = "", fails: bool = False, nobody_else: bool = True
    ) -> None:
        self.deployed: list[Application] = []
        self.digest = ""
        self.found: ApplicationState | None = None
        self.settled = False
        self._glances = glances
        self._trouble = trouble
        self._fails = fails
        self._nobody_else = nobody_else
        self._left = 0

    def serve(self, name: str, *, digest: str) -> None:
        """An application that is there already."""
        self.digest = digest
        self.found = _state(name, "RUNNING")

    def deploy(self, application: Application) -> None:
        self.deployed.append(application)
        self.digest = application.digest
        self.found = replace(_state(application.name, "DEPLOYING"), trouble=self._trouble)
        self._left = self._glances

    def state(self, name: str) -> ApplicationState | None:
        if self.found is not None and self.found.status == "DEPLOYING":
            self._left -= 1
            if self._left <= 0:
                status = "DEPLOY_FAILED" if self._fails else "RUNNING"
                self.found = replace(self.found, status=status, running=int(not self._fails))
        return self.found

    def describe(self, name: str) -> tuple[Ready, str]:
        return Ready(version="funny", device="cpu", dtype="float32", slots=32), self.digest

    def may_deploy(self, name: str, holder: str) -> bool:
        return self._nobody_else

    def has_deployed(self, name: str, holder: str) -> None:
        self.settled = True


def application(*, url: str = "", path: str = "nowhere", at_once: int = 8) -> Application:
    """An application of a version called `funny`."""
    return Application(
        name="punchline-funny-1",
        plan=ReplicaPlan(
            name="funny",
            version=Kept(path=path, key="funny-1", url=url),
            base=None,
            device="cpu",
            dtype="float32",
            threads=1,
            slots=32,
            cache="",
            software="1",
        ),
        scale=Scale(
            cpus=1,
            gpus=0,
            at_once=at_once,
            queued=16,
            least=1,
            most=3,
            target=4,
            upscale_seconds=30,
            downscale_seconds=600,
            silent_seconds=10,
            grace_seconds=30,
        ),
    )


def _state(name: str, status: str) -> ApplicationState:
    running = int(status == "RUNNING")
    return ApplicationState(name=name, status=status, running=running, replicas=1, trouble="")


def _result(order: Generate) -> Report:
    jokes = tuple(
        Candidate(text=f"{order.topic} {number}", tokens=1, score=0, complete=True)
        for number in range(order.count)
    )
    return Result(id=order.id, candidates=jokes, seconds=0.0)
