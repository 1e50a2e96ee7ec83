"""A Ray on this machine alone, for trials: started when it is wanted, reached by nobody else.

    python -m bot.generation.cluster.embedded DIRECTORY

It outlives who started it, as a cluster does, and ends at SIGTERM.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from bot.generation.cluster.locking import locked
from bot.generation.cluster.port import ClusterUnreachable
from finetune.cluster.quiet import QUIET
from finetune.durable import write_whole

__all__ = ["LOCAL", "begin_embedded", "end_embedded", "find_embedded"]

LOCAL = "local"
"""Its address in the settings, ray.address."""

_RECORD = "ray.json"
_KEY = "key"
_LOCK = "ray.lock"
_LOG = "ray.log"
_START_SECONDS = 120.0
_END_SECONDS = 30.0
_GLANCE_SECONDS = 0.1
_ROOM = 6
"""Replicas that fit, however few cores there are: of champion, challenger and one to swap to."""


def find_embedded(directory: Path) -> str | None:
    """The address of the one that runs, if one does; this process then has the key to it.

    Call it before anything imports ray, which reads the environment when it is imported.
    """
    record = _record(directory)
    if record is None:
        return None
    os.environ.update(_environment(directory))
    return str(record["address"])


def begin_embedded(directory: Path) -> str:
    """Its address, started first if it does not run yet. Raises `ClusterUnreachable`."""
    directory.mkdir(parents=True, exist_ok=True)
    # So that two bots that begin together start one.
    with locked(directory / _LOCK):
        running = find_embedded(directory)
        if running is not None:
            return running
        _write_token(directory)
        with (directory / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot.generation.cluster.embedded", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **_environment(directory)},
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            running = find_embedded(directory)
            if running is not None:
                return running
            time.sleep(_GLANCE_SECONDS)
        process.kill()
        raise ClusterUnreachable(
            f"Ray could not be started here; its last words are in {directory / _LOG}"
        )


def end_embedded(directory: Path) -> bool:
    """End the one that runs, with everything on it; returns whether one did."""
    record = _record(directory)
    if record is None:
        return False
    pid = int(str(record["pid"]))
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _END_SECONDS
    while _alive(pid, str(record["began"])) and time.monotonic() < deadline:
        time.sleep(_GLANCE_SECONDS)
    return True


def main() -> None:
    """Run a Ray until SIGTERM."""
    import ray

    directory = Path(sys.argv[1])
    ending = threading.Event()
    context = ray.init(
        address="local",
        num_cpus=max(_ROOM, os.cpu_count() or 1),
        include_dashboard=False,
        log_to_driver=False,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    address = context.address_info["gcs_address"]
    record = {"pid": os.getpid(), "began": _began(os.getpid()), "address": address}
    write_whole(directory / _RECORD, json.dumps(record))
    ending.wait()
    (directory / _RECORD).unlink(missing_ok=True)
    ray.shutdown()


def _environment(directory: Path) -> dict[str, str]:
    """What Ray must be told before it is imported to listen on loopback alone, and to its owner."""
    return {
        **QUIET,
        # By this name Ray chooses loopback on any system, whatever address is asked for otherwise.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(directory / _KEY),
    }


def _write_token(directory: Path) -> None:
    """A new secret, for whoever may read our files."""
    path = directory / _KEY
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32))


def _record(directory: Path) -> dict[str, object] | None:
    """What the one that runs wrote down; nothing if it has died since."""
    try:
        record: dict[str, object] = json.loads((directory / _RECORD).read_text())
        alive = _alive(int(str(record["pid"])), str(record["began"]))
    except (OSError, ValueError, KeyError):
        return None
    return record if alive else None


def _alive(pid: int, began: str) -> bool:
    """Whether a process lives that is the one meant, and not a later one of the same number."""
    return _began(pid) == began != ""


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; "" where there is none."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] != "Z":
            return fields[19]
    return ""


if __name__ == "__main__":
    main()
