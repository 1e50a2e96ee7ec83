"""Members of the local Discord and Telegram who ask, and who vote by reactions."""

import asyncio
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.platforms.discord.places import Channel
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import Chat, TelegramServer

__all__ = ["DiscordMember", "Ledger", "TelegramMember", "members_of_discord", "members_of_telegram"]

_ANSWER_SECONDS = 300.0
_JOKE = re.compile(r"joke:up:([0-9]+):")
_UP, _DOWN = "👍", "👎"
_VALUES = {_UP: 1, _DOWN: -1}
_NOTE_OF_THE_PLACE = re.compile(r"Number \d+|Thinking|Waiting")


@dataclass(kw_only=True)
class Ledger:
    """What members of a platform saw and did.

    `waits` are seconds from question to answer; `votes` is the vote that each member last gave, by
    joke number and platform id.
    """

    asked: int = 0
    answered: int = 0
    jokes: int = 0
    doubled: int = 0
    reactions: int = 0
    waits: list[float] = field(default_factory=list)
    votes: dict[tuple[int, str], int] = field(default_factory=dict)


class Member(Protocol):
    """Somebody on either platform."""

    async def ask(self) -> None:
        """Ask for a joke, wait for the answer, and react to it with the others there."""


class DiscordMember:
    """Asks in one channel; `others` are there too and vote on the joke."""

    def __init__(
        self,
        *,
        server: DiscordServer,
        channel: Channel,
        member: Any,
        others: Sequence[Any],
        ledger: Ledger,
        chance: random.Random,
    ) -> None:
        self._server = server
        self._channel = channel
        self._member = member
        self._others = others
        self._ledger = ledger
        self._chance = chance

    async def ask(self) -> None:
        """One `/joke`, and four reactions or so to what comes."""
        ledger = self._ledger
        ledger.asked += 1
        began = time.monotonic()
        interaction = await self._server.slash("joke", member=self._member, channel=self._channel)
        await self._server.until(
            lambda: interaction.deleted or any(_joke_in(m.components) for m in interaction.answers),
            seconds=_ANSWER_SECONDS,
        )
        ledger.waits.append(time.monotonic() - began)
        ledger.answered += 1
        jokes = [m for m in interaction.answers if _joke_in(m.components) and not m.deleted]
        ledger.doubled += len(jokes) > 1
        if not jokes:
            return
        ledger.jokes += 1
        message, joke_id = jokes[0], _joke_in(jokes[0].components)
        # A member cannot react before the message is known to be a joke's; nor would a person.
        await asyncio.sleep(0.2)
        for other in self._chance.sample(list(self._others), k=min(4, len(self._others))):
            first = self._chance.choice((_UP, _DOWN))
            await self._server.react(message, first, other)
            ledger.reactions += 1
            value = _VALUES[first]
            if self._chance.random() < 0.2:
                await self._server.unreact(message, first, other)
                ledger.reactions += 1
                value = 0
                if self._chance.random() < 0.5:
                    second = _DOWN if first == _UP else _UP
                    await self._server.react(message, second, other)
                    ledger.reactions += 1
                    value = _VALUES[second]
            ledger.votes[joke_id, str(other.id)] = value


class TelegramMember:
    """Asks in one chat; `others` are there too and vote on the joke."""

    def __init__(
        self,
        *,
        server: TelegramServer,
        chat: Chat,
        user: Any,
        others: Sequence[Any],
        ledger: Ledger,
        chance: random.Random,
    ) -> None:
        self._server = server
        self._chat = chat
        self._user = user
        self._others = others
        self._ledger = ledger
        self._chance = chance

    async def ask(self) -> None:
        """One `/joke`, and about four changes of reactions to what comes."""
        ledger = self._ledger
        ledger.asked += 1
        began = time.monotonic()
        question = await self._server.say(self._user, self._chat, "/joke")

        def answers() -> list[Any]:
            return [
                message
                for message in self._server.messages(self._chat)[-40:]
                if message.reply_to is question and not _NOTE_OF_THE_PLACE.match(message.text)
            ]

        await self._server.until(lambda: bool(answers()), seconds=_ANSWER_SECONDS)
        ledger.waits.append(time.monotonic() - began)
        ledger.answered += 1
        await asyncio.sleep(0.2)
        ledger.doubled += len(answers()) > 1
        message = answers()[0]
        joke_id = _joke_in([[{"custom_id": b.data} for b in row] for row in message.buttons])
        if not joke_id:
            return
        ledger.jokes += 1
        for _ in range(4):
            other = self._chance.choice(list(self._others))
            emoji = self._chance.choice(("", _UP, _DOWN))
            shown = message.reactions.get(other.id, ())
            if tuple(emoji) == tuple(shown):
                emoji = _DOWN if emoji == _UP else _UP
            await self._server.react(other, message, [emoji] if emoji else [])
            ledger.reactions += 1
            ledger.votes[joke_id, str(other.id)] = _VALUES.get(emoji, 0)


def members_of_discord(
    server: DiscordServer, *, number: int, guilds: int, ledger: Ledger, chance: random.Random
) -> list[Member]:
    """So many members, shared out over guilds of one channel each."""
    people = [server.member() for _ in range(number)]
    channels = [server.channel(server.guild()) for _ in range(guilds)]
    return [
        DiscordMember(
            server=server,
            channel=channels[place % guilds],
            member=member,
            others=people,
            ledger=ledger,
            chance=chance,
        )
        for place, member in enumerate(people)
    ]


def members_of_telegram(
    server: TelegramServer, *, number: int, in_a_group: int, ledger: Ledger, chance: random.Random
) -> list[Member]:
    """So many users in private chats, but for those in one group where the bot is administrator."""
    users = [server.user(first_name=f"Member {place}") for place in range(number)]
    together = users[:in_a_group]
    group = server.group("Jokes", members=together, admins=together[:1], bot_is_admin=True)
    return [
        TelegramMember(
            server=server,
            chat=group if user in together else server.private(user),
            user=user,
            others=together if user in together else [user],
            ledger=ledger,
            chance=chance,
        )
        for user in users
    ]


def _joke_in(rows: Sequence[Any]) -> int:
    """The number of the joke whose buttons these are, 0 if they are no joke's."""
    match = _JOKE.search(str(rows))
    return int(match[1]) if match else 0
