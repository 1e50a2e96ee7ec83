"""The REST interface: who may ask, how often, and in which form the answer comes."""

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.discord.call import Route, read_call
from tests.platforms.discord.faults import Fault, Faults, What
from tests.platforms.discord.limits import Limits
from tests.platforms.discord.refusals import Reason, RefusalError

__all__ = ["BASE_PATH", "Request", "Rest"]

BASE_PATH = "/api/v10"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it was answered; `at` is a second of the server's clock."""

    method: str
    path: str
    status: int
    at: float


class Rest:
    """Answers requests. `counts` tells how often, by method, path pattern and status.

    `requests` lists them in order unless `keep_requests` is off.
    """

    def __init__(
        self,
        *,
        token: str,
        routes: Sequence[Route],
        limits: Limits,
        faults: Faults,
        keep_requests: bool,
    ) -> None:
        self.requests: list[Request] = []
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self._authorization = f"Bot {token}"
        self._routes = routes
        self._limits = limits
        self._faults = faults
        self._keep_requests = keep_requests

    def register(self, application: web.Application) -> None:
        """Put all addresses into an application."""
        for route in self._routes:
            application.router.add_route(route.method, BASE_PATH + route.path, self._handler(route))
        application.router.add_route("*", "/{rest:.*}", self._nowhere)

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            at = time.monotonic()
            path = request.path.removeprefix(BASE_PATH)
            fault = self._faults.strike(f"{request.method} {path}", whole_bot=route.whole_bot)
            response = _refused_by(fault)
            if response is None:
                response = await self._answer(route, request)
            self._note(route, request.method, path, response.status, at)
            if fault is not None and fault.what is What.HANGING:
                await asyncio.sleep(fault.seconds)
            if fault is not None and fault.what is What.DROPPED and request.transport is not None:
                request.transport.abort()
            return response

        return handle

    async def _answer(self, route: Route, request: web.Request) -> web.Response:
        headers: dict[str, str] = {}
        try:
            self._check_sender(route, request)
            call = await read_call(request)
            major = request.match_info.get(route.major, "")
            allowance = self._limits.take(route.bucket, major, whole_bot=route.whole_bot)
            headers = allowance.headers
            if allowance.retry_after is not None:
                return _limited(headers, allowance.retry_after, everywhere=allowance.everywhere)
            payload = await route.handler(call)
        except RefusalError as refusal:
            return _json(refusal.status, refusal.payload(), headers)
        if payload is None:
            return web.Response(status=204, headers=headers)
        return _json(200, payload, headers)

    def _check_sender(self, route: Route, request: web.Request) -> None:
        if not request.headers.get("User-Agent"):
            raise RefusalError(Reason.NO_USER_AGENT)
        if not route.whole_bot:
            return
        given = request.headers.get("Authorization")
        if given != self._authorization or self._faults.token_refused:
            raise RefusalError(Reason.UNAUTHORIZED)

    def _note(self, route: Route, method: str, path: str, status: int, at: float) -> None:
        self.counts[method, route.path, status] += 1
        if self._keep_requests:
            self.requests.append(Request(method=method, path=path, status=status, at=at))

    @staticmethod
    async def _nowhere(_: web.Request) -> web.Response:
        refusal = RefusalError(Reason.NOT_FOUND)
        return _json(refusal.status, refusal.payload(), {})


def _refused_by(fault: Fault | None) -> web.Response | None:
    """The answer of a fault that comes before anything is done."""
    if fault is not None and fault.what is What.LIMITED:
        scope = "global" if fault.everywhere else "shared"
        headers = {"X-RateLimit-Scope": scope}
        return _limited(headers, fault.seconds, everywhere=fault.everywhere)
    if fault is not None and fault.what is What.FAILED:
        return web.Response(status=fault.status, text="<html>", content_type="text/html")
    return None


def _limited(headers: dict[str, str], retry_after: float, *, everywhere: bool) -> web.Response:
    payload = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": everywhere,
    }
    return _json(429, payload, {**headers, "Retry-After": str(math.ceil(retry_after))})


def _json(status: int, payload: Any, headers: dict[str, str]) -> web.Response:
    # "Via" tells that Discord itself answers and not the shield before it; the content type
    # has no character set, and clients compare it as it is.
    return web.Response(
        status=status,
        body=json.dumps(payload, ensure_ascii=False).encode(),
        headers={**headers, "Via": "1.1 google", "Content-Type": "application/json"},
    )
