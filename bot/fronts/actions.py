"""What the buttons under a joke carry, so that they work for ever: a verb, the joke, and a seal."""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.store.record_port import Records

__all__ = [
    "ACTION_PATTERN",
    "CANCEL_PATTERN",
    "DECISION_PATTERN",
    "Action",
    "Actions",
    "Decision",
    "Verb",
    "cancel_data",
]

ACTION_PATTERN = (
    r"joke:(?P<verb>up|down|flag|show):(?P<joke_id>[1-9][0-9]{0,18}):(?P<seal>[0-9a-f]{10})"
)
"""A button's data; the seal keeps anybody from making up buttons for other jokes."""

CANCEL_PATTERN = r"cancel:(?P<key>[0-9:-]{1,50})"
"""The data of the button that gives up a request, by its key."""

DECISION_PATTERN = (
    r"trial:(?P<choice>promote|keep):(?P<run>[1-9][0-9]{0,18}):(?P<run_seal>[0-9a-f]{10})"
)
"""The data of the buttons with which an admin ends the trial of a run, sealed as well."""

_PROMOTE = "promote"


class Verb(StrEnum):
    """What a button does to a joke; SHOW shows it again where it may have got lost."""

    UP = "up"
    DOWN = "down"
    FLAG = "flag"
    SHOW = "show"

    @property
    def value_of_vote(self) -> int:
        """+1, -1, or 0 for what is no vote."""
        return {"up": 1, "down": -1}.get(self.value, 0)


@dataclass(frozen=True, slots=True)
class Action:
    """A pressed button."""

    verb: Verb
    joke_id: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What an admin has decided about the challenger of a run."""

    run: int
    promote: bool


class Actions:
    """Writes and reads the data of buttons, at most 64 bytes."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    def data(self, verb: Verb, joke_id: int) -> str:
        """What a button carries."""
        return f"joke:{verb}:{joke_id}:{self._records.seal(joke_id)}"

    def read(self, data: str) -> Action | None:
        """What a pressed button means, or None for one that is not ours."""
        match = re.fullmatch(ACTION_PATTERN, data, re.ASCII)
        if match is None:
            return None
        joke_id = int(match["joke_id"])
        if not hmac.compare_digest(match["seal"], self._records.seal(joke_id)):
            return None
        return Action(verb=Verb(match["verb"]), joke_id=joke_id)

    def decision_data(self, decision: Decision) -> str:
        """What a button under a trial carries."""
        choice = _PROMOTE if decision.promote else "keep"
        return f"trial:{choice}:{decision.run}:{self._run_seal(decision.run)}"

    def read_decision(self, data: str) -> Decision | None:
        """What a pressed button decides, or None for one that is not ours."""
        match = re.fullmatch(DECISION_PATTERN, data, re.ASCII)
        if match is None or not hmac.compare_digest(
            match["run_seal"], self._run_seal(int(match["run"]))
        ):
            return None
        return Decision(run=int(match["run"]), promote=match["choice"] == _PROMOTE)

    def _run_seal(self, run: int) -> str:
        # Below zero, where no joke has its number: a joke's seal, which everybody sees, must not
        # fit a run.
        return self._records.seal(-run)


def cancel_data(key: str) -> str:
    """The data of the button that gives up the request with this key."""
    return f"cancel:{key}"
