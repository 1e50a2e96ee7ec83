"""The base model's directory, made ready by a process of its own when that is still to do."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from bot.settings import Settings
from finetune.bases import BaseModelError, locate
from finetune.progress import Progress

__all__ = ["BaseModelError", "base_directory", "ready_directory"]


def ready_directory(settings: Settings) -> Path | None:
    """Where the base model is, or None when it has to be prepared. Raises `BaseModelError`."""
    model = settings.model
    return locate(model.base, cache=model.cache_directory, revision=model.revision)


async def base_directory(settings: Settings, *, progress: Progress) -> Path:
    """Where the base model is, preparing it first if need be. Raises `BaseModelError`.

    Converting needs torch, which this process never imports, so `python -m finetune base` does it.
    """
    ready = await asyncio.to_thread(ready_directory, settings)
    if ready is not None:
        return ready
    model = settings.model
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "finetune", "base", model.base, "--progress", "json"),
        *("--cache", str(model.cache_directory), "--revision", model.revision),
        stdout=PIPE,
        stderr=PIPE,
        env=_environment(settings),
    )
    try:
        return await _follow(process, progress)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    token = settings.hub.token
    own = {"PUNCHLINE_HUB__TOKEN": token.get_secret_value()} if token else {}
    return {**os.environ, **own}


async def _follow(process: asyncio.subprocess.Process, progress: Progress) -> Path:
    if process.stdout is None or process.stderr is None:
        raise ValueError("the process needs pipes for its output")
    complaint = asyncio.create_task(process.stderr.read())
    directory: Path | None = None
    try:
        while line := await process.stdout.readline():
            report = json.loads(line)
            if report["stage"] == "done":
                directory = Path(report["directory"])
            else:
                progress(report["stage"], report["step"], report["of"])
        status = await process.wait()
        said = (await complaint).decode(errors="replace").strip().splitlines()
    finally:
        complaint.cancel()
    if status or directory is None:
        raise BaseModelError(said[-1] if said else f"Preparing the model ended with {status}.")
    return directory
