"""`punchline doctor`: looks at everything Punchline needs and says how to mend what is wrong."""

import asyncio
import json
import re
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.findings import Finding, State
from bot.generation.cluster.examining import cluster_findings
from bot.generation.native.compiling import can_multiply_bytes, compiler
from bot.generation.server.examining import server_findings
from bot.model import BaseModelError, ready_model
from bot.monitoring.reach import metrics_finding
from bot.phrases import counted
from bot.platforms import discord_finding, telegram_finding
from bot.settings import Settings
from bot.store.inspection import inspect
from bot.store.location import database_url
from bot.store.schema import Schema
from bot.store.server_inspection import inspect_server
from finetune.artifacts import MANIFEST, BrokenVersionError, verify

__all__ = ["examine", "show"]

_LITTLE_DISK = 1 << 30
_NO_DISK = 100 << 20
_PROBE_SECONDS = 120.0
_HUB_TOKEN = r"hf_\w{20,}"  # noqa: S105 - the shape of a token is no secret
_PREPARE = "it is prepared at the first start (about 20 s for the starter)"


async def examine(settings: Settings, *, file: Path | None) -> list[Finding]:
    """Run every check; changes nothing."""
    rooms = {"data": settings.store.directory, "cache": settings.model.cache_directory}
    return [
        Finding(
            subject="configuration",
            state=State.OK,
            seen=f"read from {file}" if file else "built-in defaults; no config.toml",
        ),
        await _database(settings),
        *(_disk(f"disk for {name}", place) for name, place in rooms.items()),
        await asyncio.to_thread(_model, settings),
        *await _generator(settings, file),
        _hub_token(settings.hub.token),
        await discord_finding(settings.discord),
        await telegram_finding(settings.telegram),
        await metrics_finding(settings.metrics.listen),
    ]


def show(findings: list[Finding], *, console: Console) -> None:
    """Print the findings, one line each, mends below; off a terminal no line is broken."""
    marks = {
        State.OK: Text("✔", style="green"),
        State.NOTE: Text("•", style="yellow"),
        State.FAIL: Text("✘", style="bold red"),
    }
    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in findings:
        seen = Text(finding.seen)
        if finding.mend:
            seen.append(f"\n→ {finding.mend}", style="bold")
        if console.is_terminal:
            table.add_row(marks[finding.state], Text(finding.subject), seen)
        else:
            line = Text.assemble(marks[finding.state], f" {finding.subject}: ", seen)
            console.print(line, soft_wrap=True)
    if table.rows:
        console.print(table)


async def _server(url: sa.URL) -> Finding:
    state = await asyncio.to_thread(inspect_server, url)
    if state.problem:
        return Finding(
            subject="database",
            state=State.FAIL,
            seen=f"{state.place}: {state.problem}",
            mend="do as it says; docs/postgresql.md tells how a database is made",
        )
    kept = f"{counted(state.jokes, 'joke')}, {counted(state.votes, 'vote')}"
    if state.schema is Schema.EMPTY:
        kept = "its tables are made at the first start"
    using = "one process" if state.processes == 1 else f"{state.processes} processes"
    seen = f"{state.place} (PostgreSQL {state.release}): {kept}; {using} at work"
    return Finding(subject="database", state=State.OK, seen=seen)


async def _database(settings: Settings) -> Finding:
    url = database_url(settings.store.url)
    if url is not None:
        return await _server(url)
    state = await inspect(settings.store.directory)
    if state.problem:
        return Finding(
            subject="database",
            state=State.FAIL,
            seen=state.problem,
            mend="correct store.directory or its permissions, or restore a backup with: "
            "punchline restore FILE",
        )
    kept = f"{counted(state.jokes, 'joke')}, {counted(state.votes, 'vote')}"
    seen = f"{state.path}: {kept}, sound"
    if not state.exists:
        seen = f"{state.path} is made at the first start"
    return Finding(subject="database", state=State.OK, seen=seen)


def _disk(subject: str, place: Path) -> Finding:
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    seen = f"{free / (1 << 30):.1f} GiB free at {there}"
    if free >= _LITTLE_DISK:
        return Finding(subject=subject, state=State.OK, seen=seen)
    state = State.FAIL if free < _NO_DISK else State.NOTE
    return Finding(subject=subject, state=state, seen=seen, mend="free at least 1 GiB there")


