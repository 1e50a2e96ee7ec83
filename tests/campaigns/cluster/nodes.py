"""A Ray of several nodes on this machine, each a raylet with processes of its own."""

import os
import random
import secrets
import signal
import threading
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from bot.generation.cluster.port import ClusterUnreachable
from bot.generation.cluster.ray_cluster import RayCluster
from finetune.cluster.quiet import QUIET

__all__ = ["Nodes"]

_NODES = 3
_REPLICA = "ray::ServeReplica:punchline-"
_CONTROLLER = "ray::ServeController"


class Nodes:
    """A head without replicas and `_NODES` nodes with room for two replicas each.

    Blocks, so it belongs in a thread of whoever has a loop.
    """

    def __init__(self, directory: Path) -> None:
        key = directory / "key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        # Ray reads these when it is imported; the bots, which are started later, inherit them.
        os.environ.update(
            QUIET,
            RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
            RAY_AUTH_MODE="token",
            RAY_AUTH_TOKEN_PATH=str(key),
            RAY_TMPDIR=str(directory),
        )
        from ray.cluster_utils import Cluster

        self._key = key
        self._asking = threading.Lock()
        # Without hooks at the exit, which only the main thread could set.
        self._cluster: Any = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False},
            shutdown_at_exit=False,
        )
        # Before there are others, so that the death of none of them is ours.
        self._ray = RayCluster.connect(self.address)
        for _ in range(_NODES):
            self.add_node()

    @property
    def address(self) -> str:
        """Where the head is."""
        return str(self._cluster.address)

    def add_node(self) -> None:
        """Another machine joins."""
        self._cluster.add_node(num_cpus=2)

    def running(self) -> int | None:
        """How many replicas run, as Serve says; None while it says nothing."""
        with self._asking:
            try:
                return sum(each.running for each in self._ray.states())
            except ClusterUnreachable:
                return None

    def kill_replica(self, chance: random.Random) -> str:
        """SIGKILL to one that lives."""
        replica = chance.choice(self._processes(_REPLICA))
        replica.send_signal(signal.SIGKILL)
        return f"SIGKILL to replica {replica.pid}"

    def kill_controller(self) -> str:
        """SIGKILL to the process of Serve's controller."""
        (controller,) = self._processes(_CONTROLLER)
        controller.send_signal(signal.SIGKILL)
        return f"SIGKILL to Serve's controller {controller.pid}"

    def kill_node(self, chance: random.Random) -> str:
        """SIGKILL to all processes of a node that has replicas."""
        owners = [replica.ppid() for replica in self._processes(_REPLICA)]
        busy = [node for node in self._cluster.worker_nodes if _raylet(node) in owners]
        node = chance.choice(sorted(busy, key=_raylet))
        raylet, replicas = _raylet(node), owners.count(_raylet(node))
        self._cluster.remove_node(node, allow_graceful=False)
        return f"SIGKILL to the node of raylet {raylet} with {replicas} replicas"

    def close(self) -> None:
        """End all of it."""
        # Ray ends the whole process when it is left in the middle of a question.
        with self._asking:
            self._ray.leave()
        self._cluster.shutdown()

    def _processes(self, name: str) -> list[Any]:
        """Those of this Ray whose names begin so."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if (process.info["cmdline"] or [""])[0].startswith(name)
            and process.environ().get("RAY_AUTH_TOKEN_PATH") == str(self._key)
        ]


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)
