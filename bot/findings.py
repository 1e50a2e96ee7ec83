"""What `punchline doctor` finds."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State"]


class State(StrEnum):
    """How a check came out; only FAIL makes the exit code 1."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check saw, and how to mend it when it is not well."""

    subject: str
    state: State
    seen: str
    mend: str = ""
