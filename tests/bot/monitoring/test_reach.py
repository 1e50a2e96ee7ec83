"""Who can reach the metrics."""

import socket

import pytest

from bot.findings import State
from bot.monitoring.reach import metrics_finding


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0)) as free:
        port: int = free.getsockname()[1]
        return port


async def test_off_is_well() -> None:
    finding = await metrics_finding("")
    assert finding.state is State.OK
    assert finding.seen.startswith("off")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_only_is_well(host: str) -> None:
    finding = await metrics_finding(f"{host}:{free_port()}")
    assert finding.state is State.OK
    assert finding.seen.endswith("for this machine only")


async def test_everybody_is_worth_a_note_with_what_to_do() -> None:
    finding = await metrics_finding(f"0.0.0.0:{free_port()}")
    assert finding.state is State.NOTE
    assert finding.seen.endswith("for everybody who can reach this machine")
    assert "firewall" in finding.mend


async def test_an_address_that_another_program_has_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(0)
        finding = await metrics_finding(f"127.0.0.1:{taken.getsockname()[1]}", seconds=0.1)
    assert finding.state is State.FAIL
    assert "Address already in use" in finding.seen


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_this_machine_has_not_is_a_failure(host: str) -> None:
    assert (await metrics_finding(f"{host}:9464", seconds=0.1)).state is State.FAIL
