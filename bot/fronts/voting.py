"""Votes and flags from buttons and reactions, the same on every platform."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from bot.fronts.actions import Action, Verb
from bot.fronts.postings import Postings
from bot.fronts.tallies import TallyBoard
from bot.languages import Words
from bot.service import JokeService
from bot.store.port import Ballot, Gesture, StoreUnavailable, UnknownJoke
from bot.store.record_port import Post

__all__ = ["Voting", "value_of"]

_VALUES = {"👍": 1, "👎": -1}
_FLAG = "🚩"
_SKIN_TONES_AND_STYLES = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])

_log = logging.getLogger("punchline.voting")


def value_of(emoji: str) -> int:
    """The vote that an emoji stands for, whatever its colour: +1, -1, or 0 for none."""
    return _VALUES.get(emoji.translate(_SKIN_TONES_AND_STYLES), 0)


class Voting:
    """One member, one vote a joke, the latest.

    `hidden` is called with a joke's number when enough flags have hidden it.
    """

    def __init__(
        self,
        *,
        service: JokeService,
        postings: Postings,
        board: TallyBoard,
        hidden: Callable[[int], Awaitable[None]],
    ) -> None:
        self._service = service
        self._postings = postings
        self._board = board
        self._hidden = hidden

    async def press(
        self, action: Action, member: str, *, event: int, moderator: bool, words: Words
    ) -> str:
        """Obey the button of a vote or of the flag and say what it did."""
        try:
            if action.verb is Verb.FLAG:
                await self._flag(action.joke_id, member, moderator=moderator)
                return words.say("Thank you, I have noted that this joke is offensive.")
            ballot = Ballot(value=action.verb.value_of_vote, gesture=Gesture.PRESS, event=event)
            voted = await self._service.cast(action.joke_id, member, ballot)
        except UnknownJoke:
            return words.say("I don't remember this joke any more, sorry.")
        except StoreUnavailable as error:
            _lost(error)
            return words.say("I can't reach my memory right now; please try again soon.")
        self._board.touch(action.joke_id)
        if voted.value == 0:
            return words.say("Your vote is withdrawn.")
        if voted.value > 0:
            return words.say("Glad you like it!")
        return words.say("Noted, I'll try to be funnier.")

    async def react(
        self,
        post: Post,
        emoji: str,
        member: str,
        *,
        event: int | None = None,
        moderator: bool = False,
    ) -> None:
        """A reaction was added to a message; what is no vote, or on no joke, is ignored."""
        with _without_an_answer():
            if value := value_of(emoji):
                await self._cast(post, member, Ballot(value=value, event=event))
            elif emoji.translate(_SKIN_TONES_AND_STYLES) == _FLAG:
                joke_id = await self._postings.joke_at(post)
                if joke_id is not None:
                    await self._flag(joke_id, member, moderator=moderator)

    async def unreact(
        self, post: Post, emoji: str, member: str, *, event: int | None = None
    ) -> None:
        """A reaction was taken away, and with it the vote, unless another has been cast since."""
        with _without_an_answer():
            if value := value_of(emoji):
                ballot = Ballot(value=value, gesture=Gesture.RELEASE, event=event)
                await self._cast(post, member, ballot)

    async def _cast(self, post: Post, member: str, ballot: Ballot) -> None:
        joke_id = await self._postings.joke_at(post)
        if joke_id is not None:
            await self._service.cast(joke_id, member, ballot)
            self._board.touch(joke_id)

    async def _flag(self, joke_id: int, member: str, *, moderator: bool) -> None:
        flagged = await self._service.flag(joke_id, member, moderator=moderator)
        if flagged.newly_hidden:
            await self._hidden(joke_id)


@contextmanager
def _without_an_answer() -> Iterator[None]:
    """A platform has no way to answer a reaction, so whatever comes of it ends here."""
    try:
        yield
    except UnknownJoke:
        pass
    except StoreUnavailable as error:
        _lost(error)


def _lost(error: StoreUnavailable) -> None:
    _log.error("A vote could not be kept: %s", error)
