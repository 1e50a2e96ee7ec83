"""The cluster itself, in Ray's terms. Nothing here imports ray outside a function."""

import logging
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Self

from bot.generation.cluster.application import PREFIX, Application
from bot.generation.cluster.leases import Leases
from bot.generation.cluster.port import ApplicationGone, ClusterUnreachable
from bot.generation.cluster.replica import Replica
from bot.generation.protocol import ProtocolError, Ready, decode_report
from finetune.cluster.driving import NAMESPACE, join, leave, make_quiet

__all__ = ["MISSING", "ApplicationState", "RayCluster", "has_ray"]

MISSING = (
    "Jokes are to come from Ray (generation.where), which is not installed; "
    "install it with: pip install 'punchline[ray]'"
)

_LEASES = "punchline-leases"
_DEPLOYMENT = "replica"
_QUICK_SECONDS = 10.0
_HEALTH_CHECKS = 3
"""Checks that Serve wants to see fail before it replaces a replica."""

_CONSTRUCTIONS = 3
_SENTENCE = re.compile(r"(?:BrokenVersionError|DepotError): ?([^\n]+)")


def has_ray() -> bool:
    """Whether Ray and Serve are installed here."""
    return find_spec("ray") is not None and find_spec("fastapi") is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationState:
    """An application as the cluster sees it; `trouble` is why it is not as it should be."""

    name: str
    status: str
    running: int
    replicas: int
    trouble: str

    @property
    def serving(self) -> bool:
        """Whether it answers; a broken replica beside sound ones is being replaced."""
        return self.status == "RUNNING" or (self.status == "UNHEALTHY" and self.running > 0)

    @property
    def failed(self) -> bool:
        """Whether the cluster has given up bringing it to life."""
        return self.status == "DEPLOY_FAILED"

    @property
    def refusal(self) -> str:
        """What a replica said that found nothing to serve, or ""."""
        found = _SENTENCE.findall(self.trouble)
        return str(found[-1]) if found else ""


class RayCluster:
    """A connection to a cluster; blocks, so it belongs in a thread of whoever has a loop."""

    def __init__(self) -> None:
        self._leases: Any = None

    @classmethod
    def connect(cls, address: str) -> Self:
        """Join a cluster as one of its drivers. Raises `ClusterUnreachable`."""
        make_quiet()
        from ray import serve  # noqa: F401 - sets up the log that is quieted next

        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        try:
            join(address)
        except Exception as error:
            raise ClusterUnreachable(
                f"There is no Ray to join at {address} (ray.address): {_briefly(error)}"
            ) from error
        return cls()

    def leave(self) -> None:
        """Leave the cluster to itself; whoever asks it anything later does so in vain."""
        leave()

    def deploy(self, application: Application) -> None:
        """Bring an application to life, or to its new form replica by replica; does not wait."""
        from ray import serve

        scale = application.scale
        # Requests come through handles, so nothing has to listen for HTTP.
        serve.start(proxy_location="Disabled")
        plan = application.encoded_plan()
        deployment: Any = serve.deployment(
            name=_DEPLOYMENT,
            ray_actor_options={"num_cpus": scale.cpus, "num_gpus": scale.gpus},
            max_ongoing_requests=scale.at_once,
            max_queued_requests=scale.queued,
            autoscaling_config={
                "min_replicas": scale.least,
                "max_replicas": scale.most,
                "target_ongoing_requests": scale.target,
                "upscale_delay_s": scale.upscale_seconds,
                "downscale_delay_s": scale.downscale_seconds,
            },
            health_check_period_s=scale.silent_seconds / _HEALTH_CHECKS,
            health_check_timeout_s=scale.silent_seconds,
            graceful_shutdown_timeout_s=scale.grace_seconds,
            max_constructor_retry_count=_CONSTRUCTIONS,
        )(Replica)
        bound = deployment.bind(plan, scale.silent_seconds / _HEALTH_CHECKS, application.digest)
        target = serve.RunTarget(target=bound, name=application.name, route_prefix=None)
        serve.run_many([target], wait_for_applications_running=False)

    def states(self) -> list[ApplicationState]:
        """Every application of ours. Raises `ClusterUnreachable`."""
        from ray import serve

        try:
            found = serve.status().applications
        except Exception as error:
            raise ClusterUnreachable(f"Ray Serve does not answer: {_briefly(error)}") from error
        return [
            _state(name, each) for name, each in sorted(found.items()) if name.startswith(PREFIX)
        ]

    def state(self, name: str) -> ApplicationState | None:
        """One application, or None where there is none. Raises `ClusterUnreachable`."""
        return next((each for each in self.states() if each.name == name), None)

    def describe(self, name: str) -> tuple[Ready, str]:
        """What a replica said when it was ready, and the digest it was deployed as.

        Raises `ApplicationGone`.
        """
        from ray import serve

        try:
            handle = serve.get_app_handle(name)
            line, digest = handle.describe.remote().result(timeout_s=_QUICK_SECONDS)
            ready = decode_report(line)
        except Exception as error:
            raise ApplicationGone(f"{name} does not answer: {_briefly(error)}") from error
        if not isinstance(ready, Ready):
            raise ProtocolError(f"not what a replica says first: {line[:200]!r}")
        return ready, str(digest)

    def delete(self, name: str) -> None:
        """End an application; its replicas finish what they have."""
        from ray import serve

        serve.delete(name)

    def hold(self, name: str, holder: str) -> None:
        """Begin or renew a lease on an application."""
        self._ask("hold", name, holder)

    def release(self, name: str, holder: str) -> None:
        """End a lease."""
        self._ask("release", name, holder)

    def holders(self, name: str) -> int:
        """How many bots use an application."""
        return int(self._ask("holders", name))

    def may_deploy(self, name: str, holder: str) -> bool:
        """Whether nobody else is about to deploy it."""
        return bool(self._ask("may_deploy", name, holder))

    def has_deployed(self, name: str, holder: str) -> None:
        """Whoever comes now may deploy it again."""
        self._ask("has_deployed", name, holder)

    def _ask(self, method: str, *arguments: str) -> Any:
        import ray

        if self._leases is None:
            self._leases = (
                ray.remote(Leases)
                .options(
                    name=_LEASES,
                    namespace=NAMESPACE,
                    lifetime="detached",
                    get_if_exists=True,
                    num_cpus=0,
                    max_restarts=-1,
                    max_task_retries=3,
                )
                .remote()
            )
        try:
            return ray.get(getattr(self._leases, method).remote(*arguments), timeout=_QUICK_SECONDS)
        except Exception as error:
            self._leases = None
            raise ClusterUnreachable(f"Ray does not answer: {_briefly(error)}") from error


def _state(name: str, found: Any) -> ApplicationState:
    deployments = found.deployments.values()
    counts = [each.replica_states for each in deployments]
    said = [found.message, *(each.message for each in deployments)]
    return ApplicationState(
        name=name,
        status=str(found.status.value),
        running=sum(
            number for each in counts for state, number in each.items() if state == "RUNNING"
        ),
        replicas=sum(number for each in counts for number in each.values()),
        trouble="\n".join(filter(None, said)),
    )


def _briefly(error: Exception) -> str:
    """What Ray says of a failure, in one line and without where in its own code that was."""
    said = " ".join(str(error).partition("Traceback")[0].split())[:200]
    return said or type(error).__name__
