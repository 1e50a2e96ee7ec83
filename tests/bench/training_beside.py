"""What members wait while a version is taught on the same machine, and what the knobs change."""

import asyncio
import contextlib
import csv
import itertools
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import open_app
from bot.jokes import Community, Declined, JokeRequest, Reason
from bot.learning.process import ProgressLine
from bot.learning.workshop import FinetuneWorkshop
from bot.model import ServedModel
from bot.service import JokeService
from bot.settings import Settings, load_settings
from finetune.models import choose_device
from finetune.shipped import demo_jokes
from tests.bench.results import BesideRun, BesideTurn

__all__ = ["ALONE", "DEFAULTS", "KNOBS", "measure_training_beside"]

ALONE = "no training"
DEFAULTS = "as it comes"
KNOBS: Mapping[str, Mapping[str, str]] = {
    DEFAULTS: {},
    "niceness 0": {"PUNCHLINE_TRAINING__NICENESS": "0"},
    "every thread": {"PUNCHLINE_TRAINING__THREADS": "{cores}"},
    "every thread, niceness 0": {
        "PUNCHLINE_TRAINING__THREADS": "{cores}",
        "PUNCHLINE_TRAINING__NICENESS": "0",
    },
}
"""Settings that a run of training is started with."""

_MEMBERS = 4
_COMMUNITIES = 2
_TOPICS = ("cats", "dogs", "pirates", "ghosts", "dentists", "robots", "penguins", "cheese")
_VOTES = 200
_START_SECONDS = 600.0
_WARM_UP_SECONDS = 30.0  # on a processor the compiled step is made ready beside the first jokes
_SERVING = {
    "PUNCHLINE_SHELF__ENABLED": "false",
    "PUNCHLINE_QUOTA__MEMBER_JOKES": "0",
    "PUNCHLINE_QUOTA__COMMUNITY_JOKES": "0",
}


async def measure_training_beside(
    model: ServedModel,
    *,
    rounds: int,
    seconds: float,
    knobs: Mapping[str, Mapping[str, str]] = KNOBS,
    scratch: Path,
    say: Callable[[str], None],
) -> BesideRun:
    """Let some members ask without a pause for so many `seconds`, with and without training.

    The bot is the program as it comes but for quotas and shelf, and training is started as
    `/retrain` starts it, on votes on the jokes that ship, with each of the `knobs`. It takes
    minutes to begin, in which machines change their speed, so members ask alone right after each.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".bench-") as data:
        place = Path(data).resolve()
        serving = {**os.environ, **_SERVING, "PUNCHLINE_STORE__DIRECTORY": str(place)}
        votes = place / "votes.jsonl"
        await asyncio.to_thread(_write_votes, votes)
        turns: list[BesideTurn] = []
        async with open_app(load_settings(path=None, environment=serving), model=model) as app:
            say("training beside, warm-up")
            await _asked(app.service, seconds=_WARM_UP_SECONDS)
            for number, kind in itertools.product(range(1, rounds + 1), knobs):
                say(f"training beside, round {number} of {rounds}: {kind}")
                changes = {
                    name: value.format(cores=os.cpu_count()) for name, value in knobs[kind].items()
                }
                settings = load_settings(path=None, environment={**serving, **changes})
                async with _training(settings, model, votes, place / "version") as pupil:
                    before = pupil.steps
                    waits, took = await _asked(app.service, seconds=seconds)
                    steps = pupil.steps - before
                turns.append(BesideTurn(kind=kind, seconds=waits, took_seconds=took, steps=steps))
                say(f"training beside, round {number} of {rounds}: {ALONE}")
                waits, took = await _asked(app.service, seconds=seconds)
                turns.append(BesideTurn(kind=ALONE, seconds=waits, took_seconds=took, steps=None))
        return BesideRun(
            model=model.name, device=str(choose_device("auto")), members=_MEMBERS, turns=turns
        )


class _Pupil:
    """How far a run of training is."""

    def __init__(self) -> None:
        self.steps = 0
        self.begun = asyncio.Event()

    def hear(self, line: ProgressLine) -> None:
        """The first step has all to warm up, so training has begun with its end."""
        if line.get("stage") == "training" and line.get("step"):
            self.steps = int(line["step"])
            self.begun.set()


@asynccontextmanager
async def _training(
    settings: Settings, model: ServedModel, votes: Path, version: Path
) -> AsyncIterator[_Pupil]:
    """A run that has begun; it is ended with the block, in the middle of its work."""
    workshop, pupil = FinetuneWorkshop(settings=settings), _Pupil()
    corpus = await workshop.corpus(lambda line: None)
    teaching = asyncio.create_task(
        workshop.teach(
            parent=model,
            votes=votes,
            corpus=corpus,
            version=version,
            resume=False,
            hear=pupil.hear,
        )
    )
    begun = asyncio.create_task(pupil.begun.wait())
    try:
        await asyncio.wait(
            (teaching, begun), timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if teaching.done():
            await teaching
        if not pupil.begun.is_set():
            raise RuntimeError(f"training has not begun after {_START_SECONDS:g} seconds")
        yield pupil
        if teaching.done():
            raise RuntimeError("training ended before it was measured; give it more votes")
    finally:
        for task in (teaching, begun):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await teaching


async def _asked(service: JokeService, *, seconds: float) -> tuple[list[float], float]:
    """Seconds each joke took its member, and how long all of it took."""
    topics, waits = itertools.cycle(_TOPICS), []
    began = time.perf_counter()

    async def member(number: int) -> None:
        community = Community(front="bench", key=f"community {number % _COMMUNITIES}")
        while (asked := time.perf_counter()) - began < seconds:
            request = JokeRequest(
                community=community, member=f"member {number}", topic=next(topics)
            )
            answer = await service.tell(request)
            if isinstance(answer, Declined) and answer.reason is not Reason.NOTHING_FIT:
                raise RuntimeError(f"a joke was declined: {answer.reason}")
            waits.append(time.perf_counter() - asked)

    await asyncio.gather(*map(member, range(_MEMBERS)))
    return waits, time.perf_counter() - began


def _write_votes(path: Path) -> None:
    with demo_jokes().open(encoding="utf-8", newline="") as file:
        jokes = [row["Joke"] for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8") as lines:
        for number, joke in zip(range(_VOTES), itertools.cycle(jokes), strict=False):
            vote = {"prompt": "JOKE:", "completion": f" {joke}", "label": "?" in joke}
            lines.write(json.dumps({**vote, "joke_id": number}) + "\n")
