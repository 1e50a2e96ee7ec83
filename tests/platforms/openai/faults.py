"""What can go wrong between the bot and a server, on demand."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["Fault"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One request that goes wrong: it hangs, breaks off, or gets this status and body."""

    status: int = 200
    body: bytes = b'{"error": {"message": "something went wrong"}}'
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    breaks_off: bool = False
    drops: bool = False

    async def answer(self, request: web.Request) -> Any:
        """Go wrong."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.drops:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.breaks_off:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(self.body)
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(status=self.status, body=self.body, headers=self.headers)
