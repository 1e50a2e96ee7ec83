"""The link by which a bot is invited, and whose bot a token is."""

import base64
import binascii

import aiohttp
import discord

from bot.fronts.invitation import InvitationError

__all__ = ["application_id_of", "invitation", "invite_link"]

_UNAUTHORIZED = 401
_USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"


async def invitation(*, rest_url: str, token: str, seconds: float) -> str:
    """The link for a bot with this token, once Discord has accepted it.

    Raises `InvitationError`.
    """
    headers = {"Authorization": f"Bot {token}", "User-Agent": _USER_AGENT}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
            session.get(f"{rest_url}/applications/@me", headers=headers) as answer,
        ):
            if answer.status == _UNAUTHORIZED:
                raise InvitationError("Discord does not know the token", lasting=True)
            answer.raise_for_status()
            return invite_link((await answer.json())["id"])
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        sentence = f"Discord cannot be reached ({str(error) or 'no answer'})"
        if application_id := application_id_of(token):
            sentence += f"; the link that invites the bot is {invite_link(application_id)}"
        raise InvitationError(sentence, lasting=False) from error


def invite_link(application_id: str) -> str:
    """Where somebody in charge of a guild lets the bot in, with no permission it does not need."""
    return discord.utils.oauth_url(
        int(application_id),
        permissions=discord.Permissions(
            view_channel=True,
            send_messages=True,
            read_message_history=True,
            add_reactions=True,
        ),
        scopes=("bot", "applications.commands"),
    )


def application_id_of(token: str) -> str | None:
    """The id of the application whose bot a token belongs to, or None if it is no token.

    The first of the three parts of a token is that id in Base64. Source:
    https://discord.com/developers/docs/reference#authentication
    """
    first = token.partition(".")[0]
    try:
        application_id = base64.b64decode(first + "=" * (-len(first) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return application_id if application_id.isascii() and application_id.isdecimal() else None
