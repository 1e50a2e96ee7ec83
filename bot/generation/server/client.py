"""The HTTP side of a server: its models, completions, and where it has them, its adapters."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.generation.server.answers import (
    Completion,
    ListedModel,
    Malformed,
    Refused,
    complaint_of,
    completions_of,
    models_of,
    seconds_to_wait,
)

__all__ = ["Late", "ServerAddress", "ServerClient", "Unreachable"]

_LONGEST_ANSWER = 1 << 24
_CONNECT_SECONDS = 5.0
# uvicorn closes a connection that is idle for 5 seconds; a request sent at that moment is lost.
_KEPT_SECONDS = 2.0
_NO_SUCH_ROUTE = frozenset(
    (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
)
_LOAD = "load_lora_adapter"
_UNLOAD = "unload_lora_adapter"


class Unreachable(Exception):  # noqa: N818 - reads as what has happened
    """No connection, or it broke before an answer."""


class Late(Exception):  # noqa: N818 - reads as what has happened
    """No answer in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAddress:
    """Where a server is, with `/v1`, and the key that opens it."""

    url: str
    token: SecretStr | None = None


class ServerClient:
    """Talks to a server; always `await close()` it.

    Every method takes the `seconds` that it may last and raises `Unreachable`, `Late`, `Refused` or
    `Malformed`. Cancelling one closes its connection, by which servers notice that nobody waits.
    """

    def __init__(self, *, address: ServerAddress) -> None:
        self._url = address.url
        key = address.token.get_secret_value() if address.token else ""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"} if key else None,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_SECONDS),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def models(self, *, seconds: float) -> list[ListedModel]:
        """What the server offers."""
        return models_of(await self._ask("GET", "models", None, seconds))

    async def complete(self, request: dict[str, Any], *, seconds: float) -> list[Completion]:
        """What it writes for a request of the completions interface."""
        return completions_of(await self._ask("POST", "completions", request, seconds))

    async def loads_adapters(self, *, seconds: float) -> bool:
        """Whether it takes adapters while it runs, as vLLM does if it is told to."""
        try:
            # Without a name nothing is loaded, and who has the route complains of that.
            await self._ask("POST", _LOAD, {"lora_name": "", "lora_path": ""}, seconds)
        except Refused as refused:
            if not (refused.ours or refused.status in _NO_SUCH_ROUTE):
                raise
            return refused.ours
        return False

    async def load(self, name: str, directory: Path, *, seconds: float) -> None:
        """Have an adapter loaded under a name."""
        request = {"lora_name": name, "lora_path": str(directory)}
        await self._ask("POST", _LOAD, request, seconds)

    async def unload(self, name: str, *, seconds: float) -> None:
        """Have an adapter forgotten; one that is not there is forgotten already."""
        try:
            await self._ask("POST", _UNLOAD, {"lora_name": name}, seconds)
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    async def _ask(self, method: str, path: str, request: Any, seconds: float) -> bytes:
        try:
            async with self._session.request(
                method,
                f"{self._url}/{path}",
                json=request,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS),
            ) as response:
                body = await _read(response)
                if response.status != HTTPStatus.OK:
                    raise _refusal(response, body)
                return body
        except aiohttp.ServerTimeoutError as error:
            raise Unreachable(f"it takes no connection at {self._url}") from error
        except TimeoutError as error:
            raise Late(f"it gave no answer within {seconds:g} seconds") from error
        except aiohttp.ClientPayloadError as error:
            raise Malformed("its answer broke off") from error
        except aiohttp.ClientConnectionError as error:
            raise Unreachable(f"it cannot be reached at {self._url} ({_cause(error)})") from error
        except aiohttp.ClientError as error:
            raise Malformed(f"it does not speak HTTP as it should ({_cause(error)})") from error


def _refusal(response: aiohttp.ClientResponse, body: bytes) -> Refused:
    status = response.status
    seconds = seconds_to_wait(status, response.headers, today=datetime.now(UTC))
    return Refused(status, complaint_of(body) or str(response.reason), seconds=seconds)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            raise Malformed(f"its answer is longer than {_LONGEST_ANSWER} bytes")
    return bytes(body)


def _cause(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) else ""
    return said or type(error).__name__
