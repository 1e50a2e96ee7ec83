"""Who can reach the metrics, for `punchline doctor`."""

import ipaddress

import aiohttp

from bot.findings import Finding, State
from bot.monitoring.server import AddressRefusedError, listening

__all__ = ["metrics_finding"]

_LOCAL_NAMES = ("localhost", "ip6-localhost")


async def metrics_finding(address: str, *, seconds: float = 5.0) -> Finding:
    """Whether metrics can be shown at host:port, and to whom; an empty address is off.

    A program that has the address already has so many seconds to show that it is a bot.
    """
    if not address:
        seen = "off; metrics.listen says where monitoring may ask"
        return Finding(subject="metrics", state=State.OK, seen=seen)
    reach, open_wide = _reach(address.rpartition(":")[0].strip("[]"))
    seen = f"{address}, for {reach}"
    try:
        with listening(address):
            pass
    except AddressRefusedError as refused:
        if not await _answers(address, seconds):
            mend = "set metrics.listen to an address of this machine that is free"
            return Finding(subject="metrics", state=State.FAIL, seen=str(refused), mend=mend)
        seen += "; a bot answers there"
    if open_wide:
        mend = "let a firewall keep others out, or set metrics.listen to 127.0.0.1 and a port"
        return Finding(subject="metrics", state=State.NOTE, seen=seen, mend=mend)
    return Finding(subject="metrics", state=State.OK, seen=seen)


def _reach(host: str) -> tuple[str, bool]:
    """Who can reach a host of this machine, and whether that may be too many."""
    if host in _LOCAL_NAMES:
        return "this machine only", False
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"everybody who can reach {host}", True
    if ip.is_loopback:
        return "this machine only", False
    if ip.is_unspecified:
        return "everybody who can reach this machine", True
    if ip.is_private:
        return f"everybody in the network of {host}", True
    return "everybody on the internet", True


async def _answers(address: str, seconds: float) -> bool:
    """Whether it is a Punchline that listens there."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{address}/healthz") as answer,
        ):
            return "status" in await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError, TypeError):
        return False
