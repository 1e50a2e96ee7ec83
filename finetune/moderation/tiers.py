"""What each content tier allows."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["BLOCKED", "Cause", "Tier", "Verdict"]


class Tier(StrEnum):
    """How much a community wants to hear; chosen in its settings."""

    FAMILY = "family"
    STANDARD = "standard"
    ADULT = "adult"


class Cause(StrEnum):
    """Why a text is not allowed; all but `HOSTILITY` and `TONE` have a word list of that name."""

    SLURS = "slurs"
    INCITEMENT = "incitement"
    MINORS = "minors"
    SEXUAL_VIOLENCE = "sexual_violence"
    HOSTILITY = "hostility"
    """A group of people next to an insult, a crime or violence."""
    PROFANITY = "profanity"
    SWEARING = "swearing"
    PEOPLES = "peoples"
    FAITH = "faith"
    SACRED = "sacred"
    GENDER = "gender"
    COUPLES = "couples"
    DISABILITY = "disability"
    BODY = "body"
    SEXUAL = "sexual"
    INTIMATE = "intimate"
    DRUGS = "drugs"
    VIOLENCE = "violence"
    SELF_HARM = "self_harm"
    TONE = "tone"
    """No listed word, but the classifier takes it for offensive."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a text may be shown; `cause` says why not."""

    cause: Cause | None = None

    @property
    def allowed(self) -> bool:
        """True when nothing speaks against the text."""
        return self.cause is None


_ALWAYS = frozenset({Cause.SLURS, Cause.INCITEMENT, Cause.MINORS, Cause.SEXUAL_VIOLENCE})

BLOCKED = {
    Tier.FAMILY: frozenset(Cause),
    Tier.STANDARD: _ALWAYS | {Cause.HOSTILITY, Cause.PROFANITY},
    Tier.ADULT: _ALWAYS,
}
"""The causes that keep a text from each tier."""
