"""What `punchline doctor` finds out about the server that generates."""

from bot.findings import Finding, State
from bot.generation.server.abilities import Abilities, probed
from bot.generation.server.answers import Malformed, Refused
from bot.generation.server.building import address_of
from bot.generation.server.client import Late, ServerClient, Unreachable
from bot.generation.server.connection import explained
from bot.settings import ServerSettings

__all__ = ["server_findings"]

_QUICK_SECONDS = 5.0
_TOKEN_SECONDS = 60.0


async def server_findings(settings: ServerSettings) -> list[Finding]:
    """Whether it answers and has the model, and what it offers; asks it for one token."""
    client = ServerClient(address=address_of(settings))
    try:
        names = [each.name for each in await client.models(seconds=_QUICK_SECONDS)]
        if not {settings.model, f"{settings.model}:latest"} & set(names):
            offered = ", ".join(names[:5]) or "none"
            seen = f"{settings.url} answers and has no model {settings.model}; it has {offered}"
            return [_failed(seen, mend="set server.model to one that it has")]
        able = await probed(
            client, settings.model, seconds=_TOKEN_SECONDS, logprobs=settings.logprobs
        )
        swaps = await client.loads_adapters(seconds=_QUICK_SECONDS)
    except Refused as refused:
        if refused.busy:
            seen = f"{settings.url} takes no requests just now: {refused}"
            return [Finding(subject="server", state=State.NOTE, seen=seen)]
        return [_failed(f"{settings.url}: {explained(refused)}", mend="do as it says")]
    except (Unreachable, Late, Malformed) as error:
        return [
            _failed(
                f"{settings.url}: {error}",
                mend="start the server, or correct server.url, which usually ends in /v1",
            )
        ]
    finally:
        await client.close()
    return [
        Finding(
            subject="server",
            state=State.OK,
            seen=f"{settings.url} answers and serves {settings.model}",
        ),
        _candidates(able),
        _ranking(able, wanted=settings.logprobs),
        _swap(swaps),
    ]


def _failed(seen: str, *, mend: str) -> Finding:
    return Finding(subject="server", state=State.FAIL, seen=seen, mend=mend)


def _candidates(able: Abilities) -> Finding:
    if able.several:
        seen = "all candidates of a joke in one request"
        return Finding(subject="server's candidates", state=State.OK, seen=seen)
    seen = "one candidate a request, so a joke takes several requests"
    return Finding(subject="server's candidates", state=State.NOTE, seen=seen)


def _ranking(able: Abilities, *, wanted: bool) -> Finding:
    if able.logprobs:
        seen = "it tells probabilities, by which candidates are ranked"
        return Finding(subject="server's ranking", state=State.OK, seen=seen)
    said = "it tells no probabilities" if wanted else "server.logprobs is false"
    seen = f"{said}, so the first candidate that may be told is told"
    return Finding(subject="server's ranking", state=State.NOTE, seen=seen)


def _swap(swaps: bool) -> Finding:
    if swaps:
        seen = "it loads adapters while it runs, so /retrain works"
        return Finding(subject="server's versions", state=State.OK, seen=seen)
    return Finding(
        subject="server's versions",
        state=State.NOTE,
        seen="it cannot swap models while it runs, so /retrain is refused",
        mend="if it is vLLM, start it as docs/servers.md shows",
    )
