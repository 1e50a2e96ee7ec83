"""The worker process: loads one model version, runs the engine, speaks the protocol.

    python -m bot.generation.worker --model DIRECTORY --name NAME

The only part of the bot that imports torch.
"""

import argparse
import logging
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch

from bot.generation.engine import TorchEngine
from bot.generation.families import UnknownFamilyError
from bot.generation.graphs.engine import GraphEngine
from bot.generation.jobs import Engine, EngineJob, Generated
from bot.generation.native.quickening import Quickening
from bot.generation.pipes import private_stdout, read_orders, reports_to
from bot.generation.protocol import (
    Broken,
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    KnownJoke,
    Order,
    Ping,
    Pong,
    Ready,
    Report,
    Result,
)
from bot.logs import configure_worker_logging
from finetune.artifacts import BrokenVersionError
from finetune.candidates import Candidate
from finetune.models import LoadedModel, choose_device, choose_dtype, load_model
from finetune.template import PromptTooLongError

__all__ = ["Inbox", "Worker", "WorkerPlan", "build_engine", "main", "prepared_worker"]

Inbox = queue.SimpleQueue[Order]
_READING_SHARE = 0.1
"""Of the time of a worker that tells jokes, what reading others for their features may take."""

_log = logging.getLogger("punchline.worker")


class Worker:
    """Turns orders into engine jobs and finished jobs into reports.

    Orders are taken between two decoding steps, so a `Pong` proves that decoding goes on.
    """

    def __init__(
        self,
        *,
        loaded: LoadedModel,
        engine: Engine,
        inbox: Inbox,
        report: Callable[[Report], None],
        quickening: "Quickening | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loaded = loaded
        self._engine = engine
        self._inbox = inbox
        self._report = report
        self._running: dict[str, tuple[Generate, float]] = {}
        self._embedding: deque[Embed] = deque()
        self._embedded: list[bytes | None] = []
        self._clock = clock
        self._reads_again = 0.0
        self._decoding_steps = 0
        self._tokens_reported = 0
        self._quickening = quickening

    def run(self) -> None:
        """Serve until the process is told to end."""
        while True:
            self._take_orders()
            if self._quickening is not None and self._quickening.finished():
                self._quickening = None
            drawn = self._engine.drawn
            finished = self._engine.step()
            self._decoding_steps += self._engine.drawn > drawn
            for request_id, generated in finished:
                self._report_result(request_id, generated)
            if self._embedding and not (self._engine.busy and self._clock() < self._reads_again):
                self._embed_next()

    def _take_orders(self) -> None:
        try:
            self._obey(self._inbox.get(block=not (self._engine.busy or self._embedding)))
            while True:
                self._obey(self._inbox.get_nowait())
        except queue.Empty:
            return

    def _obey(self, order: Order) -> None:
        match order:
            case Ping(number=number):
                steps, tokens = self._decoded()
                self._report(Pong(number=number, steps=steps, tokens=tokens))
            case Cancel(id=request_id):
                self._engine.cancel(request_id)
                self._running.pop(request_id, None)
                self._forget_embedding(request_id)
            case Embed():
                self._embedding.append(order)
            case Generate():
                self._begin(order)

    def _begin(self, order: Generate) -> None:
        try:
            prompt = self._loaded.template.prompt(
                self._loaded.tokenizer, topic=order.topic, opening=order.opening
            )
            self._engine.submit(
                EngineJob(
                    id=order.id,
                    prompt=prompt,
                    count=order.count,
                    max_tokens=order.sampling.max_tokens,
                    temperature=order.sampling.temperature,
                    top_k=order.sampling.top_k,
                    top_p=order.sampling.top_p,
                    seed=order.seed,
                )
            )
        except (PromptTooLongError, ValueError) as error:
            _say(order, "Order %s cannot be decoded: %s", order.id, error)
            too_long = isinstance(error, PromptTooLongError)
            self._report(Failed(id=order.id, too_long=too_long, detail=str(error)))
        else:
            self._running[order.id] = (order, self._clock())
            _say(order, "Order %s: %d candidates.", order.id, order.count)

    def _embed_next(self) -> None:
        """Read one more joke of the first order; report the order when it was the last."""
        order = self._embedding[0]
        if len(self._embedded) < len(order.jokes):
            began = self._clock()
            self._embedded.append(self._features(order.jokes[len(self._embedded)]))
            self._reads_again = began + (self._clock() - began) / _READING_SHARE
            return
        self._report(Embedded(id=order.id, features=tuple(self._embedded)))
        self._forget_embedding(order.id)

    def _forget_embedding(self, order_id: str) -> None:
        if self._embedding and self._embedding[0].id == order_id:
            self._embedded = []
        self._embedding = deque(each for each in self._embedding if each.id != order_id)

    def _features(self, joke: KnownJoke) -> bytes | None:
        template, tokenizer = self._loaded.template, self._loaded.tokenizer
        try:
            prompt = template.prompt(tokenizer, topic=joke.topic, opening=joke.opening)
            told = template.told_joke(tokenizer, joke.text, opening=joke.opening)
            return self._engine.read([(prompt, told)])[0]
        except PromptTooLongError:
            return None

    def _report_result(self, request_id: str, generated: list[Generated]) -> None:
        order, began = self._running.pop(request_id)
        candidates = tuple(self._candidate(order, each) for each in generated)
        seconds = self._clock() - began
        steps, tokens = self._decoded()
        self._report(
            Result(
                id=request_id, candidates=candidates, seconds=seconds, steps=steps, tokens=tokens
            )
        )
        _say(order, "Order %s is decoded in %.2f s.", order.id, seconds)

    def _decoded(self) -> tuple[int, int]:
        """Decoding steps, and tokens drawn in them, since this was asked before."""
        steps, self._decoding_steps = self._decoding_steps, 0
        tokens = self._engine.drawn - self._tokens_reported
        self._tokens_reported += tokens
        return steps, tokens

    def _candidate(self, order: Generate, generated: Generated) -> Candidate:
        text = self._loaded.template.joke(
            self._loaded.tokenizer, opening=order.opening, generated=generated.tokens
        )
        return Candidate(
            text=text,
            tokens=len(generated.tokens),
            score=generated.logprob / max(1, len(generated.tokens)),
            complete=generated.complete,
            features=generated.features,
        )


def _say(order: Generate, text: str, *values: object) -> None:
    """A line for whoever follows a request through the log; nothing of what members wrote."""
    _log.debug(text, *values, extra={"request": order.request})


def build_engine(
    loaded: LoadedModel, *, slots: int, quick: Callable[..., Engine] | None = None
) -> Engine:
    """The engine for a loaded model; what all prompts begin with is read only once.

    `quick` makes an engine that only some models and machines can have; without it that is the one
    with recorded steps for bfloat16 on a GPU. Where it cannot be had the general engine serves, and
    always in float32, in which that is exactly repeatable.
    """
    plain, about = (
        loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None)
        for topic in (None, "cats")
    )
    keywords: dict[str, Any] = {
        "model": loaded.model,
        "end_ids": loaded.template.end_ids(loaded.tokenizer),
        "slots": slots,
        "shared_prefix": _common_prefix(plain, about),
    }
    model = loaded.model
    if quick is None and model.device.type == "cuda" and model.dtype == torch.bfloat16:
        quick = GraphEngine.on_gpu
    if quick is not None:
        try:
            return quick(**keywords)
        except (UnknownFamilyError, RuntimeError) as error:
            _log.info("jokes are decoded the plain way: %s", error)
    return TorchEngine(**keywords)


