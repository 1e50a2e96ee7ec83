"""What a member reads instead of a joke: one kind, plain sentence for every reason."""

from bot.jokes import Declined, Reason

__all__ = ["counted", "sentence"]

_MINUTE = 60
_HOUR = 60 * _MINUTE

_SENTENCES = {
    Reason.BUSY: "I'm busy, please try again {later}.",
    Reason.MEMBER_QUOTA: "That's enough jokes for now; your next one is ready {later}.",
    Reason.COMMUNITY_QUOTA: "Everybody here has laughed enough for now; come back {later}.",
    Reason.TOO_MANY_WAITING: "Your earlier requests are still waiting; please let me catch up.",
    Reason.TOO_LONG: "That is too long for me; please try fewer words.",
    Reason.UNSUITABLE: "I'd rather not joke about that here; please try something else.",
    Reason.NOTHING_FIT: "Nothing I came up with was good enough to tell; please try again.",
    Reason.DEADLINE: "Sorry, that took me too long; please try again in a minute.",
    Reason.GAVE_UP: "Sorry, I stumbled over that one every time; please ask for something else.",
    Reason.MODEL_DOWN: "Sorry, my sense of humour is out of order; please try again {later}.",
    Reason.CANCELLED: "Never mind, then.",
    Reason.CLOSING: "Sorry, I have to restart; please ask again in a minute.",
    Reason.LOST: "Sorry, I lost your request when I restarted; please ask again.",
    Reason.STORE: "I can't reach my memory right now; please try again soon.",
}


def sentence(declined: Declined) -> str:
    """The sentence to show; a wait of two minutes or more is told in minutes, then in hours."""
    return _SENTENCES[declined.reason].format(later=_later(declined.seconds))


def counted(number: int, noun: str) -> str:
    """The number with its noun: 1 joke, 2 jokes."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _later(seconds: int | None) -> str:
    if seconds is None or seconds < 1:
        return "in a moment"
    if seconds < 2 * _MINUTE:
        return f"in about {counted(seconds, 'second')}"
    if seconds < 2 * _HOUR:
        return f"in about {_rounded_up(seconds, _MINUTE)} minutes"
    return f"in about {_rounded_up(seconds, _HOUR)} hours"


def _rounded_up(seconds: int, unit: int) -> int:
    # Never too early: whoever waits as long as told is let in.
    return -(-seconds // unit)
