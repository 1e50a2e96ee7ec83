"""The line before a model version's worker: who is next, who runs, who is tried again.

A request is answered once. When a worker dies, hangs or is killed, its requests are tried again
before anyone else's, at most `attempts` times in all, the last time alone, so that a request
that kills workers cannot take others down with it.
"""

import asyncio
import itertools
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.generation.connection import Connect
from bot.generation.errands import Errands
from bot.generation.port import Embedding, Generation, GenerationError, GenerationRequest, Wait
from bot.generation.protocol import (
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    KnownJoke,
    Lost,
    Pong,
    Ready,
    Report,
    Result,
    Room,
    Sampling,
)
from bot.generation.queue import FairLine, LineFullError, LineLimits, Place
from bot.generation.supervisor import SupervisionLimits, Supervisor, WorkerStatus
from bot.jokes import Reason
from bot.measures import Measures
from bot.tracing import current_request

__all__ = ["PoolStatus", "WorkerPool"]

_FIRST_GUESS_SECONDS = 3.0
_SMOOTHING = 0.2

_log = logging.getLogger("punchline.pool")


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolStatus:
    """The pool at a glance."""

    worker: WorkerStatus
    waiting: int
    running: int


@dataclass(eq=False, kw_only=True)
class _Ticket:
    """A request between `generate` and its answer; `trace` is its id in the log."""

    id: str
    request: GenerationRequest
    trace: str = field(default_factory=current_request)
    future: "asyncio.Future[Generation]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    asked: float = field(default_factory=time.monotonic)
    attempts: int = 0
    began: float = 0.0


