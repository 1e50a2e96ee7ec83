"""What the message that shows a joke looks like."""

from dataclasses import dataclass

import discord

from bot.communities import VoteStyle
from bot.fronts.actions import Actions, Verb, cancel_data
from bot.fronts.discord.buttons import FORGET_NO, FORGET_YES, button
from bot.fronts.discord.escaping import LONGEST_MESSAGE, escaped
from bot.fronts.wording import Wording
from bot.languages import Words
from bot.store.port import ShownJoke, Tally

__all__ = ["Face", "Faces"]

_SMALL = "-# "


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """`reactions` says whether members vote with reactions here, so that the bot begins them."""

    content: str
    view: discord.ui.View | None
    reactions: bool


class Faces:
    """Draws the messages that have buttons."""

    def __init__(self, *, actions: Actions) -> None:
        self._actions = actions

    def joke(self, shown: ShownJoke, *, style: VoteStyle, may_react: bool, words: Words) -> Face:
        """A joke with its votes, or what stands in its place when it is hidden."""
        if shown.hidden:
            return Face(content=Wording(words=words).hidden(), view=None, reactions=False)
        reactions = may_react and style is not VoteStyle.BUTTONS
        content = escaped(shown.text)
        if reactions and style is VoteStyle.REACTIONS:
            line = _line(shown.tally)
            room = len(content) + len(line) <= LONGEST_MESSAGE
            return Face(content=content + line * room, view=None, reactions=True)
        return Face(content=content, view=self._votes(shown), reactions=reactions)

    def _votes(self, shown: ShownJoke) -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        for verb, emoji, label in (
            (Verb.UP, "👍", str(shown.tally.up)),
            (Verb.DOWN, "👎", str(shown.tally.down)),
            (Verb.FLAG, "🚩", None),
        ):
            view.add_item(button(self._actions.data(verb, shown.id), emoji=emoji, label=label))
        return view

    @staticmethod
    def waiting(key: str, words: Words) -> discord.ui.View:
        """The button that gives up a request."""
        view = discord.ui.View(timeout=None)
        view.add_item(button(cancel_data(key), label=words.say("Cancel")))
        return view

    @staticmethod
    def forgetting(words: Words) -> discord.ui.View:
        """The buttons below the question of /forget."""
        view = discord.ui.View(timeout=None)
        red = discord.ButtonStyle.danger
        view.add_item(button(FORGET_YES, label=words.say("Yes, erase them"), style=red))
        view.add_item(button(FORGET_NO, label=words.say("No, keep them")))
        return view


def _line(tally: Tally) -> str:
    if not (tally.up or tally.down):
        return ""
    return f"\n{_SMALL}👍 {tally.up} · 👎 {tally.down}"
