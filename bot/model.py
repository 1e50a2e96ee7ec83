"""The model that is served: a version, the base it needs, or a base alone."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from finetune.artifacts import MANIFEST, BrokenVersionError, is_adapter, read_manifest, slug
from finetune.bases import STARTER, BaseModelError, locate
from finetune.novelty import NoveltyIndex
from finetune.progress import Progress
from finetune.shipped import shipped_version

__all__ = ["BaseModelError", "ServedModel", "made_model", "prepared_model", "ready_model"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """`directory` has a version or a base; an adapter also has `base_directory`.

    Where a server generates, that has the base, and an untaught model has no files here at all.
    `name` is the one that the worker calls it by and that is written down with each joke.
    """

    name: str
    directory: Path
    base_directory: Path | None = None

    def novelty(self) -> NoveltyIndex | None:
        """The index of the jokes a version was taught, if it has one.

        Raises `BrokenVersionError`.
        """
        return NoveltyIndex.of_version(self.directory)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """What the settings ask for; `base` is None where a version needs none."""

    version: Path | None
    base: str | None
    revision: str


def ready_model(settings: Settings) -> ServedModel | None:
    """The model to serve, or None when its base has to be prepared.

    Raises `BaseModelError` or `BrokenVersionError`.
    """
    if settings.generation.where == "server":
        return _on_server(settings)
    return _located(_wanted(settings), settings)


def made_model(directory: Path, settings: Settings) -> ServedModel:
    """The version in a directory, on a base that has been prepared unless a server has it.

    Raises `BaseModelError` or `BrokenVersionError`.
    """
    wanted = _version_in(directory)
    if settings.generation.where == "server":
        return _served(wanted, None)
    found = _located(wanted, settings)
    if found is None:
        raise BaseModelError(f"{wanted.base}, the base of {directory}, has not been prepared.")
    return found


async def prepared_model(settings: Settings, *, progress: Progress) -> ServedModel:
    """The model to serve, its base prepared first if need be.

    Converting needs torch, which this process never imports, so `python -m finetune base` does it.
    Raises `BaseModelError` or `BrokenVersionError`.
    """
    ready = await asyncio.to_thread(ready_model, settings)
    if ready is not None:
        return ready
    wanted = await asyncio.to_thread(_wanted, settings)
    return _served(wanted, await _prepare(wanted, settings, progress))


def _wanted(settings: Settings) -> _Wanted:
    model = settings.model
    if model.version == "none" or (model.version == "auto" and model.base != STARTER):
        return _Wanted(version=None, base=model.base, revision=model.revision)
    return _named_version(shipped_version() if model.version == "auto" else Path(model.version))


def _on_server(settings: Settings) -> ServedModel:
    """What a server's model is: the version that the settings name, or else untaught."""
    version, name = settings.model.version, slug(settings.server.model)
    if version not in ("auto", "none"):
        return _served(_named_version(Path(version)), None)
    return ServedModel(name=name, directory=settings.model.cache_directory / "servers" / name)


def _named_version(directory: Path) -> _Wanted:
    if not (directory / MANIFEST).is_file():
        raise BrokenVersionError(
            f"{directory} is no model version; correct model.version in config.toml."
        )
    return _version_in(directory)


def _version_in(directory: Path) -> _Wanted:
    manifest = read_manifest(directory)
    return _Wanted(
        version=directory,
        base=manifest.base if is_adapter(directory) else None,
        revision=str(manifest.recipe.get("revision", "")),
    )


def _located(wanted: _Wanted, settings: Settings) -> ServedModel | None:
    if wanted.base is None:
        return _served(wanted, None)
    base = locate(wanted.base, cache=settings.model.cache_directory, revision=wanted.revision)
    return None if base is None else _served(wanted, base)


def _served(wanted: _Wanted, base: Path | None) -> ServedModel:
    if wanted.version is not None:
        name = read_manifest(wanted.version).version
        return ServedModel(name=name, directory=wanted.version, base_directory=base)
    if wanted.base is None or base is None:
        raise BaseModelError("There is no model to serve; set model.base in config.toml.")
    named = (base / MANIFEST).is_file()
    name = read_manifest(base).version if named else slug(wanted.base)
    return ServedModel(name=name, directory=base)


async def _prepare(wanted: _Wanted, settings: Settings, progress: Progress) -> Path:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "finetune", "base", wanted.base or "", "--progress", "json"),
        *("--cache", str(settings.model.cache_directory), "--revision", wanted.revision),
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
