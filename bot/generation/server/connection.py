"""A server as the supervisor sees it: one life of a version on it, with a worker's reports."""

import asyncio
import hashlib
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bot.generation.protocol import (
    Broken,
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    Lost,
    Order,
    Ping,
    Pong,
    Ready,
    Report,
    Result,
)
from bot.generation.server.abilities import Abilities, Wish, probed
from bot.generation.server.answers import Completion, Malformed, Refused
from bot.generation.server.client import Late, ServerAddress, ServerClient, Unreachable
from bot.generation.server.lodging import Lodging, NotServable
from finetune.candidates import Candidate
from finetune.template import Template

__all__ = ["ServerConnection", "ServerLimits"]

_TOO_LONG = ("context", "too long", "too large", "maximum", "exceed")
_SEED_BITS = 31

_log = logging.getLogger("punchline.server")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerLimits:
    """`requests` are open at the same time at most, each for `request_seconds`.

    A version may take `start_seconds` to be loaded and to write its first token, and a sign of life
    `heartbeat_seconds`. `candidates` is how many a joke usually has; `logprobs` says whether
    probabilities may be asked for.
    """

    requests: int
    request_seconds: float
    start_seconds: float
    heartbeat_seconds: float
    candidates: int
    logprobs: bool = True


class ServerConnection:
    """Implements `Connection`: orders become HTTP requests, answers and failures become reports.

    A request that fails alone is reported as lost. What says that the server is gone, restarted or
    shut ends this life with everything in it, and the supervisor begins another.
    """

    def __init__(
        self,
        *,
        address: ServerAddress,
        lodging: Lodging,
        template: Template,
        limits: ServerLimits,
    ) -> None:
        self._url = address.url
        self._client = ServerClient(address=address)
        self._lodging = lodging
        self._template = template
        self._limits = limits
        self._room = asyncio.Semaphore(limits.requests)
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()
        self._generating: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._model = lodging.model
        self._abilities = Abilities(several=False, logprobs=False, limits=False)
        self._cause = ""
        self._ended = False
        self._outage = True
        self._aside(self._meet())

    @classmethod
    async def begin(
        cls, *, address: ServerAddress, lodging: Lodging, template: Template, limits: ServerLimits
    ) -> "ServerConnection":
        """A connection that finds out by itself whether the server is there."""
        return cls(address=address, lodging=lodging, template=template, limits=limits)

    @property
    def pid(self) -> int | None:
        """A server is nobody's child."""
        return None

    @property
    def outage(self) -> bool:
        """Whether it ended for anything but a version that cannot be served."""
        return self._outage

    def described(self, ready: Ready) -> str:
        """Where it serves, and as what."""
        able = self._abilities
        ranked = "with" if able.logprobs else "without"
        return f"as {self._model} on {self._url}, {ranked} probabilities to rank jokes by"

    def send(self, order: Order) -> None:
        """Begin what an order asks for; an order after the end is dropped."""
        if self._ended:
            return
        match order:
            case Generate():
                self._begin(order)
            case Cancel(id=request_id):
                # What is cancelled leaves by itself.
                if request_id in self._generating:
                    self._generating[request_id].cancel()
            case Embed(id=request_id, jokes=jokes):
                # No server tells what its model makes of a joke.
                self._report(Embedded(id=request_id, features=(None,) * len(jokes)))
            case Ping(number=number):
                self._aside(self._show_life(number))

    async def report(self) -> Report | None:
        """The next report, or None at the end and whenever it is asked for after that."""
        report = await self._reports.get()
        if report is None:
            self._reports.put_nowait(None)
        return report

    def kill(self) -> None:
        """Close every connection; whoever is served elsewhere does not notice."""
        self._end("it was silent")

    async def stop(self) -> str:
        """Give up every request and return why it would have ended by itself."""
        self._end("it was stopped")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()
        return self._cause

    async def _meet(self) -> None:
        """Find the version on the server, have it loaded if need be, and see what it can do."""
        seconds = self._limits.start_seconds
        try:
            self._model = await self._lodging.name(self._client, seconds=seconds)
            self._abilities = await probed(
                self._client, self._model, seconds=seconds, logprobs=self._limits.logprobs
            )
        except NotServable as reason:
            self._outage = not reason.of_version
            self._report(Broken(detail=str(reason)))
        except Refused as refused:
            self._outage = refused.gone or refused.busy or refused.shut
            if refused.gone or refused.busy:
                self._end(str(refused))
            else:
                self._report(Broken(detail=explained(refused)))
        except (Unreachable, Late, Malformed) as error:
            self._end(str(error))
        else:
            self._report(
                Ready(
                    version=self._lodging.version,
                    device=self._url,
                    dtype="",
                    slots=self._slots(),
                )
            )

    def _slots(self) -> int:
        """How many candidates may be asked for at the same time; always enough for one joke."""
        usual, room = self._limits.candidates, self._limits.requests
        return usual * room if self._abilities.several else max(usual, room)

    async def _show_life(self, number: int) -> None:
        """Answer a ping; requests that are under way have a time limit of their own."""
        if not self._generating:
            try:
                await self._client.models(seconds=self._limits.heartbeat_seconds)
            except Refused as refused:
                if not refused.busy:
                    self._end(str(refused))
                    return
            except (Unreachable, Late, Malformed) as error:
                self._end(str(error))
                return
        self._report(Pong(number=number))

    def _begin(self, order: Generate) -> None:
        task = asyncio.create_task(self._generate(order), name=f"request {order.id}")
        self._generating[order.id] = task
        task.add_done_callback(lambda _: self._generating.pop(order.id, None))
        self._keep(task)

    async def _generate(self, order: Generate) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            candidates = await self._candidates(order)
        except Refused as refused:
            self._take_refusal(order, refused)
        except Unreachable as error:
            self._end(str(error))
        except (Late, Malformed) as error:
            self._lose(order, str(error))
        else:
            seconds = loop.time() - began
            self._report(Result(id=order.id, candidates=candidates, seconds=seconds))

    def _take_refusal(self, order: Generate, refused: Refused) -> None:
        if refused.gone or refused.shut:
            self._end(explained(refused))
        elif refused.ours:
            said = refused.detail.lower()
            too_long = any(word in said for word in _TOO_LONG)
            _log.warning("The server refused a request: %s", refused.detail)
            self._report(Failed(id=order.id, too_long=too_long, detail=refused.detail))
        else:
            self._lose(order, str(refused), seconds=refused.seconds)

    def _lose(self, order: Generate, detail: str, *, seconds: float = 0.0) -> None:
        _log.warning("The server failed a request, which is tried again or given up: %s.", detail)
        self._report(Lost(id=order.id, detail=detail, seconds=seconds))

    async def _candidates(self, order: Generate) -> tuple[Candidate, ...]:
        # Greedy decoding writes the same every time, and vLLM refuses to do it more than once.
        count = order.count if order.sampling.temperature else 1
        several = self._abilities.several
        wishes = [
            Wish(
                prompt=self._template.text_prompt(topic=order.topic, opening=order.opening),
                stops=self._template.text_stops(),
                count=count if several else 1,
                seed=_seed(order.seed, number),
                sampling=order.sampling,
            )
            for number in range(1 if several else count)
        ]
        tasks = [asyncio.create_task(self._complete(wish)) for wish in wishes]
        try:
            made = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return tuple(self._candidate(order, each) for completions in made for each in completions)

    async def _complete(self, wish: Wish) -> list[Completion]:
        request = self._abilities.request(self._model, wish)
        async with self._room:
            return await self._client.complete(request, seconds=self._limits.request_seconds)

    def _candidate(self, order: Generate, made: Completion) -> Candidate:
        return Candidate(
            text=self._template.text_joke(opening=order.opening, generated=made.text),
            tokens=made.tokens,
            # Without probabilities all are alike, and stay in the order in which they were drawn.
            score=0.0 if made.score is None else made.score,
            complete=made.complete,
        )

    def _report(self, report: Report) -> None:
        if not self._ended:
            self._reports.put_nowait(report)

    def _end(self, cause: str) -> None:
        """Report no more; the first cause is the one that counts."""
        if not self._ended:
            self._ended, self._cause = True, cause
            self._reports.put_nowait(None)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        self._keep(asyncio.create_task(work))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A request to the server stumbled.", exc_info=error)
            self._end(f"{type(error).__name__}: {error}")


def explained(refused: Refused) -> str:
    """A refusal that no other try would change, and what to do about it."""
    if refused.status in {401, 403}:
        return f"{refused}; set PUNCHLINE_SERVER__TOKEN to the key that the server asks for"
    if refused.shut:
        return f"{refused}; correct server.url, which usually ends in /v1, or server.model"
    return str(refused)


def _seed(seed: int, number: int) -> int:
    """A seed of its own for each text of each round; some servers take no more than 31 bits."""
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _SEED_BITS)
