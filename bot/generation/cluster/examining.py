"""What `punchline doctor` finds out about the cluster that generates."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from bot.findings import Finding, State
from bot.generation.cluster.ray_cluster import MISSING, has_ray
from bot.settings import RaySettings

__all__ = ["cluster_findings", "understood"]

_SECONDS = 60.0
_START = "start one with: ray start --head, or set ray.address to 'local' for a trial"


async def cluster_findings(settings: RaySettings, *, file: Path | None) -> list[Finding]:
    """Whether there is a Ray and what it serves; asked in a process that can be given up."""
    if not has_ray():
        return [Finding(subject="ray", state=State.FAIL, seen=MISSING, mend="do as it says")]
    named = {"PUNCHLINE_CONFIG": str(file)} if file else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "cluster", "status", "--json"),
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **named},
    )
    output, complaint = b"", b"it does not answer"
    try:
        async with asyncio.timeout(_SECONDS):
            output, complaint = await process.communicate()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return understood(output, complaint, address=settings.address)


def understood(output: bytes, complaint: bytes, *, address: str) -> list[Finding]:
    """What `punchline cluster status --json` found, from what it wrote."""
    if not output:
        if address == "local":
            seen = "none runs here yet; it is started with the bot"
            return [Finding(subject="ray", state=State.NOTE, seen=seen)]
        said = complaint.decode(errors="replace").strip().splitlines()
        seen = said[-1] if said else "it cannot be reached"
        return [Finding(subject="ray", state=State.FAIL, seen=seen, mend=_START)]
    found = Finding(subject="ray", state=State.OK, seen=f"a cluster answers at {address}")
    return [found, *(_application(each) for each in json.loads(output))]


def _application(each: dict[str, object]) -> Finding:
    sound = each["status"] == "RUNNING"
    trouble = " ".join(str(each["trouble"]).split())[:300]
    return Finding(
        subject="on ray",
        state=State.OK if sound else State.NOTE,
        seen=f"{each['name']}: {each['running']} of {each['replicas']} replicas run"
        + ("" if sound else f"; {trouble or str(each['status']).lower()}"),
    )
