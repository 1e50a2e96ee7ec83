"""What a typed line means: one frozen value per command."""

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Command",
    "Flag",
    "Forget",
    "Help",
    "Misunderstood",
    "Period",
    "Quit",
    "Retrain",
    "Retraining",
    "RollBack",
    "ShowModels",
    "ShowStats",
    "ShowTop",
    "TellJoke",
    "Vote",
    "parse",
]

NAMES = (
    "joke",
    "up",
    "down",
    "retract",
    "offensive",
    "top",
    "stats",
    "forget",
    "retrain",
    "models",
    "rollback",
    "help",
    "quit",
)
_LONGEST_SHOWN = 20
_JOKE_NUMBER = re.compile(r"[0-9]{1,18}")
_FIELD = re.compile(r"\b(about|opening)\s*:\s*", re.IGNORECASE)


class Period(StrEnum):
    """How far back /top looks."""

    DAY = "day"
    WEEK = "week"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class TellJoke:
    """/joke, perhaps with a topic and an opening."""

    topic: str | None = None
    opening: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """/up, /down and /retract: +1, -1 or 0 on a joke, by default on the latest."""

    value: int
    joke_id: int | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """/offensive on a joke, by default on the latest."""

    joke_id: int | None = None


@dataclass(frozen=True, slots=True)
class ShowTop:
    """/top"""

    period: Period = Period.ALL


@dataclass(frozen=True, slots=True)
class ShowStats:
    """/stats"""


@dataclass(frozen=True, slots=True)
class Forget:
    """/forget; it has to be confirmed with `/forget yes`."""

    confirmed: bool = False


class Retraining(StrEnum):
    """What /retrain may do: begin, call it off, or decide about the trial that goes on."""

    BEGIN = ""
    CANCEL = "cancel"
    PROMOTE = "promote"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Retrain:
    """/retrain"""

    what: Retraining = Retraining.BEGIN


@dataclass(frozen=True, slots=True)
class ShowModels:
    """/models"""


@dataclass(frozen=True, slots=True)
class RollBack:
    """/rollback, by default to the version before."""

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Help:
    """/help"""


@dataclass(frozen=True, slots=True)
class Quit:
    """/quit"""


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """A line that is no command; `hint` is a sentence that says what would be."""

    hint: str


Command = (
    TellJoke
    | Vote
    | Flag
    | ShowTop
    | ShowStats
    | Forget
    | Retrain
    | ShowModels
    | RollBack
    | Help
    | Quit
    | Misunderstood
)


def parse(line: str) -> Command | None:
    """Read a line; None when it is blank. A line without a slash is a topic."""
    line = line.strip()
    if not line:
        return None
    return _command(line[1:]) if line.startswith("/") else TellJoke(topic=line)


def _command(line: str) -> Command:
    name, rest, *_ = [*line.split(maxsplit=1), "", ""]
    plain: dict[str, Command] = {
        "stats": ShowStats(),
        "models": ShowModels(),
        "forget": Forget(confirmed=rest.lower() == "yes"),
        "rollback": RollBack(rest or None),
        "help": Help(),
        "quit": Quit(),
        "exit": Quit(),
    }
    match name.lower():
        case "joke":
            return _joke(rest)
        case "up" | "down" | "retract" | "offensive" as vote:
            return _on_joke(vote, rest)
        case "top":
            return _top(rest)
        case "retrain":
            return _retrain(rest)
        case other:
            return plain.get(other) or _unknown(name)


def _unknown(name: str) -> Misunderstood:
    shown = "".join(filter(str.isprintable, name[:_LONGEST_SHOWN]))
    close = difflib.get_close_matches(shown.lower(), NAMES, n=1)
    meant = f" Did you mean /{close[0]}?" if close else ""
    return Misunderstood(f"I don't know /{shown}.{meant} Type /help to see what I know.")


def _joke(rest: str) -> TellJoke:
    """`about: cats opening: Why did`, in any order; without either word the rest is the topic."""
    pieces = _FIELD.split(rest)
    fields = dict(zip((name.lower() for name in pieces[1::2]), pieces[2::2], strict=True))
    topic = fields.get("about", "").strip() or pieces[0].strip()
    return TellJoke(topic=topic or None, opening=fields.get("opening", "").strip() or None)


def _on_joke(name: str, rest: str) -> Command:
    number = rest.removeprefix("#")
    if rest and not _JOKE_NUMBER.fullmatch(number):
        return Misunderstood(f"After /{name} I expect the number of a joke, as in /{name} 12.")
    joke_id = int(number) if number else None
    if name == "offensive":
        return Flag(joke_id)
    return Vote({"up": 1, "down": -1, "retract": 0}[name], joke_id)


def _top(rest: str) -> Command:
    try:
        return ShowTop(Period(rest.lower()) if rest else Period.ALL)
    except ValueError:
        return Misunderstood("After /top I expect day, week or all, as in /top week.")


def _retrain(rest: str) -> Command:
    try:
        return Retrain(Retraining(rest.lower()))
    except ValueError:
        return Misunderstood("After /retrain I expect nothing, or cancel, promote or keep.")
