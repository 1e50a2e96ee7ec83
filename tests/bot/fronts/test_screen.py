"""What people read, on a terminal and through a pipe."""

import asyncio
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.fronts.commands import NAMES
from bot.fronts.screen import Screen, place_sentence
from bot.generation.queue import Place
from bot.jokes import Joke
from bot.store.port import RankedJoke, Stats, Tally
from tests.campaigns.waiting import until

SECONDS = 20
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Paper:
    """A screen and what stands on it."""

    def __init__(self, *, terminal: bool, width: int = 60) -> None:
        self._file = io.StringIO()
        self.screen = Screen(console=Console(file=self._file, force_terminal=terminal, width=width))

    @property
    def raw(self) -> str:
        return self._file.getvalue()

    @property
    def text(self) -> str:
        """What is read, without colours and movements of the cursor."""
        return ESCAPES.sub("", self.raw)


@pytest.fixture
def pipe() -> Paper:
    return Paper(terminal=False)


@pytest.fixture
def terminal() -> Paper:
    return Paper(terminal=True)


def joke(text: str, *, number: int = 12) -> Joke:
    return Joke(
        id=number,
        text=text,
        topic=None,
        opening=None,
        model_version="tiny",
        tokens=9,
        seconds=1.234,
    )


def test_through_a_pipe_a_joke_is_its_text_and_no_line_is_broken(pipe: Paper) -> None:
    text = "Why did the duck " + "really " * 30 + "quack?\nBecause."
    pipe.screen.joke(joke(text))
    assert pipe.raw == f"{text}\n"


def test_on_a_terminal_a_joke_has_a_number_to_vote_on(terminal: Paper) -> None:
    terminal.screen.joke(joke("Why did the duck quack?"))
    assert [line.strip() for line in terminal.text.splitlines()] == [
        "",
        "Why did the duck quack?",
        "#12 · tiny · 1.2 s · /up or /down?",
        "",
    ]


def test_on_a_terminal_a_long_joke_is_broken_between_words(terminal: Paper) -> None:
    text = "Why did the duck " + "really " * 30 + "quack?"
    terminal.screen.joke(joke(text))
    lines = [line.strip() for line in terminal.text.splitlines()]
    assert " ".join(lines[1:-2]) == text
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("text", ["[bold]a[/bold] [red]duck", "a :duck: 12 [/]", "[link=x]a duck"])
def test_a_joke_is_text_and_never_markup(text: str) -> None:
    for is_terminal in (False, True):
        paper = Paper(terminal=is_terminal)
        paper.screen.joke(joke(text))
        paper.screen.top([RankedJoke(id=1, text=text, up=1, down=0)])
        assert paper.text.count(text) == 2


def test_a_pipe_gets_no_colours(pipe: Paper) -> None:
    pipe.screen.refuse("No.")
    pipe.screen.answer("Yes.")
    pipe.screen.help()
    assert "\x1b" not in pipe.raw


def test_a_vote_shows_the_tally(pipe: Paper) -> None:
    pipe.screen.tally("Thank you:", Tally(up=2, down=1, flags=0))
    assert pipe.raw == "Thank you: 2 up, 1 down.\n"


def test_the_best_jokes_are_one_a_line_through_a_pipe(pipe: Paper) -> None:
    pipe.screen.top(
        [
            RankedJoke(id=7, text="What's\nbrown?\n\nA stick.", up=3, down=1),
            RankedJoke(id=2, text="A duck.", up=1, down=0),
        ]
    )
    assert pipe.raw == "#7 (+3 -1) What's brown? A stick.\n#2 (+1 -0) A duck.\n"


def test_the_best_jokes_are_a_table_on_a_terminal(terminal: Paper) -> None:
    terminal.screen.top([RankedJoke(id=7, text="A duck.", up=3, down=1)])
    assert terminal.text.split() == ["#7", "+3", "−1", "A", "duck."]


def test_no_best_joke_is_said_so(pipe: Paper) -> None:
    pipe.screen.top([])
    assert pipe.raw == "Nobody has voted a joke up here yet.\n"


def test_counts_are_about_everybody_and_about_oneself(pipe: Paper) -> None:
    pipe.screen.stats(
        Stats(
            jokes=12,
            votes_up=3,
            votes_down=2,
            flags=1,
            my_jokes=1,
            my_votes_up=0,
            my_votes_down=2,
        )
    )
    assert pipe.raw.splitlines() == [
        "Told here: 12 jokes, 3 up and 2 down, 1 reported.",
        "You: 1 joke, 0 up and 2 down.",
    ]


def test_help_names_every_command(pipe: Paper) -> None:
    pipe.screen.help()
    for name in NAMES:
        assert f"/{name}" in pipe.raw


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (None, "Thinking of something funny…"),
        (Place(own=0, ahead=0), "Thinking of something funny…"),
        (Place(own=0, ahead=1), "Number 2 in line…"),
        (Place(own=0, ahead=9), "Number 10 in line…"),
        (Place(own=1, ahead=4), "Waiting behind your own earlier request…"),
        (Place(own=3, ahead=0), "Waiting behind your own earlier 3 requests…"),
    ],
)
def test_a_place_in_the_line_reads(place: Place | None, sentence: str) -> None:
    assert place_sentence(place, loading=False) == sentence


def test_while_the_model_is_loaded_no_place_is_promised() -> None:
    assert place_sentence(Place(own=1, ahead=4), loading=True) == "Waking up the model…"


async def test_on_a_terminal_waiting_shows_a_sentence_that_follows_the_line(
    terminal: Paper,
) -> None:
    place = 2
    async with asyncio.timeout(20), terminal.screen.waiting(lambda: f"Number {place} in line…"):
        await until(lambda: "Number 2 in line…" in terminal.text, seconds=SECONDS)
        place = 1
        await until(lambda: "Number 1 in line…" in terminal.text, seconds=SECONDS)


async def test_waiting_ends_when_what_is_waited_for_fails(terminal: Paper) -> None:
    with pytest.raises(LookupError):
        async with terminal.screen.waiting(lambda: "Thinking…"):
            raise LookupError
    assert len(asyncio.all_tasks()) == 1


async def test_through_a_pipe_waiting_is_silent(pipe: Paper) -> None:
    async with pipe.screen.waiting(lambda: "Thinking…"):
        await asyncio.sleep(0)
    assert pipe.raw == ""


@given(text=st.text(), terminal=st.booleans())
def test_no_text_breaks_the_screen(text: str, *, terminal: bool) -> None:
    paper = Paper(terminal=terminal)
    paper.screen.joke(joke(text))
    paper.screen.answer(text)
    paper.screen.refuse(text)
    paper.screen.top([RankedJoke(id=1, text=text, up=1, down=0)])
    assert paper.raw
