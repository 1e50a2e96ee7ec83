"""Programs that are started as people start them, and stopped in the middle."""

import json
import os
import signal
import subprocess

__all__ = ["environment", "signalled"]


def environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def signalled(
    arguments: list[str], *, at: int, number: signal.Signals
) -> "subprocess.CompletedProcess[str]":
    """The ended program, which got a signal when it reported a step."""
    with subprocess.Popen(
        arguments, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if json.loads(line).get("step") == at and json.loads(line)["stage"] == "training":
                process.send_signal(number)
                break
        rest, errors = process.communicate()
    said = "".join([*lines, rest])
    return subprocess.CompletedProcess(arguments, process.returncode, said, errors)
