"""50 requests in flight, and the worker is killed or stopped at a random moment."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass

from bot.app import App
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest
from tests.bench.measure import percentile
from tests.campaigns.evidence import Evidence
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage, serving
from tests.campaigns.waiting import until

__all__ = ["PROMISE", "run"]

PROMISE = "A request is answered once, whatever happens to its worker."
_REQUESTS = 50
_COMMUNITIES = 10
_DEADLINE_SECONDS = 60.0
_PATIENCE_SECONDS = 90.0
_SETTINGS = {"queue.capacity": 100, "queue.deadline_seconds": _DEADLINE_SECONDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    blow: str
    answered: int
    problem: str
    reasons: Counter[str]
    seconds: float
    replaced_after: float


async def run(stage: Stage) -> Outcome:
    """As many rounds as there is time for."""
    rounds = []
    async with stage.app(_SETTINGS) as app:
        usual = (await _round(stage, app, "undisturbed", latest=0.0)).seconds
        for number in stage.rounds():
            blow = stage.random.choice(("SIGKILL", "SIGSTOP"))
            stage.say(f"worker-kills, round {number}: {blow}")
            rounds.append(await _round(stage, app, blow, latest=usual))
    reasons = sum((each.reasons for each in rounds), Counter[str]())
    replaced = [each.replaced_after for each in rounds]
    return Outcome(
        what="requests answered once",
        attempted=_REQUESTS * len(rounds),
        survived=sum(each.answered for each in rounds),
        figures={
            "workers killed / stopped": " / ".join(
                str(sum(each.blow == blow for each in rounds)) for blow in ("SIGKILL", "SIGSTOP")
            ),
            "answers": ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()),
            "next worker ready after": f"p50 {percentile(replaced, 50):.1f} s, "
            f"worst {max(replaced):.1f} s",
        },
        raw={"usual_seconds": usual, "replaced_seconds": replaced, "answers": reasons},
        broken=tuple(each.problem for each in rounds if each.problem),
    )


async def _round(stage: Stage, app: App, blow: str, *, latest: float) -> _Round:
    evidence = Evidence(stage.data)
    before = evidence.newest()
    pid = await serving(app)
    began = time.monotonic()
    requests = [
        JokeRequest(
            community=Community(front="campaign", key=f"{before} {number % _COMMUNITIES}"),
            member=f"member {number}",
        )
        for number in range(_REQUESTS)
    ]
    asking = [asyncio.create_task(app.service.tell(request)) for request in requests]
    struck = began
    if blow != "undisturbed":
        await asyncio.sleep(stage.random.uniform(0.0, latest))
        struck = time.monotonic()
        os.kill(pid, signal.Signals[blow])
    await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)
    seconds = time.monotonic() - began
    answers = [task.result() for task in asking if task.done() and task.exception() is None]
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    if blow != "undisturbed":
        await until(lambda: app.pool.status.worker.pid not in {pid, None}, seconds=60)
    await serving(app)
    return _Round(
        blow=blow,
        answered=len(answers),
        problem=_problem(answers, evidence.states(after=before)),
        reasons=Counter(_kind(answer) for answer in answers),
        seconds=seconds,
        replaced_after=time.monotonic() - struck,
    )


def _kind(answer: Answer) -> str:
    return "told" if isinstance(answer, Joke) else str(answer.reason)


def _problem(answers: list[Answer], states: Counter[str]) -> str:
    """Whether the database says the same as the answers; a request has one row there."""
    told = [answer.id for answer in answers if isinstance(answer, Joke)]
    declined = sum(isinstance(answer, Declined) for answer in answers)
    expected = Counter(told=len(set(told)), declined=declined)
    if len(told) != len(set(told)) or states != expected:
        return f"answers were {dict(expected)}, the database has {dict(states)}"
    return ""
