"""/settings: a message whose buttons change what holds in a community."""

from collections.abc import Mapping
from typing import Any

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update

from bot.communities import Audience, Communities, CommunitySettings, VoteStyle
from bot.fronts.telegram.askers import Asker, Askers, post_of
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.sender import Sender
from bot.fronts.wording import Wording
from bot.languages import Languages
from finetune.moderation import Tier

__all__ = ["SettingsMenu"]

_DAILY = ("0", "5", "10", "30", "100")
_OWN_LANGUAGE = "auto"
_FIELDS = ("tier", "daily", "audience", "style", "language")
_FOR_GROUPS_ONLY = ("daily", "audience")


class SettingsMenu:
    """One button a choice; each press goes on to the next value, which the button carries."""

    def __init__(
        self, *, communities: Communities, languages: Languages, askers: Askers, sender: Sender
    ) -> None:
        self._communities = communities
        self._askers = askers
        self._sender = sender
        self._values: Mapping[str, tuple[str, ...]] = {
            "tier": tuple(communities.tiers),
            "daily": _DAILY,
            "audience": tuple(Audience),
            "style": tuple(VoteStyle),
            "language": (_OWN_LANGUAGE, *languages.codes),
        }

    async def command(self, update: Update, message: Message, rest: str) -> None:
        """Show the menu to whoever runs the community."""
        asker = await self._askers.of_message(message)
        if not await self._askers.is_admin(asker):
            refusal = Wording(words=asker.words).for_admins_of_the_community()
            await self._sender.say(asker.spot, refusal)
            return
        text, keyboard = self._menu(asker, await self._communities.settings(asker.community))
        await self._sender.say(asker.spot, text, keyboard=keyboard)

    async def press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """Change what a button says, and show it."""
        asker = await self._askers.of_press(query)
        wording = Wording(words=asker.words)
        _, field, value = [*data.split(":"), "", ""][:3]
        if not await self._askers.is_admin(asker):
            await answer(query, wording.for_admins_of_the_community(), alert=True)
            return
        if field not in self._fields(asker) or value not in self._values[field]:
            await answer(query, wording.unknown_button())
            return
        chosen = await self._communities.change(asker.community, **_choice(field, value))
        await answer(query)
        # The language may just have been changed.
        asker = await self._askers.of_press(query)
        text, keyboard = self._menu(asker, chosen)
        await self._sender.edit(post_of(query), text, keyboard=keyboard)

    def _fields(self, asker: Asker) -> tuple[str, ...]:
        """A member alone with the bot does not set their own quota."""
        if asker.inline:
            return ()
        left_out = _FOR_GROUPS_ONLY if asker.spot.private else ()
        return tuple(field for field in _FIELDS if field not in left_out)

    def _menu(self, asker: Asker, chosen: CommunitySettings) -> tuple[str, InlineKeyboardMarkup]:
        lines = dict(zip(_FIELDS, Wording(words=asker.words).settings(chosen), strict=True))
        rows = [
            [
                InlineKeyboardButton(
                    lines[field], callback_data=f"set:{field}:{self._next(field, chosen)}"
                )
            ]
            for field in self._fields(asker)
        ]
        return asker.words.say("Press what you want to change."), InlineKeyboardMarkup(rows)

    def _next(self, field: str, chosen: CommunitySettings) -> str:
        now = {
            "tier": chosen.tier,
            "daily": str(chosen.daily_jokes),
            "audience": chosen.audience,
            "style": chosen.vote_style,
            "language": chosen.language or _OWN_LANGUAGE,
        }[field]
        values = self._values[field]
        after = values.index(now) + 1 if now in values else 0
        return values[after % len(values)]


def _choice(field: str, value: str) -> dict[str, Any]:
    match field:
        case "tier":
            return {"tier": Tier(value)}
        case "daily":
            return {"daily_jokes": int(value)}
        case "audience":
            return {"audience": Audience(value)}
        case "style":
            return {"vote_style": VoteStyle(value)}
        case _:
            return {"language": "" if value == _OWN_LANGUAGE else value}
