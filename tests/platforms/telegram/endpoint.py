"""The Bot API over http: tokens, methods, answers, and what goes wrong on the way."""

import asyncio
import re
import time
from collections.abc import Mapping

from aiohttp import web

from tests.platforms.telegram.faults import Fault, Faults, Kind
from tests.platforms.telegram.methods.table import METHODS, Method
from tests.platforms.telegram.parameters import Json, Parameters, read_parameters
from tests.platforms.telegram.refusals import RefusedError, too_many
from tests.platforms.telegram.requests import Request, Requests
from tests.platforms.telegram.state import State

__all__ = ["Endpoint"]

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{35}")
_MOST_BYTES = 60 * 2**20
_GOODBYE_SECONDS = 0.05
_ERRORS = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout"}


class Endpoint:
    """Listens on 127.0.0.1, always on the same port once it has one."""

    def __init__(self, *, token: str, state: State, requests: Requests) -> None:
        self.port = 0
        self.faults = Faults(stop=self.stop, start=self.start)
        self._token = token
        self._state = state
        self._requests = requests
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Take connections."""
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # A poller that was killed must not be counted as one that waits.
        self._runner = web.AppRunner(
            application,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=_GOODBYE_SECONDS,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self._state.webhook.resume()

    async def stop(self) -> None:
        """Cut all connections and take no more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await self._state.webhook.pause()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        parts = request.match_info["path"].split("/")
        token = parts[0].removeprefix("bot")
        if len(parts) != 2 or not parts[0].startswith("bot") or not _TOKEN.fullmatch(token):
            return self._logged(parts[-1], {}, RefusedError(404, "Not Found"))
        if token != self._token or self.faults.token_refused:
            return self._logged(parts[1], {}, RefusedError(401, "Unauthorized"))
        method = METHODS.get(parts[1].lower())
        if method is None:
            return self._logged(parts[1], {}, RefusedError(404, "Not Found: method not found"))
        try:
            parameters = await read_parameters(request)
        except RefusedError as refusal:
            return self._logged(method.name, {}, refusal)
        return await self._befallen(request, method, parameters)

    async def _befallen(
        self, request: web.Request, method: Method, parameters: Parameters
    ) -> web.StreamResponse:
        """Execute a method, unless a fault befalls it first."""
        fault = self.faults.take(method.name) or Fault(kind=Kind.HANG)
        match fault.kind:
            case Kind.LOSE:
                return self._cut(request, method, parameters)
            case Kind.REFUSE:
                refusal = too_many(int(fault.seconds))
                return self._logged(method.name, parameters.logged(), refusal)
            case Kind.FAIL:
                description = _ERRORS.get(fault.status, "Service Unavailable")
                refusal = RefusedError(fault.status, description)
                return self._logged(method.name, parameters.logged(), refusal)
        result: object
        try:
            result = await method.execute(self._state, parameters)
        except RefusedError as refusal:
            result = refusal
        if fault.kind is Kind.DROP_ANSWER:
            return self._cut(request, method, parameters)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        return self._logged(method.name, parameters.logged(), result)

    def _cut(
        self, request: web.Request, method: Method, parameters: Parameters
    ) -> web.StreamResponse:
        """End the connection without an answer."""
        self._write_down(method.name, parameters.logged(), 0, "connection cut")
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _logged(self, method: str, parameters: Json, result: object) -> web.StreamResponse:
        """Answer with a result or a refusal, and write it down."""
        if isinstance(result, RefusedError):
            self._write_down(method, parameters, result.code, result.description)
            return _refused(result)
        self._write_down(method, parameters, 200, "")
        return web.json_response({"ok": True, "result": result})

    def _write_down(self, method: str, parameters: Json, status: int, description: str) -> None:
        self._requests.add(
            Request(
                method=method,
                parameters=parameters,
                status=status,
                description=description,
                time=time.monotonic(),
            )
        )


def _refused(refusal: RefusedError) -> web.StreamResponse:
    """An answer with `ok` false; 502 and above come from the proxy, which speaks HTML."""
    if refusal.code > 500:
        page = f"<html><body><h1>{refusal.code} {refusal.description}</h1></body></html>"
        return web.Response(status=refusal.code, text=page, content_type="text/html")
    answer: dict[str, object] = {
        "ok": False,
        "error_code": refusal.code,
        "description": refusal.description,
    }
    parameters: Mapping[str, int] = refusal.parameters
    if parameters:
        answer["parameters"] = dict(parameters)
    return web.json_response(answer, status=refusal.code)
