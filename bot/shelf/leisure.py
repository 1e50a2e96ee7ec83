"""When there is time for what nobody has asked for."""

import asyncio
from pathlib import Path

from bot.pausing import Pause
from bot.shelf.port import RolesAndRuns
from bot.store.version_port import Stage
from bot.traffic import Traffic

__all__ = ["POWER_SUPPLIES", "Leisure", "on_battery"]

POWER_SUPPLIES = Path("/sys/class/power_supply")
"""Where Linux says what it runs on; see its Documentation/ABI/testing/sysfs-class-power."""


class Leisure:
    """Nobody waits, nothing is being learned, jokes are not paused, and the mains are there.

    `power_supplies` is a directory laid out like `POWER_SUPPLIES`.
    """

    def __init__(
        self,
        *,
        traffic: Traffic,
        versions: RolesAndRuns,
        pause: Pause,
        quiet_seconds: float,
        power_supplies: Path,
    ) -> None:
        self._traffic = traffic
        self._versions = versions
        self._pause = pause
        self._quiet_seconds = quiet_seconds
        self._power_supplies = power_supplies

    async def now(self) -> bool:
        """Whether there is. Raises `StoreUnavailable`."""
        if self._pause.on or self._traffic.quiet_seconds < self._quiet_seconds:
            return False
        run = await self._versions.going_on()
        # Nothing computes for a trial but the versions that tell the jokes.
        if run is not None and run.stage is not Stage.TRIAL:
            return False
        return not await asyncio.to_thread(on_battery, self._power_supplies)


def on_battery(power_supplies: Path) -> bool:
    """Whether a battery feeds this machine; one of a mouse does not count."""
    if not power_supplies.is_dir():
        return False
    return any(
        (_read(supply / "type"), _read(supply / "status")) == ("Battery", "Discharging")
        and _read(supply / "scope") != "Device"
        for supply in power_supplies.iterdir()
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        # Not every supply says everything, and one may just have been unplugged.
        return ""
