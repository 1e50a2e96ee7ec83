"""A session of the gateway, which outlives its connections."""

import asyncio
import contextlib
import json
from collections import deque
from typing import Any

from aiohttp import ClientConnectionError, web

from tests.platforms.discord.compression import Stream
from tests.platforms.discord.intents import Intent

__all__ = ["Connection", "Session", "message"]

_BACKLOG = 20_000
"""Events kept for a session that resumes."""


def message(
    operation: int, data: Any = None, *, event: str | None = None, number: int | None = None
) -> str:
    """One message of the gateway."""
    payload = {"op": operation, "d": data, "s": number, "t": event}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


class Connection:
    """One WebSocket; what is sent goes out in order, without anybody waiting for it."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        *,
        transport: asyncio.Transport | None,
        stream: Stream,
    ) -> None:
        self.socket = socket
        self._transport = transport
        self._stream = stream
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._closing: tuple[int, str] | None = None

    def send(self, text: str) -> None:
        """Put a message in the line."""
        self._outgoing.put_nowait(text)

    def close(self, code: int, reason: str) -> None:
        """Close with a code once everything in the line is sent."""
        if self._closing is None:
            self._closing = code, reason
            self._outgoing.put_nowait(None)

    def cut(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send what is in the line until `close`."""
        with contextlib.suppress(ClientConnectionError, ConnectionError):
            while (text := await self._outgoing.get()) is not None:
                frame = self._stream.frame(text)
                if isinstance(frame, bytes):
                    await self.socket.send_bytes(frame)
                else:
                    await self.socket.send_str(frame)
            if self._closing is not None:
                code, reason = self._closing
                await self.socket.close(code=code, message=reason.encode())


class Session:
    """What a bot identified for: its intents, its shard, and the events it has been sent."""

    def __init__(self, *, session_id: str, intents: int, shard: tuple[int, int]) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.connection: Connection | None = None
        self._number = 0
        self._sent: deque[tuple[int, str]] = deque(maxlen=_BACKLOG)

    def wants(self, intent: Intent, guild_id: int | None) -> bool:
        """Whether an event of a guild, or of none, belongs here."""
        shard, shards = self.shard
        mine = 0 if guild_id is None else (guild_id >> 22) % shards
        return mine == shard and (not intent or bool(self.intents & intent))

    def dispatch(self, event: str, data: Any) -> None:
        """Send an event now, or keep it until the bot resumes."""
        self._number += 1
        text = message(0, data, event=event, number=self._number)
        self._sent.append((self._number, text))
        if self.connection is not None:
            self.connection.send(text)

    def missed(self, number: int) -> list[str] | None:
        """The events after `number`, or None if they are no longer known."""
        if not 0 <= number <= self._number:
            return None
        missed = [text for sent, text in self._sent if sent > number]
        return missed if len(missed) == self._number - number else None
