"""A message and everything that happened to it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.platforms.discord.drafts import EPHEMERAL, LOADING, Draft
from tests.platforms.discord.emoji import wire_emoji
from tests.platforms.discord.mentions import pinged
from tests.platforms.discord.people import Member
from tests.platforms.discord.refusals import Reason, RefusalError
from tests.platforms.discord.rules import Payload

if TYPE_CHECKING:
    from tests.platforms.discord.places import Channel

__all__ = ["Edit", "Message"]

_MOST_REACTIONS = 20
_EDITABLE_FLAGS = 1 << 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """What a message became, and `at` which second of the server's clock."""

    at: float
    content: str
    components: list[Payload]


@dataclass(eq=False, kw_only=True, slots=True)
class Message:
    """A message; `at` is a second of the server's clock, `viewer` whom an ephemeral one is for.

    `reactions` are the ids of members by emoji. `pinged` are the mentions that rang a bell.
    `interaction` is the metadata of the interaction it answers.
    """

    id: int
    channel: "Channel"
    author: Member
    draft: Draft
    at: float
    viewer: Member | None = None
    interaction: Payload | None = None
    webhook_id: int | None = None
    answered: "Message | None" = None
    edits: list[Edit] = field(default_factory=list)
    reactions: dict[str, dict[int, Member]] = field(default_factory=dict)
    pinged: frozenset[str] = frozenset()
    deleted: bool = False
    created: str = ""
    edited: str | None = None

    def __post_init__(self) -> None:
        self.created = _moment()
        self._ring()

    @property
    def content(self) -> str:
        """The text that is shown."""
        return self.draft.content

    @property
    def components(self) -> list[Payload]:
        """The rows of buttons and menus below it."""
        return self.draft.components

    @property
    def embeds(self) -> list[Payload]:
        """The embeds below it."""
        return self.draft.embeds

    @property
    def attachments(self) -> list[Payload]:
        """The files that hang on it."""
        return self.draft.attachments

    @property
    def ephemeral(self) -> bool:
        """Whether only its `viewer` sees it."""
        return bool(self.draft.flags & EPHEMERAL)

    @property
    def thinking(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.draft.flags & LOADING)

    def visible_to(self, member: Member | None) -> bool:
        """Whether a member sees it; None is anybody."""
        return not self.ephemeral or (member is not None and member is self.viewer)

    def edit(self, draft: Draft, *, at: float) -> None:
        """Change it; a thinking message becomes the answer and keeps who may see it."""
        was_thinking = self.thinking
        kept = self.draft.flags & ~LOADING & ~_EDITABLE_FLAGS
        self.draft = draft.with_flags(kept | (draft.flags & _EDITABLE_FLAGS))
        self.edits.append(Edit(at=at, content=draft.content, components=draft.components))
        if was_thinking:
            self._ring()
        else:
            self.edited = _moment()

    def react(self, emoji: str, member: Member) -> bool:
        """Add a reaction; False when it was there already."""
        if emoji not in self.reactions and len(self.reactions) >= _MOST_REACTIONS:
            raise RefusalError(Reason.TOO_MANY_REACTIONS)
        members = self.reactions.setdefault(emoji, {})
        new = member.id not in members
        members[member.id] = member
        return new

    def unreact(self, emoji: str, member: Member) -> bool:
        """Remove a reaction; False when there was none."""
        members = self.reactions.get(emoji, {})
        removed = members.pop(member.id, None)
        if not members:
            self.reactions.pop(emoji, None)
        return removed is not None

    def payload(self) -> Payload:
        """The message object."""
        payload: Payload = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self._type(),
            "author": self.author.user(),
            "content": self.content,
            "timestamp": self.created,
            "edited_timestamp": self.edited,
            "tts": False,
            "pinned": False,
            "mention_everyone": any(each.startswith("@") for each in self.pinged),
            "mentions": [],
            "mention_roles": [],
            "attachments": self.attachments,
            "embeds": self.embeds,
            "components": self.components,
            "flags": self.draft.flags,
            "reactions": self._counts(),
        }
        if self.webhook_id is not None:
            payload |= {
                "webhook_id": str(self.webhook_id),
                "application_id": str(self.webhook_id),
            }
        if self.interaction is not None:
            payload["interaction_metadata"] = self.interaction
        if self.answered is not None:
            payload["message_reference"] = {"type": 0, "message_id": str(self.answered.id)}
            payload["message_reference"] |= self.channel.location()
        return payload

    def _type(self) -> int:
        if self.answered is not None:
            return 19
        command = self.interaction is not None and self.interaction["type"] == 2
        return 20 if command else 0

    def _counts(self) -> list[Payload]:
        return [
            {
                "emoji": wire_emoji(emoji),
                "count": len(members),
                "count_details": {"normal": len(members), "burst": 0},
                "me": self.author.id in members,
                "me_burst": False,
                "burst_colors": [],
            }
            for emoji, members in self.reactions.items()
        ]

    def _ring(self) -> None:
        """Find out who is pinged; nobody is by a message that only its viewer sees."""
        if not self.thinking and not self.ephemeral:
            answered = None if self.answered is None else self.answered.author.id
            self.pinged = pinged(self.content, self.draft.allowed_mentions, answered=answered)


def _moment() -> str:
    return datetime.now(UTC).isoformat()
