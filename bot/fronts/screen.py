"""How a conversation looks: colours and a spinner on a terminal, plain lines anywhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from asyncio_throttle.throttler import Throttler
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bot.fronts.learning_screen import LearningScreen
from bot.fronts.wording import Wording
from bot.generation.queue import Place
from bot.jokes import Joke
from bot.languages import ENGLISH
from bot.phrases import counted
from bot.store.port import RankedJoke, Stats, Tally
from bot.store.version_port import Contribution

__all__ = ["Screen", "place_sentence"]

_HELP = (
    ("cats", "a joke about cats: any line without a slash is a topic"),
    ("/joke", "a joke about anything"),
    ("/joke about: cats", "a joke about cats"),
    ("/joke opening: Why did", "a joke that begins with your words"),
    ("/up  /down", "vote on the latest joke, or on another: /up 12"),
    ("/retract", "take your vote back"),
    ("/offensive", "report a joke"),
    ("/top day|week|all", "the best jokes told here"),
    ("/stats", "what was told and voted here"),
    ("/forget", "erase your votes and your name from everything"),
    ("/retrain", "let me learn from the votes; cancel, promote or keep may follow"),
    ("/models", "the versions of my sense of humour"),
    ("/rollback", "go back to the version before, or to the one that you name"),
    ("/help", "this list"),
    ("/quit", "leave"),
)


def place_sentence(place: Place | None, *, loading: bool) -> str:
    """What a waiting member is told."""
    if loading:
        return "Waking up the model…"
    if place is None or (not place.own and not place.ahead):
        return "Thinking of something funny…"
    if place.own:
        others = "request" if place.own == 1 else f"{place.own} requests"
        return f"Waiting behind your own earlier {others}…"
    return f"Number {place.ahead + 1} in line…"


class Screen:
    """Writes to a rich console; jokes are text, never markup. `learning` is a part of it."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self.learning = LearningScreen(console=console)

    def joke(self, joke: Joke) -> None:
        """A joke, and on a terminal the number to vote on."""
        if not self._console.is_terminal:
            self._plain(joke.text)
            return
        self._console.print()
        self._console.print(Padding(Text(joke.text, style="bold"), (0, 2)))
        small = f"#{joke.id} · {joke.model_version} · {joke.seconds:.1f} s · /up or /down?"
        self._console.print(Padding(Text(small, style="dim"), (0, 2)))
        self._console.print()

    def answer(self, sentence: str) -> None:
        """An ordinary answer."""
        self._plain(sentence)

    def refuse(self, sentence: str) -> None:
        """A kind no."""
        self._plain(sentence, style="yellow")

    def tally(self, thanks: str, tally: Tally) -> None:
        """What a vote did."""
        self._plain(f"{thanks} {tally.up} up, {tally.down} down.")

    def top(self, jokes: Sequence[RankedJoke]) -> None:
        """The best jokes, best first."""
        if not jokes:
            self.answer("Nobody has voted a joke up here yet.")
        elif self._console.is_terminal:
            table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
            for joke in jokes:
                table.add_row(
                    Text(f"#{joke.id}", style="dim"),
                    Text(f"+{joke.up} −{joke.down}", style="green"),
                    Text(joke.text),
                )
            self._console.print(table)
        else:
            for joke in jokes:
                self._plain(f"#{joke.id} (+{joke.up} -{joke.down}) {_one_line(joke.text)}")

    def stats(self, stats: Stats, helped: Contribution | None = None) -> None:
        """Counts, of the community and of the member, and what the member's votes did."""
        self._plain(
            f"Told here: {counted(stats.jokes, 'joke')}, "
            f"{stats.votes_up} up and {stats.votes_down} down, {stats.flags} reported."
        )
        self._plain(
            f"You: {counted(stats.my_jokes, 'joke')}, "
            f"{stats.my_votes_up} up and {stats.my_votes_down} down."
        )
        for line in Wording(words=ENGLISH).helped(helped):
            self._plain(line)

    def help(self) -> None:
        """Every command."""
        width = max(len(command) for command, _ in _HELP)
        for command, meaning in _HELP:
            self._console.print(
                f"  [bold]{escape(command.ljust(width))}[/bold]  {meaning}", soft_wrap=True
            )

    @asynccontextmanager
    async def waiting(self, sentence: Callable[[], str]) -> AsyncIterator[None]:
        """A spinner that says what is being waited for, refreshed once a second."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(sentence()) as status:
            following = asyncio.create_task(_follow(status, sentence))
            try:
                yield
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    def _plain(self, sentence: str, *, style: str = "") -> None:
        self._console.print(Text(sentence, style=style), soft_wrap=not self._console.is_terminal)


async def _follow(status: Status, sentence: Callable[[], str]) -> None:
    throttler = Throttler(rate_limit=1, period=1.0, retry_interval=0.1)
    while True:
        async with throttler:
            status.update(sentence())


def _one_line(text: str) -> str:
    return " ".join(text.split())
