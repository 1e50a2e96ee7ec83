"""50 requests in flight, and the worker is killed or stopped at a random moment."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.app import App
from bot.jokes import Community, Joke, JokeRequest
from tests.bench.measure import percentile
from tests.campaigns.crowd import Asked, ask_all
from tests.campaigns.evidence import Evidence
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage, serving
from tests.campaigns.waiting import until

__all__ = ["run"]

_REQUESTS = 50
_COMMUNITIES = 10
_PATIENCE_SECONDS = 90.0
_REPLACED_SECONDS = 60.0
_BLOWS = ("SIGKILL", "SIGSTOP")
_SETTINGS = {"queue.capacity": 100, "queue.deadline_seconds": 60.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """One blow and what came of the requests; times in seconds."""

    blow: str
    verdicts: Counter[str]
    problem: str
    worker_back: float


async def run(stage: Stage) -> Outcome:
    """Every request is answered exactly once, however its worker dies."""
    evidence = Evidence(stage.data)
    rounds = []
    async with stage.app(_SETTINGS) as app:
        began = time.monotonic()
        await ask_all(app.service, _requests("undisturbed"), patience=_PATIENCE_SECONDS)
        usual = time.monotonic() - began
        for number in stage.rounds():
            blow = _BLOWS[number % 2]
            moment = stage.random.uniform(0.0, usual)
            stage.say(f"worker-kills, round {number}: {blow} after {moment:.2f} s")
            rounds.append(await _round(app, evidence, blow, moment=moment))
    verdicts = sum((each.verdicts for each in rounds), Counter[str]())
    back = [each.worker_back for each in rounds]
    return Outcome(
        what="requests answered once",
        attempted=_REQUESTS * len(rounds),
        survived=verdicts.total() - verdicts["unanswered"],
        figures={
            "blows": ", ".join(
                f"{sum(each.blow == blow for each in rounds)} {blow}" for blow in _BLOWS
            ),
            "answers": ", ".join(f"{count} {name}" for name, count in verdicts.most_common()),
            "next worker ready": f"p50 {percentile(back, 50):.1f} s, worst {max(back):.1f} s",
        },
        raw={"usual_seconds": usual, "worker_back_seconds": back, "answers": verdicts},
        broken=tuple(each.problem for each in rounds if each.problem),
    )


async def _round(app: App, evidence: Evidence, blow: str, *, moment: float) -> _Round:
    before = evidence.newest()
    pid = await serving(app)
    requests = _requests(f"after {before}")
    asking = asyncio.create_task(ask_all(app.service, requests, patience=_PATIENCE_SECONDS))
    await asyncio.sleep(moment)
    struck = time.monotonic()
    os.kill(pid, signal.Signals[blow])
    await until(lambda: app.fleet.status.worker.pid not in {pid, None}, seconds=_REPLACED_SECONDS)
    await serving(app)
    worker_back = time.monotonic() - struck
    asked = await asking
    return _Round(
        blow=blow,
        verdicts=Counter(each.verdict for each in asked),
        problem=_problem(asked, evidence.states(after=before)),
        worker_back=worker_back,
    )


def _requests(name: str) -> list[JokeRequest]:
    return [
        JokeRequest(
            community=Community(front="campaign", key=f"{name} {number % _COMMUNITIES}"),
            member=f"member {number}",
        )
        for number in range(_REQUESTS)
    ]


def _problem(asked: Sequence[Asked], states: Counter[str]) -> str:
    """Whether the database, where a request has one row, says the same as the answers."""
    told = {each.answer.id for each in asked if isinstance(each.answer, Joke)}
    expected = Counter(told=len(told), declined=len(asked) - len(told))
    if +states != +expected:
        return f"The answers were {dict(+expected)}, but the database has {dict(states)}."
    return ""
