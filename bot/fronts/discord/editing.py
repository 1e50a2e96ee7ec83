"""Changes messages of the bot's long after they were sent."""

import logging
import time
from collections import OrderedDict

import discord

from bot.fronts.discord.faces import Face
from bot.fronts.discord.outages import OUTAGES, describe, will_pass
from bot.fronts.discord.places import FRONT
from bot.fronts.discord.replies import Reply
from bot.fronts.once import Once
from bot.store.record_port import Post, Records

__all__ = ["Editing", "post_of"]

_REMEMBERED = 10_000

_log = logging.getLogger("punchline.discord")


def post_of(channel_id: int, message_id: int) -> Post:
    """A message as the store knows it."""
    return Post(front=FRONT, place=str(channel_id), message=str(message_id))


class Editing:
    """By the token of a recent interaction where there is one, else in the bot's own name.

    Where the bot itself is not, tokens are the only way; elsewhere they have limits of their own.
    """

    def __init__(self, *, client: discord.Client, records: Records) -> None:
        self._client = client
        self._records = records
        self._replies: OrderedDict[Post, Reply] = OrderedDict()
        self._said = Once()

    def remember(self, post: Post, reply: Reply) -> None:
        """An interaction by which a message can be changed for a while."""
        self._replies[post] = reply
        self._replies.move_to_end(post)
        if len(self._replies) > _REMEMBERED:
            self._replies.popitem(last=False)

    def message(self, post: Post) -> discord.PartialMessage:
        """A message by its ids, whether it is there or not."""
        channel = self._client.get_partial_messageable(int(post.place))
        return channel.get_partial_message(int(post.message))

    async def edit(self, post: Post, face: Face, *, as_bot: bool) -> bool:
        """Give a message another face; False when that may work later.

        In the bot's own name it is tried only if `as_bot`. A message that is gone is forgotten.
        """
        try:
            await self.change(post, face, as_bot=as_bot)
        except discord.NotFound:
            await self.forget(post)
        except (*OUTAGES, discord.HTTPException) as error:
            if will_pass(error):
                return False
            if self._said.first(post):
                _log.info("A message cannot be changed: %s", describe(error))
        return True

    async def change(self, post: Post, face: Face, *, as_bot: bool) -> None:
        """The same once, for any message of the bot's. Raises what discord.py raises."""
        if not await self._edit_by_token(post, face) and as_bot:
            await self.message(post).edit(content=face.content, view=face.view)

    async def forget(self, post: Post) -> None:
        """Note that a message is gone."""
        self._replies.pop(post, None)
        await self._records.unposted(post)

    async def _edit_by_token(self, post: Post, face: Face) -> bool:
        reply = self._replies.get(post)
        if reply is None:
            return False
        if reply.until > time.time():
            try:
                await reply.show_once(face.content, view=face.view)
            except discord.HTTPException as error:
                if will_pass(error):
                    raise
            else:
                return True
        del self._replies[post]
        return False
