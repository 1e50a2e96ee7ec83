"""What both platforms say, in a member's language; plain text that each escapes its own way."""

from datetime import UTC, datetime, timedelta

from bot.communities import Audience, CommunitySettings, VoteStyle
from bot.fronts.commands import Period
from bot.generation.queue import Place
from bot.languages import Words, message
from bot.store.port import RankedJoke, Stats
from bot.store.version_port import Contribution
from finetune.moderation import Tier

__all__ = ["LANGUAGE_NAMES", "TOP_LIMIT", "Wording", "since"]

TOP_LIMIT = 10

LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "es": "Español"}
"""Each language in its own words."""

_SPANS = {Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}
_TOP_TITLES = {
    Period.DAY: message("The best jokes of the last day"),
    Period.WEEK: message("The best jokes of the last week"),
    Period.ALL: message("The best jokes told here"),
}
_TIERS = {
    Tier.FAMILY: message("for the whole family"),
    Tier.STANDARD: message("standard"),
    Tier.ADULT: message("for adults"),
}
_AUDIENCES = {
    Audience.EVERYONE: message("everyone"),
    Audience.ADMINS: message("admins only"),
}
_VOTE_STYLES = {
    VoteStyle.BOTH: message("buttons and reactions"),
    VoteStyle.REACTIONS: message("reactions"),
    VoteStyle.BUTTONS: message("buttons"),
}


def since(period: Period) -> datetime | None:
    """Where a period begins, or None for the one without a beginning."""
    span = _SPANS.get(period)
    return datetime.now(UTC) - span if span else None


class Wording:
    """Sentences made of what the service returns."""

    def __init__(self, *, words: Words) -> None:
        self._words = words

    def place(self, place: Place | None) -> str:
        """Where a request stands in the line."""
        words = self._words
        if place is None or (not place.own and not place.ahead):
            return words.say("Thinking of something funny…")
        if place.own:
            return words.count(
                "Waiting behind your own earlier request…",
                "Waiting behind your own {number} earlier requests…",
                place.own,
            )
        return words.say("Number {place} in line…", place=place.ahead + 1)

    def top_title(self, period: Period) -> str:
        """The heading of /top."""
        return self._words.say(_TOP_TITLES[period])

    def nothing_on_top(self) -> str:
        """What /top says when there is nothing to show."""
        return self._words.say("Nobody has voted a joke up here yet.")

    def ranked(self, joke: RankedJoke) -> str:
        """The votes of one line of /top."""
        return f"👍 {joke.up} 👎 {joke.down}"

    def stats(self, stats: Stats) -> list[str]:
        """/stats: what was told and voted here, and by the member."""
        words = self._words
        return [
            words.count(
                "Told here: {number} joke, {up} up and {down} down, {flags} reported.",
                "Told here: {number} jokes, {up} up and {down} down, {flags} reported.",
                stats.jokes,
                up=stats.votes_up,
                down=stats.votes_down,
                flags=stats.flags,
            ),
            words.count(
                "You: {number} joke, {up} up and {down} down.",
                "You: {number} jokes, {up} up and {down} down.",
                stats.my_jokes,
                up=stats.my_votes_up,
                down=stats.my_votes_down,
            ),
        ]

    def helped(self, contribution: Contribution | None) -> list[str]:
        """/stats: what the member's votes did, if they did anything yet."""
        if contribution is None:
            return []
        return [
            self._words.count(
                "Your vote helped train version {version}.",
                "Your {number} votes helped train version {version}.",
                contribution.votes,
                version=contribution.version,
            )
        ]

    def forget_question(self) -> str:
        """What /forget asks before it does anything."""
        return self._words.say(
            "This erases your votes and unlinks your jokes for good, everywhere. Do you want that?"
        )

    def forgotten(self, votes: int) -> str:
        """What /forget did."""
        return self._words.count(
            "Forgotten: {number} vote erased.", "Forgotten: {number} votes erased.", votes
        )

    def hidden(self) -> str:
        """What stands in the place of a joke that was hidden."""
        return self._words.say("This joke is hidden because members found it offensive.")

    def hidden_report(self, joke_id: int, text: str) -> str:
        """What the admin channel hears of a joke that was hidden."""
        return self._words.say(
            "Joke {joke_id} is hidden because members found it offensive:\n{text}",
            joke_id=joke_id,
            text=text,
        )

    def settings(self, settings: CommunitySettings) -> list[str]:
        """/settings: one line a choice."""
        words = self._words
        language = LANGUAGE_NAMES.get(settings.language) or words.say("each member's own")
        daily = str(settings.daily_jokes) if settings.daily_jokes else words.say("no limit")
        return [
            words.say("Jokes: {tier}", tier=self.tier(settings.tier)),
            words.say("Jokes for one member in a day: {daily}", daily=daily),
            words.say("Who may ask: {audience}", audience=self.audience(settings.audience)),
            words.say("Votes: {style}", style=self.vote_style(settings.vote_style)),
            words.say("Language: {language}", language=language),
        ]

    def tier(self, tier: Tier) -> str:
        """A tier by name."""
        return self._words.say(_TIERS[tier])

    def audience(self, audience: Audience) -> str:
        """An audience by name."""
        return self._words.say(_AUDIENCES[audience])

    def vote_style(self, style: VoteStyle) -> str:
        """A way of voting by name."""
        return self._words.say(_VOTE_STYLES[style])

    def only_the_asker(self) -> str:
        """For whoever presses a button meant for another member."""
        return self._words.say("That button is for whoever asked.")

    def too_late_to_cancel(self) -> str:
        """For whoever cancels what has been answered."""
        return self._words.say("It is too late to cancel that.")

    def nothing_to_cancel(self) -> str:
        """For /cancel when nothing is under way."""
        return self._words.say("You are not waiting for a joke here.")

    def unknown_button(self) -> str:
        """For a button nobody knows any more."""
        return self._words.say("I don't know that button any more, sorry.")

    def for_admins_of_the_community(self) -> str:
        """For a member who wants to change settings."""
        return self._words.say("Only the admins may change that.")

    def for_admins_of_the_bot(self) -> str:
        """For a member who types a command of the bot's admins."""
        return self._words.say("Only the admins of this bot may do that.")

    def perhaps_lost(self) -> str:
        """Beside the button that shows a joke which may not have arrived."""
        return self._words.say("My answer may have got lost on the way.")

    def stumbled(self) -> str:
        """What a member reads when something unexpected went wrong."""
        return self._words.say("Sorry, something went wrong; it is noted.")

    def memory_gone(self) -> str:
        """What a member reads while the store is out of reach."""
        return self._words.say("I can't reach my memory right now; please try again soon.")

    def unknown_joke(self) -> str:
        """About a joke that is not in the store any more."""
        return self._words.say("I don't remember this joke any more, sorry.")

    def not_forgotten(self) -> str:
        """After a member decided against /forget."""
        return self._words.say("Then I forget nothing.")

    def paused(self, on: bool) -> str:
        """After /pause."""
        words = self._words
        if on:
            return words.say("Jokes are paused; /pause again lets me go on.")
        return words.say("I tell jokes again.")
