"""What cannot be helped: Discord away, or a bot that it will not let in."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.fronts.port import FrontRefusedError

__all__ = ["OUTAGES", "describe", "plain_outages", "refusal", "will_pass"]

OUTAGES = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)
"""Errors after which nobody knows whether something was done, and that pass by themselves."""

_LOGGERS = ("discord.client", "discord.gateway", "discord.shard", "discord.app_commands.tree")
_TOO_MANY_REQUESTS = 429
_BAD_TOKEN = 4004
_TOO_FEW_SHARDS = 4011
_BAD_INTENTS = (4013, 4014)

_log = logging.getLogger("punchline.discord")


def will_pass(error: BaseException) -> bool:
    """Whether it is worth trying again later."""
    if isinstance(error, discord.HTTPException) and error.status == _TOO_MANY_REQUESTS:
        return True
    if isinstance(error, discord.ConnectionClosed):
        return refusal(error, at_start=False) is None
    return isinstance(error, (*OUTAGES, discord.GatewayNotFound))


def refusal(error: BaseException, *, at_start: bool) -> FrontRefusedError | None:
    """What to tell the owner when Discord will never let the bot in as it is configured."""
    sentence = None
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if isinstance(error, discord.LoginFailure) or code == _BAD_TOKEN:
        sentence = (
            "Discord refuses the bot's token; set PUNCHLINE_DISCORD__TOKEN to the one that the "
            "developer portal shows under Bot, Reset Token."
        )
    elif code == _TOO_FEW_SHARDS:
        sentence = "The bot is in too many guilds for one connection; set discord.sharded = true."
    elif isinstance(error, discord.PrivilegedIntentsRequired) or code in _BAD_INTENTS:
        sentence = "Discord refuses what this version of Punchline wants to hear of; update it."
    return FrontRefusedError(sentence, at_start=at_start) if sentence else None


@contextmanager
def plain_outages() -> Iterator[None]:
    """While in it, an outage is a plain line in the log where discord.py has a traceback."""
    plain = _PlainOutages()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(plain)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(plain)


class _PlainOutages(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        cause = getattr(error, "original", error)
        if cause is None or not (will_pass(cause) or isinstance(cause, discord.HTTPException)):
            return True
        seconds = [each for each in record.args or () if isinstance(each, float)]
        again = f"; trying again in {seconds[-1]:.0f} s" if seconds else ""
        _log.warning("Discord cannot be reached (%s)%s.", describe(cause), again)
        return False


def describe(error: BaseException) -> str:
    """An error in few words, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
