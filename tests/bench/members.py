"""Members who ask all at once: the whole bot, next to one that generates behind a lock."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import torch

from bot.app import open_app
from bot.jokes import Community, Declined, JokeRequest, Reason
from bot.model import ServedModel
from bot.service import JokeService
from bot.settings import load_settings
from finetune.models import LoadedModel, choose_device, choose_dtype, load_model
from tests.bench.engines.port import TEMPERATURE, TOP_P
from tests.bench.measure import loop_lag
from tests.bench.results import MembersRound, MembersTurn

__all__ = ["MEMBERS", "measure_members"]

MEMBERS = 32
_EACH = 2
_COMMUNITIES = 8
_TOPICS = (
    *("cats", "dogs", "pirates", "ghosts", "dentists", "lawyers", "robots", "penguins"),
    *("teachers", "chickens", "elephants", "cheese", "coffee", "bicycles", "computers"),
    *("musicians", "doctors", "farmers", "snowmen", "dragons"),
)
_SETTLING_SECONDS = 5.0
_SETTINGS = {
    "PUNCHLINE_SHELF__ENABLED": "false",
    "PUNCHLINE_QUOTA__MEMBER_JOKES": "0",
    "PUNCHLINE_QUOTA__COMMUNITY_JOKES": "0",
}

Ask = Callable[[int, str], Awaitable[None]]
"""Lets one member ask for a joke on a topic; returns when it is there."""


async def measure_members(
    directory: Path, *, name: str, rounds: int, scratch: Path, say: Callable[[str], None]
) -> list[MembersRound]:
    """Alternate both, the other one first in every second round, after a warm-up of each.

    Ours is the program as it comes, with a worker process, four candidates a joke, moderation and
    a database on disk; only quotas and shelf are off. Theirs draws one candidate a joke and does
    nothing else.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".bench-") as data:
        environment = {"PUNCHLINE_STORE__DIRECTORY": str(Path(data).resolve()), **_SETTINGS}
        settings = load_settings(path=None, environment=environment)
        theirs = _Locked(directory, name=name, max_tokens=settings.generation.max_tokens)
        async with open_app(settings, model=ServedModel(name=name, directory=directory)) as app:
            contenders: dict[str, Ask] = {"ours": _asking(app.service), "theirs": theirs.ask}
            for contender, ask in contenders.items():
                say(f"members, warm-up of {contender}")
                await asyncio.gather(*(ask(member, "cats") for member in range(4)))
            await asyncio.sleep(_SETTLING_SECONDS)
            measured = []
            for number in range(1, rounds + 1):
                say(f"members, round {number} of {rounds}")
                order = list(contenders) if number % 2 else list(reversed(contenders))
                turns = {each: await _turn(contenders[each]) for each in order}
                measured.append(MembersRound(**turns))
            return measured


async def _turn(ask: Ask) -> MembersTurn:
    """Each member asks, and asks again as soon as the joke is there."""
    topics = itertools.cycle(_TOPICS)
    seconds: list[float] = []

    async def member(number: int) -> None:
        for _ in range(_EACH):
            began = time.perf_counter()
            await ask(number, next(topics))
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with loop_lag() as late:
        await asyncio.gather(*map(member, range(MEMBERS)))
        return MembersTurn(
            seconds=seconds, took_seconds=time.perf_counter() - began, lag_seconds=late
        )


def _asking(service: JokeService) -> Ask:
    async def ask(member: int, topic: str) -> None:
        community = Community(front="bench", key=f"community {member % _COMMUNITIES}")
        request = JokeRequest(community=community, member=f"member {member}", topic=topic)
        answer = await service.tell(request)
        if isinstance(answer, Declined) and answer.reason is not Reason.NOTHING_FIT:
            raise RuntimeError(f"a joke was declined: {answer.reason}")

    return ask


class _Locked:
    """A chat bot as they are mostly written: one `generate` at a time, in a thread."""

    def __init__(self, directory: Path, *, name: str, max_tokens: int) -> None:
        device = choose_device("auto")
        self._loaded: LoadedModel = load_model(
            directory, name=name, device=device, dtype=choose_dtype("auto", device)
        )
        self._ends = sorted(self._loaded.template.end_ids(self._loaded.tokenizer))
        self._max_tokens = max_tokens
        self._lock = asyncio.Lock()

    async def ask(self, _member: int, topic: str) -> None:
        """One candidate, whatever it is."""
        async with self._lock:
            await asyncio.to_thread(self._generate, topic)

    def _generate(self, topic: str) -> None:
        loaded = self._loaded
        model: Any = loaded.model
        prompt = loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None)
        ids = torch.tensor([prompt], device=model.device)
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=TEMPERATURE,
            top_k=0,
            top_p=TOP_P,
            max_new_tokens=self._max_tokens,
            eos_token_id=self._ends,
            pad_token_id=0,
        )
