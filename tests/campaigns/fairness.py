"""One member sends 500 requests, 99 others one each: what do the others notice?"""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.jokes import Community, JokeRequest
from bot.service import JokeService
from tests.bench.measure import percentile
from tests.campaigns.crowd import Asked, ask_all
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage

__all__ = ["run"]

_OTHERS = 99
_FLOOD = 500
_PATIENCE_SECONDS = 300.0
_TURNS_ALLOWED = 1.5
_SETTINGS = {
    "queue.capacity": 1000,
    "queue.per_community": 1000,
    "queue.per_member": _FLOOD,
    "queue.deadline_seconds": _PATIENCE_SECONDS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """The others without and with the flood, and the flood; right after each other."""

    alone: list[Asked]
    beside: list[Asked]
    flood: list[Asked]

    def factor(self, measure: Callable[[Asked], float], *, percent: float) -> float:
        """How many times larger something got for the others through the flood."""
        beside, alone = (
            percentile([measure(each) for each in asked], percent)
            for asked in (self.beside, self.alone)
        )
        return beside / max(alone, 1e-9)


async def run(stage: Stage) -> Outcome:
    """The flood puts hardly anybody's joke in front of the others'.

    Judged by turns, that is by how many answers came before one's own, because seconds also tell
    what else the machine was doing.
    """
    rounds = []
    async with stage.app(_SETTINGS) as app:
        for number in stage.rounds():
            stage.say(f"fairness, round {number}: {_OTHERS} members, then with one who floods")
            rounds.append(await _round(app.service, number))
    turns, waits = (
        {percent: _median(rounds, measure, percent=percent) for percent in (50, 95)}
        for measure in (_turn, _seconds)
    )
    answers = Counter(
        each.verdict for turn in rounds for each in (*turn.alone, *turn.beside, *turn.flood)
    )
    unfair = turns[95] > _TURNS_ALLOWED
    return Outcome(
        what="requests answered",
        attempted=answers.total(),
        survived=answers.total() - answers["unanswered"],
        figures={
            "others alone": _waited([each for turn in rounds for each in turn.alone]),
            "beside the flood": _waited([each for turn in rounds for each in turn.beside]),
            "factor in seconds": f"p50 {waits[50]:.2f}, p95 {waits[95]:.2f}",
            "factor in turns": f"p50 {turns[50]:.2f}, p95 {turns[95]:.2f}",
            "who floods": _waited([each for turn in rounds for each in turn.flood]),
            "answers": ", ".join(f"{count} {name}" for name, count in answers.most_common()),
        },
        raw={
            "turn_factors": turns,
            "second_factors": waits,
            "answers": answers,
            "rounds": [
                {name: [each.seconds for each in getattr(turn, name)] for name in turn.__slots__}
                for turn in rounds
            ],
        },
        broken=(f"The others came {turns[95]:.1f} times as late.",) if unfair else (),
    )


async def _round(service: JokeService, number: int) -> _Round:
    alone = _requests(f"alone {number}", ["other"] * _OTHERS)
    # The flood comes first, which is the worst case for everybody behind it.
    crowd = _requests(f"beside {number}", ["flood"] * _FLOOD + ["other"] * _OTHERS)
    before = await ask_all(service, alone, patience=_PATIENCE_SECONDS)
    asked = await ask_all(service, crowd, patience=_PATIENCE_SECONDS)
    return _Round(alone=before, beside=asked[_FLOOD:], flood=asked[:_FLOOD])


def _requests(community: str, kinds: list[str]) -> list[JokeRequest]:
    """A request each, all in one community; those who flood are one member."""
    return [
        JokeRequest(
            community=Community(front="campaign", key=community),
            member=kind if kind == "flood" else f"{kind} {number}",
        )
        for number, kind in enumerate(kinds)
    ]


def _turn(asked: Asked) -> float:
    return asked.turn


def _seconds(asked: Asked) -> float:
    return asked.seconds


def _median(
    rounds: Sequence[_Round], measure: Callable[[Asked], float], *, percent: float
) -> float:
    return statistics.median(each.factor(measure, percent=percent) for each in rounds)


def _waited(asked: Sequence[Asked]) -> str:
    seconds = [each.seconds for each in asked]
    return f"p50 {percentile(seconds, 50):.2f} s, p95 {percentile(seconds, 95):.2f} s"
