"""A process that writes a version and makes it champion, killed after each of its calls in turn.

    python -m tests.bot.learning.killed HOUSE TINY EVERY

Each call that changes files or the database is counted; for every EVERYth of them a new child
does all of it and is ended by SIGKILL before the next one. A fresh start then looks at what is
left, and a line of JSON says what it found: `{"calls": 17, "champion": "old", "wrong": []}`.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.learning import roles as rules
from bot.learning.pruning import Pruning, sweep
from bot.learning.roster import Roster
from bot.model import ServedModel
from bot.settings import load_settings
from bot.store.moments import now
from bot.store.store import SqlStore
from bot.versions import VersionFinder
from finetune.artifacts import BrokenVersionError, Manifest, read_manifest, verify, write_version
from tests.bot.made import copy_version, version_row

_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}
_BLOCK = 100_000


class _Calls:
    """Counts what is about to be done; ends the process at the call with this number."""

    def __init__(self, *, directory: Path, last: int) -> None:
        self.number = 0
        self._directory = str(directory)
        self._last = last

    def watch(self) -> None:
        """From now on every call below the directory and every statement counts."""
        flush = os.fsync

        def counted_flush(descriptor: int) -> None:
            self.count()
            flush(descriptor)

        os.fsync = counted_flush
        sys.addaudithook(self._heard)
        for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, event, lambda *_: self.count())

    def count(self) -> None:
        if self.number == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.number += 1

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and str(arguments[0]).startswith(self._directory):
            self.count()


def _write(source: Path, models: Path, count: Callable[[], None]) -> None:
    """Write the version `new` with the weights of another, a block at a time."""

    def fill(target: Path) -> None:
        for path in sorted(source.iterdir()):
            if path.name == "punchline.json":
                continue
            with (target / path.name).open("wb") as stream:
                content = path.read_bytes()
                for start in range(0, len(content), _BLOCK):
                    count()
                    stream.write(content[start : start + _BLOCK])
                    stream.flush()

    old = read_manifest(source)
    manifest = Manifest(version="new", base=old.base, template=old.template, parent="old")
    write_version(directory=models / "new", manifest=manifest, fill=fill)


async def _prepare(data: Path, source: Path) -> None:
    """A store where `old` serves, in the place of `older`."""
    store = await SqlStore.open(directory=data)
    for day, (name, parent) in enumerate([("older", "tiny"), ("old", "older")], start=1):
        copy_version(source, data / "models", name)
        await store.model_versions.add(version_row(name, parent, day=day), voters={})
    begun = rules.first("tiny", at=now())
    await store.model_versions.assume(begun, instead_of=None)
    reign = rules.returned(begun, await store.model_versions.all(), "old", at=now())
    await store.model_versions.assume(reign, instead_of=begun)
    await store.close()


async def _activate(data: Path, source: Path, calls: _Calls) -> None:
    """Write a version, try it, promote it, and make room."""
    store = await SqlStore.open(directory=data)
    versions, models = store.model_versions, data / "models"
    calls.watch()
    _write(source, models, calls.count)
    await versions.add(version_row("new", "old", day=3), voters={"a" * 32: 2})
    old = await versions.roles()
    assert old is not None
    trial = rules.tried(old, "new", at=now())
    assert await versions.assume(trial, instead_of=old)
    reign = rules.promoted(trial, at=now())
    assert await versions.assume(reign, instead_of=trial)
    await Pruning(versions=versions, models=models, keep=0).prune(reign, live=())
    calls.count()
    await store.close()


class _Started:
    """In the place of a fleet: remembers what was started."""

    name = ""

    def start(self, model: ServedModel) -> None:
        self.name = model.name


async def _look(data: Path, source: Path) -> dict[str, Any]:
    """What a fresh start finds."""
    wrong: list[str] = []
    settings = load_settings(
        path=Path(os.devnull), environment={"PUNCHLINE_STORE__DIRECTORY": str(data)}
    )
    origin = ServedModel(name="tiny", directory=source)
    store = await SqlStore.open(directory=data)
    fleet = _Started()
    versions = store.model_versions
    roster = Roster(
        versions=versions,
        fleet=fleet,  # type: ignore[arg-type]
        finder=VersionFinder(origin=origin, settings=settings),
        pruning=Pruning(versions=versions, models=data / "models", keep=0),
        share=0.2,
    )
    before = await versions.roles()
    roster.on_rollback = lambda *news: wrong.append(f"taken back: {news}")
    await roster.begin()
    after = await versions.roles()
    if before is None or after is None or before.champion != after.champion:
        wrong.append(f"the champion changed: {before} {after}")
    elif after.champion != fleet.name:
        wrong.append(f"{fleet.name} was started in the place of {after.champion}")
    await store.close()
    sweep(data / "models", abandoned_seconds=-1.0)
    for directory in (data / "models").iterdir():
        try:
            verify(directory)
        except BrokenVersionError as error:
            wrong.append(str(error))
    return {"champion": fleet.name, "wrong": wrong}


def _in_child(work: Callable[[], Coroutine[Any, Any, object]]) -> tuple[int, str]:
    """Run in a forked process; its status as `os.waitpid` gives it, and what it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writing, json.dumps(asyncio.run(work())).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    return os.waitpid(pid, 0)[1], said


def main(house: Path, source: Path, every: int) -> None:
    template, data = house / "template", house / "data"
    _in_child(lambda: _prepare(template, source))
    last, status = 0, -1
    while status != 0:
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(template, data)
        calls = _Calls(directory=data, last=last)
        status, _ = _in_child(lambda calls=calls: _activate(data, source, calls))  # type: ignore[misc]
        if status not in (0, signal.SIGKILL):
            raise SystemExit(f"it ended with {status} at call {last}")
        seen, said = _in_child(lambda: _look(data, source))
        if seen:
            raise SystemExit(f"the fresh start failed after call {last}")
        print(json.dumps({"calls": last, **json.loads(said)}), flush=True)
        last += every


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
