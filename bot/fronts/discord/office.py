"""Everything that belongs to one connection to Discord, put together."""

from functools import partial

import aiohttp

from bot.core import Core
from bot.fronts.actions import Actions
from bot.fronts.asking import Asks
from bot.fronts.discord.addresses import Address
from bot.fronts.discord.administration import Administration
from bot.fronts.discord.atwork import AtWork
from bot.fronts.discord.client import Wiring, new_client
from bot.fronts.discord.commands import Tree, help_lines
from bot.fronts.discord.editing import Editing
from bot.fronts.discord.faces import Faces
from bot.fronts.discord.forgetting import Forgetting
from bot.fronts.discord.member_commands import MemberCommands
from bot.fronts.discord.notices import Notices
from bot.fronts.discord.places import Places
from bot.fronts.discord.posting import Posting
from bot.fronts.discord.pressing import Pressing
from bot.fronts.discord.reactions import Reactions
from bot.fronts.discord.replies import Manner, Replies
from bot.fronts.discord.run_faces import RunFaces
from bot.fronts.discord.schooling import Schooling
from bot.fronts.discord.settings_command import SettingsCommand
from bot.fronts.discord.showing import Showing
from bot.fronts.discord.synchronisation import synchronise
from bot.fronts.discord.telling import Telling
from bot.fronts.discord.translator import CommandTranslator
from bot.fronts.discord.visits import Desk
from bot.fronts.following import Following
from bot.fronts.news import News
from bot.fronts.postings import Postings
from bot.fronts.tallies import TallyBoard
from bot.fronts.voting import Voting
from bot.jokes import Answer, Joke
from bot.languages import ENGLISH
from bot.settings.sections import DiscordSettings

__all__ = ["Office"]

_LAST_TALLIES_SECONDS = 3.0


class Office:
    """One client and all that serves whoever comes by it; it is used once.

    `web` is a session with a time limit. `let_in` is set once Discord has let the bot in.
    """

    def __init__(
        self,
        *,
        core: Core,
        settings: DiscordSettings,
        tally_seconds: float,
        web: aiohttp.ClientSession,
    ) -> None:
        self._core = core
        self._settings = settings
        self.let_in = False
        self._closing = False
        presence = core.model_version if settings.presence else None
        self.client = client = new_client(
            sharded=settings.sharded,
            presence=presence,
            shard_ids=settings.shard_ids,
            shard_count=settings.shard_count,
        )
        self._at_work = AtWork()
        places = Places(client=client, records=core.records)
        self._replies = Replies(client=client, web=web)
        desk = Desk(core=core, places=places, replies=self._replies, at_work=self._at_work)
        actions = Actions(records=core.records)
        faces = Faces(actions=actions)
        editing = Editing(client=client, records=core.records)
        self._showing = Showing(core=core, places=places, faces=faces, editing=editing)
        self._notices = Notices(
            client=client, core=core, places=places, admin_channel=settings.admin_channel
        )
        postings = Postings(records=core.records)
        self._posting = Posting(
            core=core,
            showing=self._showing,
            editing=editing,
            notices=self._notices,
            postings=postings,
        )
        asks = Asks(service=core.jokes)
        self._board = TallyBoard(refresh=self._refresh, seconds=tally_seconds)
        voting = Voting(
            service=core.jokes, postings=postings, board=self._board, hidden=self._hidden
        )
        forgetting = Forgetting(core=core, faces=faces)
        self._run_faces = RunFaces(actions=actions)
        self._following = Following(learner=core.learner, seconds=tally_seconds)
        schooling = Schooling(
            core=core,
            editing=editing,
            faces=self._run_faces,
            following=self._following,
            admins=settings.admins,
        )
        client.tree = self.tree = self._commands(
            desk=desk,
            places=places,
            forgetting=forgetting,
            schooling=schooling,
            telling=Telling(
                core=core, places=places, asks=asks, faces=faces, posting=self._posting
            ),
        )
        client.wiring = Wiring(
            prepare=self._prepare,
            let_in=self._note_let_in,
            pressed=Pressing(
                desk=desk,
                actions=actions,
                asks=asks,
                voting=voting,
                editing=editing,
                forgetting=forgetting,
                schooling=schooling,
            ).pressed,
            reaction=Reactions(client=client, voting=voting, at_work=self._at_work).changed,
        )

    async def answer_late(self, address: Address, answer: Answer) -> None:
        """Answer a request from before a restart, which may have been answered already."""
        reply = self._replies.resume(
            address.application_id,
            address.token,
            manner=Manner.PUBLIC,
            until=address.until,
        )
        with self._at_work.one_more():
            if isinstance(answer, Joke):
                # It may have votes by now, if it did arrive then.
                shown = await self._core.jokes.shown(answer.id)
                await self._posting.post(reply, address, shown)
            else:
                words = self._core.languages.of(address.language)
                await self._posting.answer(reply, address, answer, words=words)

    async def tell_admins(self, news: News) -> None:
        """Bring news of learning to the admins' channel."""
        with self._at_work.one_more():
            await self._notices.admins(self._run_faces.news(news, ENGLISH))

    async def finish(self) -> None:
        """Wait until everybody is served, and show the last votes."""
        await self._at_work.done()
        self._closing = True
        await self._following.close()
        await self._board.close(seconds=_LAST_TALLIES_SECONDS)

    async def close(self) -> None:
        """Leave at once."""
        self._closing = True
        await self._following.close()
        await self._board.close(seconds=0)
        await self.client.close()

    def _commands(
        self,
        *,
        desk: Desk,
        places: Places,
        forgetting: Forgetting,
        schooling: Schooling,
        telling: Telling,
    ) -> Tree:
        core = self._core
        tree = Tree(client=self.client, desk=desk)
        administration = Administration(
            core=core, desk=desk, schooling=schooling, admins=self._settings.admins
        )
        self._translator = CommandTranslator(languages=core.languages)
        members = MemberCommands(
            core=core,
            desk=desk,
            places=places,
            telling=telling,
            forgetting=forgetting,
            help_lines=partial(
                help_lines,
                tree,
                translator=self._translator,
                administration=administration,
            ),
        )
        settings = SettingsCommand(core=core, desk=desk)
        for command in (*members.commands(), settings.command(), *administration.commands()):
            tree.add_command(command)
        return tree

    async def _prepare(self) -> None:
        await self.tree.set_translator(self._translator)
        await synchronise(
            self.tree,
            records=self._core.records,
            development_guild=self._settings.development_guild,
        )

    def _note_let_in(self) -> None:
        self.let_in = True

    async def _refresh(self, joke_id: int) -> None:
        if not await self._showing.refresh(joke_id) and not self._closing:
            self._board.touch(joke_id)

    async def _hidden(self, joke_id: int) -> None:
        self._board.touch(joke_id)
        shown = await self._core.jokes.shown(joke_id)
        await self._notices.hidden(shown, await self._showing.words(shown))
