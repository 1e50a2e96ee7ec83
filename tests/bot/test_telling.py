"""`punchline tell`: the jokes that were ordered, for a person or for a program."""

import asyncio
import io
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.announcing import Announcer
from bot.app import App
from bot.generation.port import Generation, GenerationRequest, Wait
from bot.jokes import Answer, Community, Declined, Joke, Reason
from bot.settings import load_settings
from bot.telling import Order, jokes_as_json, show_jokes, tell_jokes
from finetune.candidates import Candidate
from tests.twins.core import core_on
from tests.twins.store import MemoryStore

HERE = Community(front="terminal", key="local")
ORDER = Order(count=3, topic="bulls", opening=None, seed=None)
JOKE = Joke(
    id=12,
    text="What's a „bull“?\nA [bold] cow.",
    topic=None,
    opening=None,
    model_version="tiny",
    tokens=9,
    seconds=1.23456,
)


class Writer:
    """A generator whose jokes depend on the seed alone; `together` is how many it had at once."""

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.together = 0
        self._in_hand = 0

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        self.requests.append(request)
        self._in_hand += 1
        self.together = max(self.together, self._in_hand)
        await asyncio.sleep(0.001)
        self._in_hand -= 1
        text = f"{request.opening or 'A joke'} number {request.seed} is good."
        candidates = (Candidate(text=text, tokens=6, score=-1.0, complete=True),)
        return Generation(model_version="written", candidates=candidates)

    def nothing_fit(self, version: str) -> bool:
        return False


class Desk:
    """Where orders are taken."""

    def __init__(self, **changes: str) -> None:
        self.writer = Writer()
        self.store = MemoryStore()
        settings = load_settings(path=Path(os.devnull), environment={"HOME": "/", **changes})
        core = core_on(store=self.store, generator=self.writer)
        self._app = App(
            core=core,
            fleet=self.writer,  # type: ignore[arg-type]
            store=self.store,  # type: ignore[arg-type]
            settings=settings,
            announcer=Announcer(learner=core.learner),
        )

    async def tell(self, order: Order = ORDER) -> list[Answer]:
        return await tell_jokes(self._app, order, community=HERE, member="ada")


def texts(answers: Sequence[Answer]) -> list[str]:
    return [answer.text for answer in answers if isinstance(answer, Joke)]


async def test_as_many_jokes_are_told_as_were_ordered() -> None:
    desk = Desk()
    answers = await desk.tell()
    assert len(set(texts(answers))) == 3
    assert [request.topic for request in desk.writer.requests] == ["bulls"] * 3


async def test_an_order_of_the_owner_is_outside_the_quotas() -> None:
    desk = Desk()
    await desk.tell()
    assert all(row.request.operator for row in desk.store.rows.values())


async def test_a_seed_gives_the_same_different_jokes_one_after_the_other() -> None:
    order = replace(ORDER, seed=7, opening="Why")
    desk = Desk()
    first, second = [texts(await desk.tell(order)) for _ in range(2)]
    other = texts(await desk.tell(replace(order, seed=8)))
    assert first == second
    assert len({*first, *other}) == 6
    assert all(text.startswith("Why ") for text in first)
    assert desk.writer.together == 1


@pytest.mark.parametrize(
    ("changes", "together"),
    [
        ({"PUNCHLINE_GENERATION__SLOTS": "8"}, 2),
        ({"PUNCHLINE_GENERATION__SLOTS": "400", "PUNCHLINE_QUEUE__PER_MEMBER": "3"}, 3),
        ({"PUNCHLINE_GENERATION__SLOTS": "400", "PUNCHLINE_QUEUE__PER_COMMUNITY": "5"}, 5),
        ({"PUNCHLINE_GENERATION__SLOTS": "400", "PUNCHLINE_QUEUE__CAPACITY": "1"}, 1),
    ],
)
async def test_without_a_seed_as_many_are_made_together_as_there_is_room_for(
    changes: dict[str, str], together: int
) -> None:
    desk = Desk(**changes)
    answers = await desk.tell(replace(ORDER, count=30))
    assert len(texts(answers)) == 30
    assert desk.writer.together == together


async def test_what_cannot_be_told_is_an_answer_too() -> None:
    desk = Desk()
    assert (
        await desk.tell(replace(ORDER, count=2, topic="x" * 500))
        == [Declined(reason=Reason.TOO_LONG)] * 2
    )


def test_as_json_only_jokes_are_there_with_seven_keys_in_order() -> None:
    written = jokes_as_json([JOKE, Declined(reason=Reason.BUSY)])
    (joke,) = json.loads(written)
    assert list(joke.items()) == [
        ("id", 12),
        ("text", "What's a „bull“?\nA [bold] cow."),
        ("topic", None),
        ("opening", None),
        ("model_version", "tiny"),
        ("tokens", 9),
        ("seconds", 1.235),
    ]
    assert "„bull“" in written
    assert json.loads(jokes_as_json([])) == []


def printed(answers: list[Answer], *, terminal: bool) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    show_jokes(
        answers,
        console=Console(file=out, force_terminal=terminal, width=40, color_system=None),
        complaints=Console(file=err),
    )
    return out.getvalue(), err.getvalue()


def test_on_a_terminal_a_joke_has_its_number_version_and_time() -> None:
    out, err = printed([JOKE], terminal=True)
    lines = [line.strip() for line in out.splitlines()]
    assert lines == ["What's a „bull“?", "A [bold] cow.", "#12 · tiny · 1.2 s", ""]
    assert err == ""


def test_through_a_pipe_a_joke_is_its_text_and_no_line_is_broken() -> None:
    long = replace(JOKE, text="Why did the duck " + "really " * 30 + "quack?")
    assert printed([long, JOKE], terminal=False) == (f"{long.text}\n{JOKE.text}\n", "")


def test_what_could_not_be_told_is_a_complaint_and_no_output() -> None:
    out, err = printed([Declined(reason=Reason.BUSY, seconds=5)], terminal=False)
    assert (out, err) == ("", "I'm busy, please try again in about 5 seconds.\n")
