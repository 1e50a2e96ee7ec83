"""What a member reads instead of a joke: one kind, plain sentence for every reason."""

from bot.jokes import Declined, Reason
from bot.languages import ENGLISH, Words, message

__all__ = ["counted", "sentence"]

_MINUTE = 60
_HOUR = 60 * _MINUTE

_SENTENCES = {
    Reason.BUSY: message("I'm busy, please try again {later}."),
    Reason.MEMBER_QUOTA: message("That's enough jokes for now; your next one is ready {later}."),
    Reason.COMMUNITY_QUOTA: message(
        "Everybody here has laughed enough for now; come back {later}."
    ),
    Reason.DAILY_QUOTA: message("That's enough jokes for one day; your next one is ready {later}."),
    Reason.ADMINS_ONLY: message("Only the admins may ask me for jokes here."),
    Reason.PAUSED: message("I'm taking a break; please try again later."),
    Reason.DUPLICATE: message("I have answered that already."),
    Reason.TOO_MANY_WAITING: message(
        "Your earlier requests are still waiting; please let me catch up."
    ),
    Reason.TOO_LONG: message("That is too long for me; please try fewer words."),
    Reason.UNSUITABLE: message("I'd rather not joke about that here; please try something else."),
    Reason.NOTHING_FIT: message(
        "Nothing I came up with was good enough to tell; please try again."
    ),
    Reason.DEADLINE: message("Sorry, that took me too long; please try again in a minute."),
    Reason.GAVE_UP: message(
        "Sorry, I stumbled over that one every time; please ask for something else."
    ),
    Reason.MODEL_DOWN: message(
        "Sorry, my sense of humour is out of order; please try again {later}."
    ),
    Reason.CANCELLED: message("Never mind, then."),
    Reason.CLOSING: message("Sorry, I have to restart; please ask again in a minute."),
    Reason.LOST: message("Sorry, I lost your request when I restarted; please ask again."),
    Reason.STORE: message("I can't reach my memory right now; please try again soon."),
}


def sentence(declined: Declined, words: Words = ENGLISH) -> str:
    """The sentence to show; a wait of two minutes or more is told in minutes, then in hours."""
    return words.say(_SENTENCES[declined.reason], later=_later(declined.seconds, words))


def counted(number: int, noun: str) -> str:
    """The number with its noun: 1 joke, 2 jokes."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _later(seconds: int | None, words: Words) -> str:
    if seconds is None or seconds < 1:
        return words.say("in a moment")
    if seconds < 2 * _MINUTE:
        return words.count("in about {number} second", "in about {number} seconds", seconds)
    if seconds < 2 * _HOUR:
        minutes = _rounded_up(seconds, _MINUTE)
        return words.count("in about {number} minute", "in about {number} minutes", minutes)
    hours = _rounded_up(seconds, _HOUR)
    return words.count("in about {number} hour", "in about {number} hours", hours)


def _rounded_up(seconds: int, unit: int) -> int:
    # Never too early: whoever waits as long as told is let in.
    return -(-seconds // unit)
