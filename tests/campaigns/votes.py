"""500 votes a second from ten writers while jokes are told."""

import asyncio
import random
import time

from bot.jokes import Community, Joke, JokeRequest
from bot.service import JokeService
from tests.bench.measure import percentile
from tests.campaigns.evidence import Evidence
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage
from tests.campaigns.waiting import until

__all__ = ["run"]

_FRONT = "campaign"
_WRITERS = 10
_TELLERS = 4
_VOTES_PER_SECOND = 500
_MEMBERS_PER_WRITER = 50
_JOKES_PER_COMMUNITY = 20
_FIRST_JOKES = 8
_FIRST_JOKES_SECONDS = 60.0


class _Ballot:
    """What was told and what was voted, from the outside."""

    def __init__(self, *, service: JokeService, seconds: float, source: random.Random) -> None:
        self.told: list[int] = []
        self.acknowledged: dict[tuple[int, str], int] = {}
        self.seconds: list[float] = []
        self._service = service
        self._random = source
        self._ends = time.monotonic() + seconds

    async def tell(self, teller: int) -> None:
        """Ask for joke after joke, moving on to a new community before the old one is bored."""
        asked = 0
        while time.monotonic() < self._ends:
            community = Community(front=_FRONT, key=f"{teller}.{asked // _JOKES_PER_COMMUNITY}")
            asked += 1
            answer = await self._service.tell(
                JokeRequest(community=community, member=f"teller {teller}")
            )
            if isinstance(answer, Joke):
                self.told.append(answer.id)

    async def write(self, writer: int) -> None:
        """This writer's share of the votes; whoever falls behind catches up without a pause."""
        turn = time.monotonic()
        while turn < self._ends:
            turn += _WRITERS / _VOTES_PER_SECOND
            await asyncio.sleep(max(0.0, turn - time.monotonic()))
            joke = self._random.choice(self.told)
            member = f"voter {writer}.{self._random.randrange(_MEMBERS_PER_WRITER)}"
            value = self._random.choice((1, -1, 0))
            began = time.monotonic()
            await self._service.vote(joke, member, value)
            self.seconds.append(time.monotonic() - began)
            self.acknowledged[joke, member] = value


async def run(stage: Stage) -> Outcome:
    """A vote that was acknowledged is on disk, as it was cast last."""
    stage.say(f"votes: {_VOTES_PER_SECOND} a second for {stage.seconds:.0f} s")
    async with stage.app({}) as app:
        ballot = _Ballot(service=app.service, seconds=stage.seconds, source=stage.random)
        began = time.monotonic()
        telling = [asyncio.create_task(ballot.tell(number)) for number in range(_TELLERS)]
        await until(lambda: len(ballot.told) >= _FIRST_JOKES, seconds=_FIRST_JOKES_SECONDS)
        await asyncio.gather(*telling, *map(ballot.write, range(_WRITERS)))
        took = time.monotonic() - began
    evidence = Evidence(stage.data)
    missing = evidence.missing_votes(ballot.acknowledged, front=_FRONT)
    sound = evidence.sound()
    latencies = [1000 * seconds for seconds in ballot.seconds]
    return Outcome(
        what="acknowledged votes on disk",
        attempted=len(ballot.acknowledged),
        survived=len(ballot.acknowledged) - missing,
        figures={
            "cast": f"{len(latencies):,} votes on {len(ballot.told):,} jokes in {took:.0f} s, "
            f"{len(latencies) / took:.0f} a second",
            "acknowledged after": f"p50 {percentile(latencies, 50):.0f} ms, "
            f"p99 {percentile(latencies, 99):.0f} ms",
            "integrity_check": "ok" if sound else "FAILED",
        },
        raw={"cast": len(latencies), "told": len(ballot.told), "took_seconds": took},
        broken=() if sound else ("The database is damaged.",),
    )