class WorkerPool:
    """Implements the `Generator` port with one worker at a time, begun by `connect`.

    `slots` is how many candidates it is given at the same time, if it does not say that fewer fit.
    `generated_at` is when something was last made, on the monotonic clock.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        limits: SupervisionLimits,
        line: LineLimits,
        slots: int,
        attempts: int,
        measures: Measures | None = None,
    ) -> None:
        self._supervisor = Supervisor(connect=connect, limits=limits, listener=self)
        self._line: FairLine[_Ticket] = FairLine(limits=line)
        self._most_slots = self._slots = slots
        self._attempts = attempts
        self._measures = measures or Measures()
        self._numbers = itertools.count(1)
        self._returned: deque[_Ticket] = deque()
        self._running: dict[str, _Ticket] = {}
        self._embedding: Errands[Embedding] = Errands(send=self._supervisor.send)
        self._drawing: Errands[Generation] = Errands(send=self._supervisor.send)
        self._accepting = True
        self._closed = False
        self._met = asyncio.Event()
        self._seconds_each = _FIRST_GUESS_SECONDS
        self.generated_at: float | None = None
        self._not_before = 0.0
        self._waking: asyncio.TimerHandle | None = None

    @property
    def status(self) -> PoolStatus:
        """The pool now."""
        return PoolStatus(
            worker=self._supervisor.status,
            waiting=len(self._line) + len(self._returned),
            running=len(self._running),
        )

    def start(self) -> None:
        """Start the worker and keep one running until `close`."""
        self._supervisor.start()

    async def met(self) -> None:
        """Wait until the first worker has loaded its model, or has failed to; `status` says."""
        await self._met.wait()

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        """Candidates for a prompt. Raises `GenerationError`."""
        self._check_open(request)
        self.interrupt()
        ticket = _Ticket(id=str(next(self._numbers)), request=request)
        if request.again:
            self._returned.append(ticket)
        else:
            try:
                self._line.add(ticket, community=request.community, member=request.member)
            except LineFullError as full:
                raise GenerationError(full.reason, seconds=self.seconds_to_wait()) from None
        if wait is not None:
            wait.follow(lambda: self._place(ticket))
        self._dispatch()
        try:
            async with asyncio.timeout(request.deadline):
                return await ticket.future
        except TimeoutError:
            raise GenerationError(Reason.DEADLINE) from None
        finally:
            self._withdraw(ticket)

    @property
    def serves(self) -> str | None:
        """The version a worker has loaded, if one has."""
        ready = self._supervisor.status.ready
        return ready.version if ready is not None and self._supervisor.serving else None

    async def embed(self, jokes: Sequence[KnownJoke]) -> Embedding:
        """What the version makes of a few jokes. Raises `GenerationError`."""
        self._check_serving()
        return await self._embedding.run(Embed(id=str(next(self._numbers)), jokes=tuple(jokes)))

    async def draw(self, *, count: int, seed: int, sampling: Sampling) -> Generation:
        """Candidates that nobody has asked for, without a topic or an opening.

        Raises `GenerationError`: that it is busy when anybody wants the worker or comes meanwhile.
        """
        if self._embedding:
            raise GenerationError(Reason.BUSY)
        return await self.try_out(count=count, seed=seed, sampling=sampling)

    async def try_out(self, *, count: int, seed: int, sampling: Sampling) -> Generation:
        """The same beside jokes that are being read for their features."""
        self._check_serving()
        if self._running or self.status.waiting or self._pause():
            raise GenerationError(Reason.BUSY)
        return await self._drawing.run(
            Generate(
                id=str(next(self._numbers)),
                topic=None,
                opening=None,
                count=count,
                seed=seed,
                sampling=sampling,
            )
        )

    def interrupt(self) -> None:
        """Give up what nobody has asked for; the worker hears so before it hears of a request."""
        self._drawing.give_up(Reason.BUSY)

    def seconds_to_wait(self) -> int:
        """About how long until a request that came now would be answered, at least 1."""
        together = max(1, self._slots // max(1, self._usual_count()))
        turns = (len(self._line) + len(self._returned) + len(self._running)) / together
        return max(1, math.ceil((turns + 1) * self._seconds_each + self._pause()))

    def stop_accepting(self) -> None:
        """Send away whoever waits in the line; what is running may finish."""
        self._accepting = False
        for ticket in self._line.clear():
            _refuse(ticket, Reason.CLOSING)

    async def close(self) -> None:
        """Answer what is left with an apology and end the worker."""
        self.stop_accepting()
        self._closed = True
        for ticket in [*self._returned, *self._running.values()]:
            _refuse(ticket, Reason.CLOSING)
        self._returned.clear()
        self._give_up_errands(Reason.CLOSING)
        if self._waking is not None:
            self._waking.cancel()
        await self._supervisor.close()
        self._met.set()

    def _check_serving(self) -> None:
        if self._closed or not self._supervisor.serving:
            raise GenerationError(Reason.CLOSING if self._closed else Reason.MODEL_DOWN)

    def _check_open(self, request: GenerationRequest) -> None:
        if self._closed or not (self._accepting or request.again):
            raise GenerationError(Reason.CLOSING)
        worker = self._supervisor.status
        if worker.down:
            raise GenerationError(Reason.MODEL_DOWN, seconds=worker.seconds_to_start)
        if request.count > self._slots:
            raise GenerationError(Reason.NOTHING_FIT)
        if self._pause() >= request.deadline:
            raise GenerationError(Reason.BUSY, seconds=math.ceil(self._pause()))

    def _usual_count(self) -> int:
        counts = [ticket.request.count for ticket in self._running.values()]
        return max(counts, default=1)

    def _place(self, ticket: _Ticket) -> Place | None:
        """The place in the line; whoever has been at the worker once stays in front."""
        if ticket in self._returned:
            return Place(own=0, ahead=0)
        return self._line.place(ticket)

    def _withdraw(self, ticket: _Ticket) -> None:
        """Forget a ticket wherever it is; a slot it held is free for the next one."""
        if ticket in self._returned:
            self._returned.remove(ticket)
        self._line.remove(ticket)
        if self._running.pop(ticket.id, None) is not None:
            self._supervisor.send(Cancel(id=ticket.id))
        self._dispatch()

    def _dispatch(self) -> None:
        """Hand the worker everything that fits, in order."""
        while self._supervisor.serving and not self._pause():
            ticket = self._returned[0] if self._returned else self._line.peek()
            if ticket is None or not self._fits(ticket):
                return
            if self._returned:
                self._returned.popleft()
            else:
                self._line.pop()
            request = ticket.request
            ticket.began = time.monotonic()
            if not request.again and not ticket.attempts:
                self._measures.waited(ticket.began - ticket.asked)
            self._running[ticket.id] = ticket
            self._supervisor.send(
                Generate(
                    id=ticket.id,
                    topic=request.topic,
                    opening=request.opening,
                    count=request.count,
                    seed=request.seed,
                    sampling=request.sampling,
                    request=ticket.trace,
                )
            )
            _say(ticket, "Joke %d is order %s of the worker.", request.joke_id, ticket.id)

    def _fits(self, ticket: _Ticket) -> bool:
        running = self._running.values()
        if running and any(self._goes_alone(each) for each in (ticket, *running)):
            return False
        used = sum(each.request.count for each in running)
        return used + ticket.request.count <= self._slots

    def _goes_alone(self, ticket: _Ticket) -> bool:
        """A request that was there at every death so far has its last try without company."""
        return ticket.attempts > 0 and ticket.attempts >= self._attempts - 1

    def worker_ready(self) -> None:
        """The worker can take requests."""
        ready = self._supervisor.status.ready
        if ready is not None:
            self._slots = min(self._most_slots, ready.slots)
        self._met.set()
        self._dispatch()

    def worker_reported(self, report: Report, ready: Ready) -> None:
        """Deliver what a worker made."""
        match report:
            case Pong(steps=steps, tokens=tokens):
                self._measures.decoded(steps=steps, tokens=tokens)
            case Result(id=ticket_id, candidates=candidates):
                self.generated_at = time.monotonic()
                self._measures.decoded(steps=report.steps, tokens=report.tokens)
                generation = Generation(model_version=ready.version, candidates=candidates)
                self._drawing.done(ticket_id, generation)
                ticket = self._running.pop(ticket_id, None)
                if ticket is not None and not ticket.future.done():
                    took = time.monotonic() - ticket.began
                    self._seconds_each += _SMOOTHING * (took - self._seconds_each)
                    ticket.future.set_result(generation)
            case Embedded(id=number, features=features):
                embedding = Embedding(model_version=ready.version, features=features)
                self._embedding.done(number, embedding)
            case Failed(id=ticket_id, too_long=too_long):
                self._drawing.refuse(ticket_id, Reason.NOTHING_FIT)
                ticket = self._running.pop(ticket_id, None)
                if ticket is not None:
                    _refuse(ticket, Reason.TOO_LONG if too_long else Reason.NOTHING_FIT)
            case Lost(id=ticket_id, seconds=seconds):
                self._stand_back(seconds)
                self._drawing.refuse(ticket_id, Reason.BUSY)
                self._embedding.refuse(ticket_id, Reason.BUSY)
                ticket = self._running.pop(ticket_id, None)
                if ticket is not None:
                    self._try_again(ticket, busy=seconds > 0)
            case Room(slots=slots):
                self._slots = min(self._most_slots, slots)
        self._dispatch()

    def worker_died(self) -> bool:
        """Put the dead worker's requests in front again, or give them up.

        Returns whether a request that had the worker to itself was given up: then the request is
        to blame, and the others need not hear that the model is down.
        """
        self._met.set()
        self._measures.restarted()
        self._give_up_errands(Reason.MODEL_DOWN)
        orphans = list(self._running.values())
        self._running.clear()
        for ticket in reversed(orphans):
            self._try_again(ticket)
        return len(orphans) == 1 and orphans[0].attempts >= self._attempts

    def _try_again(self, ticket: _Ticket, *, busy: bool = False) -> None:
        """Put a request that was lost in front of everyone else, or give it up."""
        ticket.attempts += 1
        last = ticket.attempts >= (ticket.request.tries or self._attempts)
        if last and busy:
            # Neither the request nor the version is to blame.
            _refuse(ticket, Reason.BUSY, seconds=self.seconds_to_wait())
        elif last:
            _refuse(ticket, Reason.GAVE_UP)
            _log.warning(
                "Joke %d is given up: workers died over it.",
                ticket.request.joke_id,
                extra={"request": ticket.trace},
            )
        elif not ticket.future.done():
            self._returned.appendleft(ticket)
            _say(ticket, "It was lost with its worker; it is tried again.")

    def _stand_back(self, seconds: float) -> None:
        """Send nothing for so long; the requests wait where they can be seen and cancelled."""
        if seconds <= self._pause():
            return
        self._not_before = time.monotonic() + seconds
        if self._waking is not None:
            self._waking.cancel()
        self._waking = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._not_before = 0.0
        self._dispatch()

    def _pause(self) -> float:
        """Seconds until requests may be sent again."""
        return max(0.0, self._not_before - time.monotonic())

    def _give_up_errands(self, reason: Reason) -> None:
        self._embedding.give_up(reason)
        self._drawing.give_up(reason)

    def worker_down(self, status: WorkerStatus) -> None:
        """Refuse everybody who waits."""
        for ticket in [*self._returned, *self._line.clear()]:
            _refuse(ticket, Reason.MODEL_DOWN, seconds=status.seconds_to_start)
        self._returned.clear()


def _say(ticket: _Ticket, text: str, *values: object) -> None:
    """A line for whoever follows a request through the log; it may be said in anybody's task."""
    _log.debug(text, *values, extra={"request": ticket.trace})


def _refuse(ticket: _Ticket, reason: Reason, *, seconds: int | None = None) -> None:
    if not ticket.future.done():
        ticket.future.set_exception(GenerationError(reason, seconds=seconds))
