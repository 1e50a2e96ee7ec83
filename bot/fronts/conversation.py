"""One person's side of a line-based front-end: a line comes in, the screen shows what became."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.fronts.commands import (
    Command,
    Flag,
    Forget,
    Help,
    Misunderstood,
    Period,
    Quit,
    Retrain,
    RollBack,
    ShowModels,
    ShowStats,
    ShowTop,
    TellJoke,
    Vote,
    parse,
)
from bot.fronts.schooling import Schoolroom
from bot.fronts.screen import Screen, place_sentence
from bot.generation.port import Wait
from bot.jokes import Community, Declined, JokeRequest
from bot.learning import Learner
from bot.phrases import counted, sentence
from bot.service import JokeService
from bot.store.port import StoreUnavailable, UnknownJoke
from bot.tracing import about_request

__all__ = ["Conversation"]

_TOP_LIMIT = 10
_PERIODS = {Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}


class Conversation:
    """Remembers which joke was the latest, so that `/up` needs no number.

    `loading` says whether the model is still being loaded.
    """

    def __init__(
        self,
        *,
        service: JokeService,
        screen: Screen,
        community: Community,
        member: str,
        loading: Callable[[], bool],
        learner: Learner,
    ) -> None:
        self._service = service
        self._screen = screen
        self._community = community
        self._member = member
        self._loading = loading
        self._learner = learner
        self._schoolroom = Schoolroom(learner=learner, screen=screen.learning)
        self._latest: int | None = None

    @property
    def given_up(self) -> str:
        """What to say when `obey` was cancelled."""
        return self._schoolroom.unwatched or "Never mind, then."

    async def obey(self, line: str, *, stopping: asyncio.Event | None = None) -> bool:
        """Do what a line says; False when it says goodbye.

        Once `stopping` is set, what only watches ends; jokes are told all the same.
        """
        self._schoolroom.unwatched = ""
        command = parse(line)
        if isinstance(command, Quit):
            return False
        if command is not None:
            try:
                with about_request():
                    await self._do(command, stopping or asyncio.Event())
            except UnknownJoke:
                self._screen.refuse("There is no joke with that number.")
            except StoreUnavailable:
                self._screen.refuse("I can't reach my memory right now; please try again soon.")
        return True

    async def _do(self, command: Command, stopping: asyncio.Event) -> None:
        match command:
            case TellJoke(topic=topic, opening=opening):
                await self._tell(topic, opening)
            case Vote() | Flag():
                await self._judge(command)
            case ShowTop(period=period):
                span = _PERIODS.get(period)
                since = datetime.now(UTC) - span if span else None
                top = await self._service.top(self._community, since=since, limit=_TOP_LIMIT)
                self._screen.top(top)
            case ShowStats():
                stats = await self._service.stats(self._community, self._member)
                helped = await self._learner.helped(self._community.front, self._member)
                self._screen.stats(stats, helped)
            case Retrain() | ShowModels() | RollBack():
                await self._schoolroom.obey(command, stopping=stopping)
            case Forget(confirmed=confirmed):
                await self._forget(confirmed=confirmed)
            case Help():
                self._screen.help()
            case Misunderstood(hint=hint):
                self._screen.refuse(hint)

    async def _tell(self, topic: str | None, opening: str | None) -> None:
        request = JokeRequest(
            community=self._community,
            member=self._member,
            topic=topic,
            opening=opening,
            adult_place=True,
            by_admin=True,
        )
        wait = Wait()
        async with self._screen.waiting(
            lambda: place_sentence(wait.place(), loading=self._loading())
        ):
            answer = await self._service.tell(request, wait=wait)
        if isinstance(answer, Declined):
            self._screen.refuse(sentence(answer))
            return
        self._latest = answer.id
        self._screen.joke(answer)

    async def _judge(self, command: Vote | Flag) -> None:
        joke_id = self._latest if command.joke_id is None else command.joke_id
        if joke_id is None:
            self._screen.refuse("Ask for a joke first, or name one by its number, as in /up 12.")
            return
        if (await self._service.shown(joke_id)).community != self._community:
            raise UnknownJoke(f"Joke {joke_id} was told somewhere else.")
        if isinstance(command, Flag):
            await self._service.flag(joke_id, self._member)
            self._screen.answer("Thank you, I have noted that this joke is offensive.")
        elif command.value:
            tally = await self._service.vote(joke_id, self._member, command.value)
            self._screen.tally("Noted:" if command.value < 0 else "Thank you:", tally)
        else:
            tally = await self._service.retract(joke_id, self._member)
            self._screen.tally("Your vote is withdrawn:", tally)

    async def _forget(self, *, confirmed: bool) -> None:
        if not confirmed:
            self._screen.answer(
                "This erases your votes and unlinks your jokes for good. Type /forget yes to do it."
            )
            return
        votes = await self._service.forget(self._community.front, self._member)
        self._screen.answer(f"Forgotten: {counted(votes, 'vote')} erased.")
