"""The platforms Punchline is on: those it has a token for, and whether they let it in."""

from bot.core import Core
from bot.findings import Finding, State
from bot.fronts.invitation import InvitationError
from bot.fronts.port import Front
from bot.settings import DiscordSettings, Settings, TelegramSettings

__all__ = ["discord_finding", "platform_fronts", "telegram_finding"]

_PATIENCE_SECONDS = 5.0
_DISCORD_TOKEN = "PUNCHLINE_DISCORD__TOKEN"  # noqa: S105 - the name of a variable
_TELEGRAM_TOKEN = "PUNCHLINE_TELEGRAM__TOKEN"  # noqa: S105


def platform_fronts(core: Core, settings: Settings) -> list[Front]:
    """A front-end for every platform with a token."""
    fronts: list[Front] = []
    tally_seconds = settings.community.tally_seconds
    # Each library takes a good part of a second to import, so only those are that are wanted.
    if settings.discord.token is not None:
        from bot.fronts.discord.front import DiscordFront

        fronts.append(
            DiscordFront(core=core, settings=settings.discord, tally_seconds=tally_seconds)
        )
    if settings.telegram.token is not None:
        from bot.fronts.telegram.front import TelegramFront

        fronts.append(
            TelegramFront(core=core, settings=settings.telegram, tally_seconds=tally_seconds)
        )
    return fronts


async def discord_finding(settings: DiscordSettings) -> Finding:
    """Whether Discord knows the token, and the link that invites the bot to a guild."""
    if settings.token is None:
        return _without_token("Discord", _DISCORD_TOKEN)
    from bot.fronts.discord.invitation import invitation

    try:
        link = await invitation(
            rest_url=settings.rest_url,
            token=settings.token.get_secret_value(),
            seconds=_PATIENCE_SECONDS,
        )
    except InvitationError as error:
        return _refused("Discord", error, mend=f"copy it again into {_DISCORD_TOKEN}")
    return Finding(subject="Discord", state=State.OK, seen=f"invite the bot with {link}")


async def telegram_finding(settings: TelegramSettings) -> Finding:
    """Whether Telegram knows the token, and the link that adds the bot to a group."""
    if settings.token is None:
        return _without_token("Telegram", _TELEGRAM_TOKEN)
    from bot.fronts.telegram.invitation import invitation

    try:
        link = await invitation(
            base_url=settings.base_url,
            token=settings.token.get_secret_value(),
            seconds=_PATIENCE_SECONDS,
        )
    except InvitationError as error:
        return _refused("Telegram", error, mend=f"copy it again into {_TELEGRAM_TOKEN}")
    return Finding(subject="Telegram", state=State.OK, seen=f"add the bot to a group with {link}")


def _without_token(platform: str, variable: str) -> Finding:
    seen = f"not used; to be on {platform}, set {variable} (docs/chats.md shows how)"
    return Finding(subject=platform, state=State.NOTE, seen=seen)


def _refused(platform: str, error: InvitationError, *, mend: str) -> Finding:
    if error.lasting:
        return Finding(subject=platform, state=State.FAIL, seen=error.sentence, mend=mend)
    return Finding(subject=platform, state=State.NOTE, seen=error.sentence)
