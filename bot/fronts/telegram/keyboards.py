"""The buttons under messages."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.fronts.actions import Actions, Decision, Verb, cancel_data
from bot.fronts.run_wording import RunWording
from bot.languages import Words
from bot.store.port import Tally

__all__ = [
    "cancel_keyboard",
    "decision_keyboard",
    "flag_keyboard",
    "show_keyboard",
    "vote_keyboard",
]


def vote_keyboard(actions: Actions, joke_id: int, tally: Tally) -> InlineKeyboardMarkup:
    """Both votes with their numbers, and the flag."""
    return InlineKeyboardMarkup(
        [
            [
                _button(f"👍 {tally.up}", actions, Verb.UP, joke_id),
                _button(f"👎 {tally.down}", actions, Verb.DOWN, joke_id),
                _flag(actions, joke_id),
            ]
        ]
    )


def flag_keyboard(actions: Actions, joke_id: int) -> InlineKeyboardMarkup:
    """The flag alone: Telegram has no reaction for it."""
    return InlineKeyboardMarkup([[_flag(actions, joke_id)]])


def show_keyboard(actions: Actions, joke_id: int, words: Words) -> InlineKeyboardMarkup:
    """Shows a joke that may not have arrived."""
    return InlineKeyboardMarkup(
        [[_button(words.say("Show the joke"), actions, Verb.SHOW, joke_id)]]
    )


def cancel_keyboard(key: str, words: Words) -> InlineKeyboardMarkup:
    """Gives up the request with this key."""
    button = InlineKeyboardButton(words.say("Cancel"), callback_data=cancel_data(key))
    return InlineKeyboardMarkup([[button]])


def decision_keyboard(actions: Actions, run: int, words: Words) -> InlineKeyboardMarkup:
    """Ends the trial of a run, one way or the other."""
    wording = RunWording(words=words)
    row = [
        InlineKeyboardButton(
            label, callback_data=actions.decision_data(Decision(run=run, promote=promote))
        )
        for promote, label in ((True, wording.promote()), (False, wording.keep()))
    ]
    return InlineKeyboardMarkup([row])


def _flag(actions: Actions, joke_id: int) -> InlineKeyboardButton:
    return _button("🚩", actions, Verb.FLAG, joke_id)


def _button(label: str, actions: Actions, verb: Verb, joke_id: int) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=actions.data(verb, joke_id))
