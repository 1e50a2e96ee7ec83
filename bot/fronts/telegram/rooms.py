"""Builds the rooms of the Telegram front-end and opens them to updates."""

from telegram import Update
from telegram.ext import filters

from bot.core import Core
from bot.fronts.actions import Actions
from bot.fronts.asking import Asks
from bot.fronts.following import Following
from bot.fronts.news import News
from bot.fronts.once import Once
from bot.fronts.postings import Postings
from bot.fronts.tallies import TallyBoard
from bot.fronts.telegram.administration import Administration
from bot.fronts.telegram.answers import Answers
from bot.fronts.telegram.application import TelegramApplication
from bot.fronts.telegram.askers import Askers
from bot.fronts.telegram.chats import Chats
from bot.fronts.telegram.command_menu import CommandMenu
from bot.fronts.telegram.delivery import Delivery
from bot.fronts.telegram.handlers import Handlers
from bot.fronts.telegram.inline import Inline
from bot.fronts.telegram.members import Members
from bot.fronts.telegram.mishaps import Mishaps
from bot.fronts.telegram.presentation import Presentation
from bot.fronts.telegram.presses import Presses
from bot.fronts.telegram.reactions import Reactions
from bot.fronts.telegram.reports import Reports
from bot.fronts.telegram.run_texts import RunTexts
from bot.fronts.telegram.schooling import Schooling
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.settings_menu import SettingsMenu
from bot.fronts.telegram.showing import Showing
from bot.fronts.telegram.telling import Telling
from bot.fronts.telegram.turns import Turns
from bot.fronts.voting import Voting
from bot.languages import ENGLISH
from bot.settings import TelegramSettings

__all__ = ["Rooms"]

_PACE = 1.5
"""A group may be sent 20 messages a minute, and one that shows a run should not use them up."""


class Rooms:
    """Everything behind the handlers; what the front-end itself needs is public."""

    def __init__(
        self,
        *,
        application: TelegramApplication,
        core: Core,
        settings: TelegramSettings,
        tally_seconds: float,
    ) -> None:
        bot, records, communities = application.bot, core.records, core.communities
        languages, service, once = core.languages, core.jokes, Once()
        self._chats = Chats(communities=communities, once=once)
        self._sender = Sender(bot=bot, once=once, moved=self._chats.moved)
        self._members = Members(bot=bot)
        actions = Actions(records=records)
        self._run_texts = RunTexts(actions=actions)
        self.following = Following(learner=core.learner, seconds=_PACE * tally_seconds)
        self._reports = reports = Reports(
            bot=bot,
            sender=self._sender,
            communities=communities,
            languages=languages,
            records=records,
            admin_chat=settings.admin_chat,
        )
        self._presentation = Presentation(
            bot=bot,
            actions=actions,
            members=self._members,
            communities=communities,
            languages=languages,
            reports=reports,
        )
        showing = Showing(
            service=service,
            records=records,
            sender=self._sender,
            presentation=self._presentation,
            reports=reports,
        )
        self.board = TallyBoard(refresh=showing.refresh, seconds=tally_seconds)
        self.askers = Askers(
            communities=communities, languages=languages, records=records, members=self._members
        )
        postings = Postings(records=records)
        self.delivery = Delivery(
            service=service,
            records=records,
            sender=self._sender,
            actions=actions,
            presentation=self._presentation,
            reports=reports,
            postings=postings,
        )
        self.menu = CommandMenu(
            bot=bot, records=records, languages=languages, admins=settings.admins
        )

        async def hidden(joke_id: int) -> None:
            self.board.touch(joke_id)
            await showing.report(joke_id)

        self._voting = Voting(service=service, postings=postings, board=self.board, hidden=hidden)
        self._actions = actions
        handlers = Handlers(application=application, once=Once())
        self._open_to_commands(handlers, application, core, settings)
        self._open_to_votes(handlers, core)
        mishaps = Mishaps(askers=self.askers, sender=self._sender)
        application.add_error_handler(mishaps.handle)

    async def tell_admins(self, news: News) -> None:
        """Bring news of learning to the admins' chat."""
        text, keyboard = self._run_texts.news(news, ENGLISH)
        await self._reports.news(text, keyboard)

    def _open_to_commands(
        self,
        handlers: Handlers,
        application: TelegramApplication,
        core: Core,
        settings: TelegramSettings,
    ) -> None:
        telling = Telling(
            bot=application.bot,
            asks=Asks(service=core.jokes),
            askers=self.askers,
            communities=core.communities,
            sender=self._sender,
            delivery=self.delivery,
        )
        answers = Answers(
            service=core.jokes, learner=core.learner, askers=self.askers, sender=self._sender
        )
        menu = SettingsMenu(
            communities=core.communities,
            languages=core.languages,
            askers=self.askers,
            sender=self._sender,
        )
        administration = Administration(
            schooling=Schooling(
                learner=core.learner,
                actions=self._actions,
                sender=self._sender,
                texts=self._run_texts,
                following=self.following,
            ),
            pause=core.pause,
            admins=settings.admins,
            askers=self.askers,
            sender=self._sender,
        )
        for name, on_message in {
            "joke": telling.joke,
            "cancel": telling.cancel,
            "top": answers.top,
            "stats": answers.stats,
            "forget": answers.forget,
            "help": answers.help,
            "start": answers.help,
            "settings": menu.command,
            "retrain": administration.retrain,
            "models": administration.models,
            "rollback": administration.roll_back,
            "pause": administration.pause,
        }.items():
            handlers.command(name, on_message)
        handlers.messages(filters.StatusUpdate.MIGRATE, self._chats.migrate)
        alone = filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE
        handlers.messages(alone & filters.COMMAND, answers.unknown_command)
        handlers.messages(alone & filters.TEXT, answers.chat)
        handlers.press("cancel", telling.press)
        handlers.press("set", menu.press)
        handlers.press("forget", answers.forget_press)
        handlers.press("trial", administration.press)
        self._unknown_press = answers.unknown_press

    def _open_to_votes(self, handlers: Handlers, core: Core) -> None:
        turns = Turns()
        presses = Presses(
            service=core.jokes,
            records=core.records,
            actions=self._actions,
            voting=self._voting,
            askers=self.askers,
            delivery=self.delivery,
            turns=turns,
        )
        inline = Inline(service=core.jokes, askers=self.askers, actions=self._actions)
        handlers.press("joke", presses.press)
        handlers.press("", self._unknown_press)
        handlers.reaction(Reactions(voting=self._voting, turns=turns).change)
        handlers.inline(inline.query)
        handlers.standing(self._standing)

    async def _standing(self, update: Update) -> None:
        self._chats.standing(update, members=self._members, presentation=self._presentation)
