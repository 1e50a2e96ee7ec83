"""The message with which /retrain is answered."""

import io
import logging
import time
from collections.abc import Sequence

import discord

from bot.fronts.discord.editing import Editing
from bot.fronts.discord.outages import OUTAGES, describe, will_pass
from bot.fronts.discord.replies import Reply
from bot.fronts.discord.run_faces import RunFaces
from bot.fronts.enclosures import Enclosure, enclosures
from bot.fronts.following import PageGoneError
from bot.languages import Words
from bot.learning import RunReport
from bot.store.record_port import Post

__all__ = ["DiscordPage"]

_LARGEST_FILE = 9 * 2**20
"""Bytes; a request with files may have 10 MiB. Source:
https://discord.com/developers/docs/reference#uploading-files"""

_log = logging.getLogger("punchline.discord")


class DiscordPage:
    """Implements `bot.fronts.following.RunPage` by the reply's token, then in the bot's name."""

    def __init__(
        self, *, post: Post, reply: Reply, editing: Editing, faces: RunFaces, words: Words
    ) -> None:
        self._post = post
        self._reply = reply
        self._editing = editing
        self._faces = faces
        self._words = words
        editing.remember(post, reply)

    async def show(self, report: RunReport) -> None:
        """Raises `PageGoneError`, and what discord.py raises."""
        try:
            await self._editing.change(
                self._post, self._faces.run(report, self._words), as_bot=True
            )
        except discord.HTTPException as error:
            if will_pass(error):
                raise
            raise PageGoneError(describe(error)) from error

    async def add_verdict(self, report: RunReport) -> None:
        """One more message; where the bot may not write, as a second answer while that works."""
        content = self._faces.samples(report.verdict, self._words) if report.verdict else ""
        files = await enclosures(report, largest=_LARGEST_FILE)
        if not (content or files):
            return
        try:
            await self._send(content, files)
        except (*OUTAGES, discord.HTTPException) as error:
            _log.warning("A verdict could not be posted: %s", describe(error))

    async def _send(self, content: str, files: Sequence[Enclosure]) -> None:
        message = self._editing.message(self._post)
        reference = message.to_reference(fail_if_not_exists=False)
        try:
            await message.channel.send(content, files=_uploads(files), reference=reference)
        except (discord.Forbidden, discord.NotFound):
            if self._reply.until < time.time():
                raise
            await self._reply.add(content, _uploads(files))


def _uploads(files: Sequence[Enclosure]) -> list[discord.File]:
    return [discord.File(io.BytesIO(file.data), filename=file.name) for file in files]
