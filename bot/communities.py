"""What the admins of a community can choose for it, and where these choices are kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from bot.jokes import Community
from bot.store.record_port import Records
from finetune.moderation import Tier

__all__ = ["Audience", "Communities", "CommunityDefaults", "CommunitySettings", "VoteStyle"]

_REMEMBERED = 10_000
_TIERS = tuple(Tier)


class Audience(StrEnum):
    """Who may ask for jokes."""

    EVERYONE = "everyone"
    ADMINS = "admins"


class VoteStyle(StrEnum):
    """How members vote on a platform that has both ways."""

    BOTH = "both"
    REACTIONS = "reactions"
    BUTTONS = "buttons"


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunitySettings:
    """The choices of one community.

    `daily_jokes` is for one member in 24 hours, 0 for no limit. `language` is a code of
    `bot.languages`, or empty for that of whoever asks. `admin_channel` is the platform's id of the
    place that hears of flags and missing permissions, or empty.
    """

    tier: Tier
    daily_jokes: int
    audience: Audience
    vote_style: VoteStyle
    language: str
    admin_channel: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityDefaults:
    """What holds where a community has not chosen, and the boldest tier it may choose."""

    settings: CommunitySettings
    boldest_tier: Tier


class Communities:
    """Reads and changes the choices of communities. Methods raise `StoreUnavailable`.

    `moved` is called whenever a community may have got the jokes of another.
    """

    def __init__(
        self,
        *,
        records: Records,
        defaults: CommunityDefaults,
        moved: Callable[[], None] | None = None,
    ) -> None:
        self._records = records
        self._moved = moved
        self._defaults = defaults
        self._known: OrderedDict[Community, CommunitySettings] = OrderedDict()
        # One change at a time, so that two made at the same moment are both kept.
        self._changing = asyncio.Lock()
        self._changes = 0

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers a community may choose, mildest first."""
        return _TIERS[: _TIERS.index(self._defaults.boldest_tier) + 1]

    async def settings(self, community: Community) -> CommunitySettings:
        """What holds in a community."""
        known = self._known.get(community)
        if known is None:
            changes = self._changes
            known = self._read(await self._records.settings(community))
            # What was read before a change is not what holds after it.
            if changes == self._changes:
                self._remember(community, known)
        return known

    async def change(self, community: Community, **choices: Any) -> CommunitySettings:
        """Change some choices, by field name of `CommunitySettings`, and return all.

        Raises `ValueError` for a tier above the boldest.
        """
        async with self._changing:
            chosen = replace(await self.settings(community), **choices)
            if chosen.tier not in self.tiers:
                raise ValueError(f"The boldest tier here is {self._defaults.boldest_tier}.")
            try:
                await self._records.save_settings(community, asdict(chosen))
            finally:
                self._changed(community)
            return chosen

    async def move(self, old: Community, new: Community) -> None:
        """Let a community that the platform has renumbered keep its choices and its jokes."""
        async with self._changing:
            try:
                await self._records.move_community(old, new)
            finally:
                self._changed(old, new)
                if self._moved is not None:
                    self._moved()

    async def tier(self, community: Community, *, adult_place: bool) -> Tier:
        """How daring a joke may be there: for adults only in a place set apart for them."""
        chosen = (await self.settings(community)).tier
        return chosen if adult_place else min(chosen, Tier.STANDARD, key=_TIERS.index)

    def _changed(self, *communities: Community) -> None:
        self._changes += 1
        for community in communities:
            self._known.pop(community, None)

    def _remember(self, community: Community, settings: CommunitySettings) -> None:
        self._known[community] = settings
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _read(self, kept: dict[str, Any]) -> CommunitySettings:
        """What was kept; a choice that is no longer possible falls back to the default."""
        usual = self._defaults.settings
        tier = _one_of(Tier, kept.get("tier"), usual.tier)
        return CommunitySettings(
            tier=min(tier, self._defaults.boldest_tier, key=_TIERS.index),
            daily_jokes=int(kept.get("daily_jokes", usual.daily_jokes)),
            audience=_one_of(Audience, kept.get("audience"), usual.audience),
            vote_style=_one_of(VoteStyle, kept.get("vote_style"), usual.vote_style),
            language=str(kept.get("language", usual.language)),
            admin_channel=str(kept.get("admin_channel", "")),
        )


def _one_of(kind: Any, value: object, otherwise: Any) -> Any:
    return kind(value) if value in list(kind) else otherwise