def _common_prefix(first: list[int], second: list[int]) -> list[int]:
    pairs = zip(first, second, strict=False)
    return [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerPlan:
    """What a worker loads, and how it computes; `name` is for a directory without a manifest.

    `base` is the directory of an adapter's base, `steps` where compiled decoding steps are kept. A
    `verbose` one logs each request.
    """

    directory: Path
    name: str
    base: Path | None = None
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    slots: int = 32
    steps: Path | None = None
    verbose: bool = False


def prepared_worker(
    plan: WorkerPlan,
    *,
    inbox: Inbox,
    report: Callable[[Report], None],
    engine_for: Callable[..., Engine] = build_engine,
) -> Worker:
    """Load a model, report that it is ready, and give it to a worker.

    Raises `BrokenVersionError`.
    """
    if plan.threads:
        torch.set_num_threads(plan.threads)
    device = choose_device(plan.device)
    loaded = load_model(
        plan.directory,
        name=plan.name,
        device=device,
        dtype=choose_dtype(plan.dtype, device),
        base_directory=plan.base,
    )
    engine = engine_for(loaded, slots=plan.slots)
    report(
        Ready(
            version=loaded.version,
            device=str(device),
            dtype=str(loaded.model.dtype).removeprefix("torch."),
            slots=plan.slots,
        )
    )
    quickening = None
    if plan.steps and isinstance(engine, TorchEngine):
        quickening = Quickening.begin(loaded.model, engine=engine, directory=plan.steps)
    return Worker(loaded=loaded, engine=engine, inbox=inbox, report=report, quickening=quickening)


def main(*, engine_for: Callable[..., Engine] = build_engine) -> None:
    """Load the model the arguments name and serve it with the engine made for it."""
    plan = _plan()
    configure_worker_logging(verbose=plan.verbose)
    report = reports_to(private_stdout())
    inbox = Inbox()
    threading.Thread(target=_take_orders, args=(sys.stdin.fileno(), inbox), daemon=True).start()
    try:
        worker = prepared_worker(plan, inbox=inbox, report=report, engine_for=engine_for)
    except BrokenVersionError as error:
        report(Broken(detail=str(error)))
        raise SystemExit(1) from None
    worker.run()


def _plan() -> WorkerPlan:
    parser = argparse.ArgumentParser(prog="python -m bot.generation.worker")
    parser.add_argument(
        "--model", required=True, type=Path, dest="directory", help="directory of a model version"
    )
    parser.add_argument("--base", type=Path, help="directory of the base of an adapter")
    parser.add_argument("--name", required=True, help="what to call a directory without manifest")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--steps", type=Path, help="where compiled decoding steps are kept")
    parser.add_argument("--verbose", action="store_true", help="log each request")
    return WorkerPlan(**vars(parser.parse_args()))


def _take_orders(descriptor: int, inbox: Inbox) -> None:
    """Pass orders on; end the process at once when the bot has gone, even in mid-step."""
    try:
        read_orders(descriptor, inbox.put)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