def _model(settings: Settings) -> Finding:
    try:
        model = ready_model(settings)
        if model is None:
            seen = f"the base is not prepared yet; {_PREPARE}"
            return Finding(subject="model", state=State.NOTE, seen=seen)
    except (BaseModelError, BrokenVersionError) as error:
        return Finding(
            subject="model",
            state=State.FAIL,
            seen=str(error),
            mend="do as it says, or set model.base to 'starter' in config.toml",
        )
    if settings.generation.where == "server" and not (model.directory / MANIFEST).is_file():
        seen = f"{settings.server.model}, which the server has; jokes say it is {model.name}"
        return Finding(subject="model", state=State.OK, seen=seen)
    parts = [part for part in (model.directory, model.base_directory) if part is not None]
    for part in parts:
        try:
            if (part / MANIFEST).is_file():
                verify(part)
        except BrokenVersionError as error:
            # Only what Punchline made itself can be made again.
            ours = part.is_relative_to(settings.model.cache_directory)
            mend = f"remove it, and it is prepared again at the next start: rm -r {part}"
            return Finding(
                subject="model",
                state=State.FAIL,
                seen=str(error),
                mend=mend if ours else "put back an intact copy, or name another in config.toml",
            )
    where = " on ".join(map(str, parts))
    seen = f"{where}, verified" if model.name == where else f"{model.name} in {where}, verified"
    return Finding(subject="model", state=State.OK, seen=seen)


async def _generator(settings: Settings, file: Path | None) -> list[Finding]:
    """What the jokes are made with: this machine, a server, or a cluster."""
    if settings.generation.where == "server":
        return await server_findings(settings.server)
    if settings.generation.where == "ray":
        return await cluster_findings(settings.ray, file=file)
    return [await _accelerator(settings), _compiled_step(settings)]


async def _accelerator(settings: Settings) -> Finding:
    """Ask a process of its own, since this one never imports torch."""
    generation = settings.generation
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "finetune", "device"),
        *("--device", generation.device, "--dtype", generation.dtype),
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            output, complaint = await process.communicate()
    except TimeoutError:
        output, complaint = b"", b"torch did not answer in time"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = complaint.decode(errors="replace").strip().splitlines()
        return Finding(
            subject="accelerator",
            state=State.FAIL,
            seen=said[-1] if said else f"torch ended with status {process.returncode}",
            mend="if that says nothing of config.toml, install again with: pip install -e .",
        )
    probe = json.loads(output)
    seen = f"{probe['name']}, computing in {probe['dtype']}"
    if probe["device"] == "cpu":
        seen += f" with {probe['threads']} threads; a CUDA GPU would be used if there were one"
    return Finding(subject="accelerator", state=State.OK, seen=seen)


def _compiled_step(settings: Settings) -> Finding:
    """Whether a processor decodes with the compiled step; without it jokes take longer."""
    subject = "compiled step"
    if settings.generation.dtype == "float32":
        seen = "not used: generation.dtype is float32"
    elif not can_multiply_bytes():
        seen = "not used: this processor has no AVX-512 VNNI; jokes are decoded the plain way"
    elif (program := compiler()) is None:
        return Finding(
            subject=subject,
            state=State.NOTE,
            seen="no C++ compiler here, so a processor decodes jokes the plain way, more slowly",
            mend="install g++ or clang++ and start again",
        )
    else:
        seen = f"built with {program} at the first start"
    return Finding(subject=subject, state=State.OK, seen=seen)


def _hub_token(token: SecretStr | None) -> Finding:
    if token is None:
        seen = "not set; only needed for private base models"
        return Finding(subject="hub token", state=State.NOTE, seen=seen)
    if re.fullmatch(_HUB_TOKEN, token.get_secret_value()):
        return Finding(subject="hub token", state=State.OK, seen="set (hidden)")
    return Finding(
        subject="hub token",
        state=State.FAIL,
        seen="set (hidden), but it does not look like one",
        mend="copy it again, whole and without quotes, from where it was issued",
    )
