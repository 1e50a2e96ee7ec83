"""Registers the commands with Discord, only when they have changed."""

import hashlib
import json
import logging

import discord
from discord import app_commands

from bot.fronts.discord.outages import describe, will_pass
from bot.store.port import StoreUnavailable
from bot.store.record_port import Records

__all__ = ["synchronise"]

_NOTE = "discord.commands"

_log = logging.getLogger("punchline.discord")


async def synchronise(
    tree: app_commands.CommandTree, *, records: Records, development_guild: str
) -> None:
    """Register the tree everywhere, or in the development guild alone if there is one.

    Raises what discord.py raises when Discord cannot be reached; a refusal is logged.
    """
    guild = discord.Object(int(development_guild)) if development_guild else None
    if guild is not None:
        tree.copy_global_to(guild=guild)
    note = f"{_NOTE}.{development_guild}" if development_guild else _NOTE
    digest = await _digest(tree, guild)
    try:
        if await records.note(note) == digest:
            return
        await tree.sync(guild=guild)
        await records.write_note(note, digest)
    except StoreUnavailable as error:
        _log.error("Whether the commands have changed cannot be known: %s", error)
    except (discord.HTTPException, app_commands.AppCommandError) as error:
        if will_pass(error):
            raise
        _log.error("Discord does not take the commands: %s", describe(error))


async def _digest(tree: app_commands.CommandTree, guild: discord.Object | None) -> str:
    """A fingerprint of what would be sent, and in whose name."""
    translator = tree.translator
    payload = [
        await command.get_translated_payload(tree, translator)
        if translator
        else command.to_dict(tree)
        for command in tree.get_commands(guild=guild)
    ]
    named = {"application": tree.client.application_id, "commands": payload}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
