"""The server: its routes, its models and adapters, and what it was asked."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.clean_jokes import CLEAN_JOKES
from tests.platforms.openai.faults import Fault
from tests.platforms.openai.rules import Refusal, checked_completion, checked_key

__all__ = ["OpenAIServer"]

_JOKES = [joke for joke in CLEAN_JOKES if "\n" not in joke]


def _joke(prompt: str, seed: int) -> str:
    return f" {random.Random(f'{prompt}{seed}').choice(_JOKES)}"


async def _is_probe(request: web.Request) -> bool:
    """Whether somebody only wants to see what the server can do."""
    return request.method == "POST" and (await request.json()).get("max_tokens") == 1


class OpenAIServer:
    """A real HTTP server on a port of this machine while it is entered.

    It knows the fields of vLLM's completions; those in `ignores` have no effect, and those in
    `refuses` are refused. With `adapters` it has vLLM's two routes for them. Requests to a route
    meet the `faults` that wait there, one each, but not those for a first token. Completions wait
    while `held` is not set.
    """

    def __init__(
        self,
        *,
        models: Collection[str] = ("humour",),
        key: str | None = None,
        ignores: Collection[str] = (),
        refuses: Collection[str] = (),
        adapters: bool = False,
        most: int = 1000,
        write: Callable[[str, int], str] = _joke,
    ) -> None:
        self.models = list(models)
        self.adapters: dict[str, str] = {}
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.completions: list[dict[str, Any]] = []
        self.held = asyncio.Event()
        self.held.set()
        self.running = 0
        self.most_running = 0
        self.abandoned = 0
        self._key = key
        self._ignores = ignores
        self._refuses = refuses
        self._has_adapters = adapters
        self._most = most
        self._write = write
        self._open: list[web.Request] = []
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "OpenAIServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where the interface begins."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The completions that were asked for jokes, and not for a first token."""
        return [each for each in self.completions if each["max_tokens"] > 1]

    async def start(self) -> None:
        """Listen; on the same port as before."""
        application = web.Application(middlewares=[self._meet_fault])
        application.add_routes(
            [
                web.get("/v1/models", self._list_models),
                web.post("/v1/completions", self._complete),
            ]
        )
        if self._has_adapters:
            application.add_routes(
                [
                    web.post("/v1/load_lora_adapter", self._load),
                    web.post("/v1/unload_lora_adapter", self._unload),
                ]
            )
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Break every connection and listen no more."""
        if self._runner is not None:
            for request in list(self._open):
                if request.transport is not None:
                    request.transport.abort()
            await self._quiet.wait()
            await self._runner.cleanup()
            self._runner = None

    def go_wrong(self, *faults: Fault, route: str = "completions") -> None:
        """Let the next requests of a route meet these faults."""
        self.faults[route] += faults

    @web.middleware
    async def _meet_fault(self, request: web.Request, handler: Any) -> Any:
        self._open.append(request)
        self._quiet.clear()
        try:
            checked_key(request, self._key)
            waiting = self.faults[request.path.removeprefix("/v1/")]
            if waiting and not await _is_probe(request):
                return await waiting.popleft().answer(request)
            return await handler(request)
        except Refusal as refusal:
            return refusal.response
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        finally:
            self._open.remove(request)
            if not self._open:
                self._quiet.set()

    async def _list_models(self, _: web.Request) -> web.Response:
        plain = [{"id": name, "object": "model", "owned_by": "twin"} for name in self.models]
        loaded = [
            {"id": name, "object": "model", "root": path, "parent": self.models[0]}
            for name, path in self.adapters.items()
        ]
        return web.json_response({"object": "list", "data": plain + loaded})

    async def _complete(self, request: web.Request) -> web.Response:
        if self.running >= self._most:
            raise Refusal(429, "too many requests", **{"Retry-After": "0.05"})
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            asked = await checked_completion(
                request, models=[*self.models, *self.adapters], refuses=self._refuses
            )
            self.completions.append(asked)
            if asked["max_tokens"] > 1:
                await self.held.wait()
            return web.json_response(self._completed(asked))
        finally:
            self.running -= 1

    def _completed(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = {name: value for name, value in asked.items() if name not in self._ignores}
        choices = []
        for index in range(known.get("n", 1)):
            text = self._write(asked["prompt"], known.get("seed", 0) + index)
            words = text.split()
            logprobs = None
            if known.get("logprobs"):
                logprobs = {"tokens": words, "token_logprobs": [-1.0 - index] * len(words)}
            choices.append(
                {"index": index, "text": text, "logprobs": logprobs, "finish_reason": "stop"}
            )
        spent = sum(len(choice["text"].split()) for choice in choices)
        return {
            "object": "text_completion",
            "model": asked["model"],
            "choices": choices,
            "usage": {"prompt_tokens": 1, "completion_tokens": spent, "total_tokens": spent + 1},
        }

    async def _load(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name, path = asked.get("lora_name"), asked.get("lora_path")
        if not name or not path:
            raise Refusal(400, "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.adapters:
            raise Refusal(400, f"The lora adapter '{name}' has already been loaded.")
        if not Path(path, "adapter_config.json").is_file():
            raise Refusal(404, f"Loading lora {name} failed: No adapter found for {path}")
        self.adapters[name] = path
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json()).get("lora_name")
        if name not in self.adapters:
            raise Refusal(404, f"The lora adapter '{name}' cannot be found.")
        del self.adapters[name]
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")
