"""A service with a shelf on in-memory ports, and versions that draw what a test says."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.generation.port import Generation, GenerationError
from bot.generation.protocol import Sampling
from bot.jokes import Answer, Community, Joke, JokeRequest
from bot.pausing import Pause
from bot.selecting import Selectors
from bot.shelf.filling import Filling, FillingRules
from bot.shelf.leisure import Leisure
from bot.shelf.shelf import Shelf
from bot.store.version_port import Roles, Run, Stage
from bot.taste.taste import Taste
from bot.traffic import Traffic
from finetune.candidates import Candidate
from finetune.moderation import Moderator, Tier
from tests.bot.room import HERE, REQUEST, SECONDS
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.moderator import small_moderator
from tests.twins.service import SAMPLING, service_on
from tests.twins.store import MemoryStore

__all__ = ["CANDIDATES", "NOON", "Drawers", "Records", "Shop", "candidates", "run_at"]

CANDIDATES = 4
NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)

Draws = Sequence[Candidate] | GenerationError


def candidates(*texts: str, features: Callable[[str], bytes] | None = None) -> list[Candidate]:
    """Complete candidates, the first the likeliest."""
    return [
        Candidate(
            text=text,
            tokens=len(text.split()),
            score=-1.0 - place / 10,
            complete=True,
            features=features(text) if features else None,
        )
        for place, text in enumerate(texts)
    ]


class Drawers:
    """The `IdleGenerator` port: `draws` are given in turn, then jokes that are all different.

    `orders` are the versions that were to draw, `abandoned` counts draws that were cancelled. While
    `free` is not set nothing is given; `begun` is set when a draw begins.
    """

    def __init__(self, champion: str, challenger: str | None = None) -> None:
        self.champion = champion
        self.challenger = challenger
        self.draws: list[Draws] = []
        self.orders: list[str] = []
        self.abandoned = 0
        self.free = asyncio.Event()
        self.free.set()
        self.begun = asyncio.Event()

    async def draw(self, version: str, *, count: int, seed: int, sampling: Sampling) -> Generation:
        self.orders.append(version)
        self.begun.set()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        assert (count, sampling) == (CANDIDATES, SAMPLING)
        number = len(self.orders)
        usual = candidates(*(f"Joke {number} of {version}, take {n}." for n in range(count)))
        drawn = self.draws.pop(0) if self.draws else usual
        if isinstance(drawn, GenerationError):
            raise drawn
        return Generation(model_version=version, candidates=tuple(drawn))


class Records:
    """The `RolesAndRuns` port: what a test says."""

    def __init__(self) -> None:
        self.row: Roles | None = None
        self.run: Run | None = None

    async def roles(self) -> Roles | None:
        return self.row

    async def going_on(self) -> Run | None:
        return self.run


class Shop:
    """`tell` asks for a joke, `fill` does what idle time would do, `fresh` answers the others.

    Which requests the challenger answers is said by `for_challenger`.
    """

    def __init__(
        self,
        *draws: Draws,
        fresh: Iterable[Scripted] = (),
        store: MemoryStore | None = None,
        challenger: str | None = None,
        for_challenger: Callable[[int], bool] = lambda _: False,
        jokes_per_shelf: int = 3,
        idle_share: float = 1.0,
        quiet_seconds: float = 0.0,
        moderator: Moderator | None = None,
        candidates: int = CANDIDATES,
        power_supplies: Path = Path("nowhere"),
        taste: Taste | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.drawers = Drawers("champion", challenger)
        self.drawers.draws += draws
        self.records = Records()
        self.traffic = Traffic()
        self.shelf = Shelf(
            answers=lambda joke: (
                (for_challenger(joke) and self.drawers.challenger) or self.drawers.champion
            )
        )
        self.pause = Pause(records=self.store.records)
        self.filling = Filling(
            shelf=self.shelf,
            shelves=self.store.shelves,
            generator=self.drawers,
            selectors=Selectors(moderator=moderator or small_moderator()),
            versions=self.records,
            leisure=Leisure(
                traffic=self.traffic,
                versions=self.records,
                pause=self.pause,
                quiet_seconds=quiet_seconds,
                power_supplies=power_supplies,
            ),
            traffic=self.traffic,
            rules=FillingRules(
                jokes_per_shelf=jokes_per_shelf,
                idle_share=idle_share,
                sampling=SAMPLING,
                candidates=candidates,
                tiers=tuple(Tier),
            ),
        )
        self.generator = ScriptedGenerator(fresh, model_version="champion")
        self.service = service_on(
            store=self.store,
            generator=self.generator,
            pause=self.pause,
            taste=taste,
            shelf=self.shelf,
            traffic=self.traffic,
        )

    async def fill(self) -> int:
        """Look until nothing more is shelved; how often something was."""
        shelved = 0
        while await self.filling.look():
            shelved += 1
        return shelved

    async def tell(self, request: JokeRequest = REQUEST) -> Answer:
        async with asyncio.timeout(SECONDS):
            return await self.service.tell(request)

    async def joke(self, community: Community = HERE) -> Joke:
        """A joke for a community."""
        answer = await self.tell(JokeRequest(community=community, member="ada"))
        assert isinstance(answer, Joke)
        return answer

    def kept(self) -> list[str]:
        """The version of each draw in the store."""
        return sorted(draw.version for draw in self.store.shelves.kept.values())


def run_at(stage: Stage) -> Run:
    """A run that has come so far."""
    return Run(id=1, stage=stage, parent="champion", began_at=NOON)
