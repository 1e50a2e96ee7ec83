"""A live version as an application on the cluster: what its replicas load, and how many."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = [
    "PREFIX",
    "Application",
    "Kept",
    "ReplicaPlan",
    "Scale",
    "application_name",
    "plan_from",
]

PREFIX = "punchline-"
"""What the names of our applications begin with, so that others on the cluster are left alone."""

_DIGITS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A directory of weights: at `path` on every node, or under `key` at a `url`."""

    path: str
    key: str
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaPlan:
    """What one replica loads and how it computes; `cache` is "" for the node's own."""

    name: str
    version: Kept
    base: Kept | None
    device: str
    dtype: str
    threads: int
    slots: int
    cache: str
    software: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How many replicas there are, what each takes of the cluster, and what each is given.

    `at_once` is how many jokes one replica tells at the same time, `queued` how many wait for one
    before the cluster refuses. There are more or fewer replicas when they have had more or less
    than the `target` for `upscale_seconds` or `downscale_seconds`. A replica that writes nothing
    for `silent_seconds` is replaced, and one that is to go may finish for `grace_seconds`.
    """

    cpus: float
    gpus: float
    at_once: int
    queued: int
    least: int
    most: int
    target: float
    upscale_seconds: float
    downscale_seconds: float
    silent_seconds: float
    grace_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A version's application; two of the same `digest` are the same in all that is set."""

    name: str
    plan: ReplicaPlan
    scale: Scale

    @property
    def digest(self) -> str:
        """A fingerprint of all that matters to the replicas."""
        text = self.encoded_plan() + json.dumps(asdict(self.scale), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

    def encoded(self) -> str:
        """The application as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def encoded_plan(self) -> str:
        """The plan as JSON, for a node: where weights come from a URL, no path of the bot's."""
        content = asdict(self.plan)
        for each in filter(None, (content["version"], content["base"])):
            each["path"] = "" if each["url"] else each["path"]
        return json.dumps(content, sort_keys=True)

    @classmethod
    def decoded(cls, text: str) -> "Application":
        """Read what `encoded` wrote. Raises `KeyError`, `TypeError` or `ValueError`."""
        content = json.loads(text)
        return cls(
            name=content["name"],
            plan=_plan(content["plan"]),
            scale=Scale(**content["scale"]),
        )


def plan_from(text: str) -> ReplicaPlan:
    """Read what `encoded_plan` wrote. Raises `KeyError`, `TypeError` or `ValueError`."""
    return _plan(json.loads(text))


def _plan(content: dict[str, Any]) -> ReplicaPlan:
    version, base = content["version"], content["base"]
    parts = {"version": Kept(**version), "base": Kept(**base) if base else None}
    return ReplicaPlan(**{**content, **parts})


def application_name(version: str, *, keys: tuple[str, ...]) -> str:
    """The same for whoever serves these weights, and for nobody else."""
    digest = hashlib.sha256("\n".join(keys).encode(errors="replace")).hexdigest()
    return f"{PREFIX}{version}-{digest[:_DIGITS]}"
