"""One member sends 500 requests, 99 others one each: what do the others notice?"""

from collections import Counter

from bot.jokes import Community, JokeRequest
from tests.bench.measure import percentile
from tests.campaigns.crowd import Asked, ask_all
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage

__all__ = ["run"]

_OTHERS = 99
_FLOOD = 500
_PATIENCE_SECONDS = 300.0
_FACTOR_ALLOWED = 2.0
_SETTINGS = {
    "queue.capacity": 1000,
    "queue.per_community": 1000,
    "queue.per_member": _FLOOD,
    "queue.deadline_seconds": _PATIENCE_SECONDS,
}


async def run(stage: Stage) -> Outcome:
    """The others wait at most twice as long (at the 95th percentile) as without the flood."""
    quiet: list[Asked] = []
    flooded: list[Asked] = []
    flood: list[Asked] = []
    async with stage.app(_SETTINGS) as app:
        for number in stage.rounds():
            stage.say(f"fairness, round {number}: {_OTHERS} members, then with one who floods")
            others = _requests(f"quiet {number}", ["other"] * _OTHERS)
            quiet += await ask_all(app.service, others, patience=_PATIENCE_SECONDS)
            # The flood comes first, which is the worst case for everybody behind it.
            crowd = _requests(f"flooded {number}", ["flood"] * _FLOOD + ["other"] * _OTHERS)
            asked = await ask_all(app.service, crowd, patience=_PATIENCE_SECONDS)
            flood += asked[:_FLOOD]
            flooded += asked[_FLOOD:]
    waits = {
        name: [each.seconds for each in asked]
        for name, asked in (("quiet", quiet), ("flooded", flooded), ("flood", flood))
    }
    factors = {
        percent: percentile(waits["flooded"], percent) / percentile(waits["quiet"], percent)
        for percent in (50, 95)
    }
    answers = Counter(each.verdict for each in (*quiet, *flooded, *flood))
    slow = factors[95] > _FACTOR_ALLOWED
    return Outcome(
        what="requests answered",
        attempted=answers.total(),
        survived=answers.total() - answers["unanswered"],
        figures={
            "others alone": _waited(waits["quiet"]),
            "others beside the flood": _waited(waits["flooded"]),
            "factor": ", ".join(f"p{percent} {factors[percent]:.2f}" for percent in factors),
            "who floods": _waited(waits["flood"]),
            "answers": ", ".join(f"{count} {name}" for name, count in answers.most_common()),
        },
        raw={"wait_seconds": waits, "factors": factors, "answers": answers},
        broken=(f"The others' p95 grew {factors[95]:.1f}-fold.",) if slow else (),
    )


def _requests(community: str, kinds: list[str]) -> list[JokeRequest]:
    """A request each, all in one community; those who flood are one member."""
    return [
        JokeRequest(
            community=Community(front="campaign", key=community),
            member=kind if kind == "flood" else f"{kind} {number}",
        )
        for number, kind in enumerate(kinds)
    ]


def _waited(seconds: list[float]) -> str:
    return f"p50 {percentile(seconds, 50):.2f} s, p95 {percentile(seconds, 95):.2f} s"
