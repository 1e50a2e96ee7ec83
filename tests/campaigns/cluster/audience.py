"""Members of a local Discord who ask for jokes and vote on them by buttons."""

import asyncio
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.campaigns.cluster.bots import SHARDS
from tests.campaigns.cluster.ledger import Fate, Ledger, Request, Shown, VoteKey
from tests.campaigns.cluster.plan import Plan
from tests.campaigns.cluster.timeline import Timeline
from tests.platforms.discord.interaction import Interaction
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.places import Channel
from tests.platforms.discord.server import DiscordServer

__all__ = ["Audience", "Place", "places_of"]

_TOPICS = ("cats", "dogs", "work", "the moon", "computers", "coffee", "school", "music")
_WITH_TOPIC = 0.5
_ACKNOWLEDGED_SECONDS = 3.5
"""Discord takes no acknowledgement after three."""

_ANSWER_SECONDS = 300.0
_VOTED_SECONDS = 60.0
_AFTER_A_FAILURE_SECONDS = 2.0
_THINKING_SECONDS = 20.0
"""The most that a member takes to vote on a joke."""

_LOOK_EVERY_SECONDS = 0.05

_CHANGES = 0.1
"""Share of votes that are followed by another press of the same member."""

_JOKE = re.compile(r"joke:up:([0-9]+):")
_BUTTONS = {1: "joke:up:", -1: "joke:down:"}
_CONFIRMED = {
    "Glad you like it!": 1,
    "Noted, I'll try to be funnier.": -1,
    "Your vote is withdrawn.": 0,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A community: its one channel, and who is there."""

    channel: Channel
    members: Sequence[Member]

    @property
    def community(self) -> str:
        """Its number."""
        assert self.channel.guild is not None
        return str(self.channel.guild.id)

    @property
    def shard(self) -> int:
        """Which bot serves it."""
        assert self.channel.guild is not None
        return (self.channel.guild.id >> 22) % SHARDS


def places_of(server: DiscordServer, plan: Plan) -> list[Place]:
    """All communities, and all members shared out over them."""
    members = [server.member() for _ in range(plan.members)]
    # One after the other, for then they fall on different shards.
    guilds = [server.guild() for _ in range(plan.communities)]
    channels = [server.channel(guild) for guild in guilds]
    return [
        Place(channel=channel, members=members[number :: plan.communities])
        for number, channel in enumerate(channels)
    ]


class Audience:
    """Asks and votes, and writes down what it sees."""

    def __init__(
        self,
        *,
        server: DiscordServer,
        places: Sequence[Place],
        plan: Plan,
        ledger: Ledger,
        timeline: Timeline,
        chance: random.Random,
    ) -> None:
        self._server = server
        self._places = places
        self._plan = plan
        self._ledger = ledger
        self._timeline = timeline
        self._chance = chance
        self._asked: list[Interaction] = []
        self._jokes: list[tuple[Place, Message]] = []
        self._voting: set[asyncio.Task[None]] = set()

    async def ask(self) -> None:
        """One `/joke` of somebody, and what comes of it; votes follow in the background."""
        place = self._chance.choice(self._places)
        topic = self._chance.choice(_TOPICS) if self._chance.random() < _WITH_TOPIC else None
        interaction = await self._server.slash(
            "joke",
            member=self._chance.choice(place.members),
            channel=place.channel,
            options={"about": topic} if topic else {},
        )
        self._asked.append(interaction)
        began = time.monotonic()
        fate, said = await self._answered(interaction)
        request = Request(
            origin=interaction.id,
            shard=place.shard,
            fate=fate,
            began=began,
            ended=time.monotonic(),
            said=said,
        )
        self._ledger.requests.append(request)
        self._timeline.request(request)
        if fate is Fate.TOLD:
            self._heard(place, interaction)
        elif fate is Fate.UNREACHED:
            await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)

    async def settle(self) -> None:
        """Wait for the votes under way, and vote until there are as many as planned.

        Ends before that when nobody acknowledges any.
        """
        while self._voting:
            await asyncio.gather(*self._voting)
        while self._ledger.presses < self._plan.votes:
            before = self._ledger.presses
            missing = min(self._plan.votes - before, self._plan.at_once)
            voters = (self._chance.choice(self._jokes) for _ in range(missing))
            await asyncio.gather(*(self._vote_once(*each) for each in voters))
            if self._ledger.presses == before:
                return

    def answered_twice(self) -> int:
        """Messages with a joke beyond the one that each request may have."""
        jokes = [sum(map(_is_joke, each.answers)) for each in self._asked]
        return sum(number - 1 for number in jokes if number)

    async def _answered(self, interaction: Interaction) -> tuple[Fate, str]:
        if not await _happens(lambda: interaction.acknowledged, seconds=_ACKNOWLEDGED_SECONDS):
            return Fate.UNREACHED, ""
        await _happens(
            lambda: _joke_of(interaction) is not None or _apology(interaction) is not None,
            seconds=_ANSWER_SECONDS,
        )
        if _joke_of(interaction) is not None:
            return Fate.TOLD, ""
        said = _apology(interaction)
        return (Fate.SILENT, "") if said is None else (Fate.APOLOGISED, said)

    def _heard(self, place: Place, interaction: Interaction) -> None:
        message = _joke_of(interaction)
        assert message is not None
        self._ledger.shown[_joke_in(message)] = Shown(
            community=place.community, text=message.content
        )
        self._jokes.append((place, message))
        voting = asyncio.create_task(self._vote_on(place, message))
        self._voting.add(voting)
        voting.add_done_callback(self._voting.discard)

    async def _vote_on(self, place: Place, message: Message) -> None:
        """As many members as there are to be votes on each joke, each when they have read it."""
        share = self._plan.votes_on_each
        number = int(share) + (self._chance.random() < share % 1)
        voters = self._chance.sample(list(place.members), k=min(number, len(place.members)))
        await asyncio.gather(*(self._vote(message, voter) for voter in voters))

    async def _vote(self, message: Message, voter: Member) -> None:
        await asyncio.sleep(self._chance.uniform(0.2, _THINKING_SECONDS))
        await self._press(message, voter)
        if self._chance.random() < _CHANGES:
            await self._press(message, voter)

    async def _vote_once(self, place: Place, message: Message) -> None:
        await self._press(message, self._chance.choice(place.members))

    async def _press(self, message: Message, voter: Member) -> None:
        """Press a button; who is not answered leaves the joke alone from then on."""
        key: VoteKey = (_joke_in(message), str(voter.id))
        if not self._ledger.may_vote(key):
            return
        wish = self._chance.choice((1, -1))
        before = self._ledger.votes[key].acknowledged if key in self._ledger.votes else None
        value = 0 if wish == before else wish
        button = _button_in(message, _BUTTONS[wish])
        interaction = await self._server.press(message, button, voter)
        if not await _happens(lambda: interaction.acknowledged, seconds=_ACKNOWLEDGED_SECONDS):
            self._ledger.leave_open(key, value)
            return
        await _happens(lambda: bool(interaction.followups), seconds=_VOTED_SECONDS)
        said = [_CONFIRMED.get(each.content) for each in interaction.followups]
        if said and said[0] is not None:
            # What the member reads is what was acknowledged, whatever they had in mind.
            self._ledger.acknowledge(key, said[0])
            self._timeline.vote()
        else:
            self._ledger.leave_open(key, value)


async def _happens(condition: Callable[[], object], *, seconds: float) -> bool:
    """Whether it does in time."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
    return True


def _joke_of(interaction: Interaction) -> Message | None:
    """The message with the joke, once it is there."""
    return next(filter(_is_joke, interaction.answers), None)


def _is_joke(message: Message) -> bool:
    return not message.deleted and _joke_in(message) > 0


def _apology(interaction: Interaction) -> str | None:
    """What only the member was told in place of a joke: the promise withdrawn, a sentence said."""
    if not interaction.deleted:
        return None
    return next((each.content for each in interaction.followups if each.ephemeral), None)


def _joke_in(message: Message) -> int:
    """The number of the joke whose buttons it has, 0 if it has none."""
    match = _JOKE.search(str(message.components))
    return int(match[1]) if match else 0


def _button_in(message: Message, prefix: str) -> str:
    found = re.search(rf"{prefix}[^'\"]*", str(message.components))
    assert found is not None
    return found[0]
