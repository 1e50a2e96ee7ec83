"""`punchline tell`: some jokes on standard output, for people or as JSON."""

import asyncio
import json
import random
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.app import App
from bot.jokes import Answer, Community, Joke, JokeRequest
from bot.phrases import sentence

__all__ = ["Order", "jokes_as_json", "show_jokes", "tell_jokes"]

_SEED_BITS = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What was asked for on the command line."""

    count: int
    topic: str | None
    opening: str | None
    seed: int | None


async def tell_jokes(app: App, order: Order, *, community: Community, member: str) -> list[Answer]:
    """As many answers as were ordered.

    With a seed the jokes are made one after the other, because in reduced precision a joke may
    depend on how many others share its batch; then the same order always gives the same jokes.
    """
    source = random.Random(order.seed)  # noqa: S311 - repeatable on purpose
    requests = [
        JokeRequest(
            community=community,
            member=member,
            topic=order.topic,
            opening=order.opening,
            seed=None if order.seed is None else source.getrandbits(_SEED_BITS),
            adult_place=True,
            operator=True,
        )
        for _ in range(order.count)
    ]
    together = 1 if order.seed is not None else app.settings.jokes_at_once
    # While the model is loaded all of them wait, so the line must have room for them.
    queue = app.settings.queue
    room = asyncio.Semaphore(min(together, queue.per_member, queue.per_community, queue.capacity))

    async def one(request: JokeRequest) -> Answer:
        async with room:
            return await app.service.tell(request)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(request)) for request in requests]
    return [task.result() for task in tasks]


def jokes_as_json(answers: list[Answer]) -> str:
    """The told jokes as a JSON array."""
    return json.dumps(
        [
            {
                "id": joke.id,
                "text": joke.text,
                "topic": joke.topic,
                "opening": joke.opening,
                "model_version": joke.model_version,
                "tokens": joke.tokens,
                "seconds": round(joke.seconds, 3),
            }
            for joke in answers
            if isinstance(joke, Joke)
        ],
        indent=2,
        ensure_ascii=False,
    )


def show_jokes(answers: list[Answer], *, console: Console, complaints: Console) -> None:
    """Print jokes for a person; what could not be told goes to `complaints`.

    Off a terminal a joke is nothing but its text, and no line is broken.
    """
    for answer in answers:
        if not isinstance(answer, Joke):
            complaints.print(Text(sentence(answer)), soft_wrap=True)
        elif console.is_terminal:
            console.print(Padding(Text(answer.text, style="bold"), (0, 2)))
            small = f"#{answer.id} · {answer.model_version} · {answer.seconds:.1f} s"
            console.print(Padding(Text(small, style="dim"), (0, 2, 1, 2)))
        else:
            console.print(Text(answer.text), soft_wrap=True)
