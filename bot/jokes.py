"""What travels between the rooms: a request for a joke, the joke, or the reason there is none."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Answer", "Community", "Declined", "Joke", "JokeRequest", "Reason"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Community:
    """A Discord guild, a Telegram chat or the terminal: where jokes are told and remembered."""

    front: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JokeRequest:
    """One member asking for one joke.

    `member` is the platform's own id of the person (never of the chat); the store hashes it.
    `address` is where the front-end can still answer after a restart, in its own format, or None.
    `origin` is the platform's own id of the event that asked, so that an event delivered twice is
    answered once. `adult_place` says that the platform, or somebody in charge there, has set the
    place apart for adults; `by_admin` that the member runs the community.
    A request with a `seed` repeats an earlier one on purpose, so jokes told before are allowed.
    An `operator` request comes from the machine's owner and is outside the quotas.
    """

    community: Community
    member: str
    topic: str | None = None
    opening: str | None = None
    seed: int | None = None
    address: str | None = None
    origin: str | None = None
    adult_place: bool = False
    by_admin: bool = False
    operator: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Joke:
    """A joke as told; `seconds` runs from the request to the answer.

    One that is `shelved` had been made before anybody asked.
    """

    id: int
    text: str
    topic: str | None
    opening: str | None
    model_version: str
    tokens: int
    seconds: float
    shelved: bool = False


class Reason(StrEnum):
    """Why a request got no joke; `bot.phrases` has the sentence for each."""

    BUSY = "busy"
    MEMBER_QUOTA = "member_quota"
    COMMUNITY_QUOTA = "community_quota"
    DAILY_QUOTA = "daily_quota"
    ADMINS_ONLY = "admins_only"
    PAUSED = "paused"
    DUPLICATE = "duplicate"
    TOO_MANY_WAITING = "too_many_waiting"
    TOO_LONG = "too_long"
    UNSUITABLE = "unsuitable"
    NOTHING_FIT = "nothing_fit"
    DEADLINE = "deadline"
    GAVE_UP = "gave_up"
    MODEL_DOWN = "model_down"
    CANCELLED = "cancelled"
    CLOSING = "closing"
    LOST = "lost"
    STORE = "store"


@dataclass(frozen=True, kw_only=True, slots=True)
class Declined:
    """The kind of no a member gets; `seconds` says how long to wait where that helps."""

    reason: Reason
    seconds: int | None = None


Answer = Joke | Declined
