"""/top, /stats, /forget, /help, and a word to whoever writes something else."""

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update

from bot.fronts.commands import ShowTop, parse
from bot.fronts.telegram.askers import Asker, Askers, post_of
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.command_menu import help_lines
from bot.fronts.telegram.sender import TELEGRAM, Sender
from bot.fronts.wording import TOP_LIMIT, Wording, since
from bot.learning import Learner
from bot.service import JokeService

__all__ = ["Answers"]

_YES = "yes"


class Answers:
    """What the service says at once. Methods raise `StoreUnavailable` and what sending raises."""

    def __init__(
        self, *, service: JokeService, learner: Learner, askers: Askers, sender: Sender
    ) -> None:
        self._service = service
        self._learner = learner
        self._askers = askers
        self._sender = sender

    async def top(self, update: Update, message: Message, rest: str) -> None:
        """The best jokes of the day, the week or of all time."""
        asker = await self._askers.of_message(message)
        wording = Wording(words=asker.words)
        command = parse(f"/top {rest}")
        if not isinstance(command, ShowTop):
            hint = asker.words.say("After /top I expect day, week or all, as in /top week.")
            await self._say(asker, hint)
            return
        best = await self._service.top(
            asker.community, since=since(command.period), limit=TOP_LIMIT
        )
        if not best:
            await self._say(asker, wording.nothing_on_top())
            return
        entries = [
            f"{number}. {wording.ranked(joke)}\n{joke.text}" for number, joke in enumerate(best, 1)
        ]
        await self._say(asker, "\n\n".join([wording.top_title(command.period), *entries]))

    async def stats(self, update: Update, message: Message, rest: str) -> None:
        """What was told and voted here."""
        asker = await self._askers.of_message(message)
        stats = await self._service.stats(asker.community, asker.member)
        helped = await self._learner.helped(TELEGRAM, asker.member)
        wording = Wording(words=asker.words)
        await self._say(asker, "\n".join((*wording.stats(stats), *wording.helped(helped))))

    async def help(self, update: Update, message: Message, rest: str) -> None:
        """What there is to know."""
        asker = await self._askers.of_message(message)
        await self._say(asker, "\n".join(help_lines(asker.words)))

    async def unknown_command(self, update: Update, message: Message, rest: str) -> None:
        """A command nobody knows."""
        asker = await self._askers.of_message(message)
        await self._say(asker, asker.words.say("I don't know that command; /help shows all."))

    async def chat(self, update: Update, message: Message, rest: str) -> None:
        """Something that is no command."""
        asker = await self._askers.of_message(message)
        await self._say(
            asker, asker.words.say("Type /joke for a joke, or /joke cats for one about cats.")
        )

    async def forget(self, update: Update, message: Message, rest: str) -> None:
        """Ask whether a member really wants to be forgotten."""
        asker = await self._askers.of_message(message)
        words = asker.words
        if asker.user_id is None:
            await self._say(asker, words.say("Please ask me that under your own name."))
            return
        row = [
            InlineKeyboardButton(label, callback_data=f"forget:{choice}:{asker.user_id}")
            for choice, label in (
                (_YES, words.say("Yes, erase them")),
                ("no", words.say("No, keep them")),
            )
        ]
        question = Wording(words=words).forget_question()
        await self._sender.say(asker.spot, question, keyboard=InlineKeyboardMarkup([row]))

    async def forget_press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """Forget the member, if it is their button and they say yes."""
        asker = await self._askers.of_press(query)
        wording = Wording(words=asker.words)
        _, choice, user = [*data.split(":"), "", ""][:3]
        if user != asker.member:
            await answer(query, wording.only_the_asker(), alert=True)
            return
        await answer(query)
        post = post_of(query)
        if choice != _YES:
            await self._sender.edit(post, wording.not_forgotten())
            return
        votes = await self._service.forget(TELEGRAM, asker.member)
        await self._sender.edit(post, wording.forgotten(votes))

    async def unknown_press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """A button nobody knows."""
        asker = await self._askers.of_press(query)
        await answer(query, Wording(words=asker.words).unknown_button())

    async def _say(self, asker: Asker, text: str) -> None:
        await self._sender.say(asker.spot, text)
