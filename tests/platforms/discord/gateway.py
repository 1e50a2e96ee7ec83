"""The gateway: hello, identify, heartbeat, resume, and the events in between."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.platforms.discord.compression import stream_for
from tests.platforms.discord.intents import Intent
from tests.platforms.discord.rules import Payload
from tests.platforms.discord.session import Connection, Session, message

__all__ = ["Gateway"]

_HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME = 1, 2, 3, 4, 6
_RECONNECT, _MEMBERS, _INVALID_SESSION, _HELLO, _ACKNOWLEDGED = 7, 8, 9, 10, 11
_MESSAGES_A_MINUTE = 120
_LARGEST_MESSAGE = 4096


class _ClosedError(Exception):
    """The connection ends with a close code of Discord's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Gateway:
    """Speaks version 10 with JSON to any number of shards.

    `welcome` returns what READY says and the events that follow it for a new session.
    `identified` and `resumed` count, `presences` are what the bot wanted shown, newest last.
    Source: https://discord.com/developers/docs/events/gateway
    """

    def __init__(
        self,
        *,
        token: str,
        allowed_intents: int,
        heartbeat_seconds: float,
        welcome: Callable[[Session], tuple[Payload, list[tuple[str, Payload]]]],
    ) -> None:
        self.token: str | None = token
        self.identified = 0
        self.resumed = 0
        self.presences: list[Payload] = []
        self.sessions: dict[str, Session] = {}
        self._allowed_intents = allowed_intents
        self._heartbeat_seconds = heartbeat_seconds
        self._welcome = welcome
        self._connections: set[Connection] = set()

    def connected(self) -> int:
        """How many sessions have a connection."""
        return sum(session.connection is not None for session in self.sessions.values())

    def dispatch(
        self, event: str, data: Payload, *, guild_id: int | None, intent: Intent = Intent.NONE
    ) -> None:
        """Send an event to the shard it belongs to, if that asked for its kind."""
        for session in self.sessions.values():
            if session.wants(intent, guild_id):
                session.dispatch(event, data)

    def drop(self, *, resumable: bool) -> None:
        """Cut every connection without a word."""
        if not resumable:
            self.sessions.clear()
        for session in self.sessions.values():
            session.connection = None
        for connection in self._connections:
            connection.cut()

    def ask_reconnect(self) -> None:
        """Ask every connection to come again."""
        for connection in self._connections:
            connection.send(message(_RECONNECT))

    def refuse_token(self) -> None:
        """The token has been reset: nobody may stay or come."""
        self.token = None
        self.sessions.clear()
        for connection in self._connections:
            connection.close(4004, "Authentication failed.")

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from hello to its end."""
        socket = web.WebSocketResponse(timeout=1.0, compress=False)
        await socket.prepare(request)
        connection = Connection(
            socket,
            transport=request.transport,
            stream=stream_for(request.query.get("compress")),
        )
        self._connections.add(connection)
        writing = asyncio.create_task(connection.write())
        try:
            await _Conversation(self, connection).run(request)
        except _ClosedError as closed:
            connection.close(closed.code, closed.reason)
        finally:
            self._connections.discard(connection)
            for session in self.sessions.values():
                if session.connection is connection:
                    session.connection = None
            connection.close(1000, "")
            await writing
        return socket

    def check_identify(self, data: Payload) -> tuple[int, tuple[int, int]]:
        """The intents and the shard of an identification. Raises `_ClosedError`."""
        if self.token is None or data.get("token") != self.token:
            raise _ClosedError(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~Intent.VALID:
            raise _ClosedError(4013, "Invalid intent(s).")
        if intents & Intent.PRIVILEGED & ~self._allowed_intents:
            raise _ClosedError(4014, "Disallowed intent(s).")
        shard = data.get("shard", [0, 1])
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise _ClosedError(4010, "Invalid shard.")
        return intents, (shard[0], shard[1])

    def begin(self, data: Payload, connection: Connection) -> Session:
        """A new session; one of the same shard that has lost its connection is over."""
        intents, shard = self.check_identify(data)
        session = Session(session_id=secrets.token_hex(16), intents=intents, shard=shard)
        self.sessions = {
            key: other
            for key, other in self.sessions.items()
            if other.shard != shard or other.connection is not None
        }
        self.sessions[session.id] = session
        session.connection = connection
        self.identified += 1
        if data.get("presence"):
            self.presences.append(data["presence"])
        ready, events = self._welcome(session)
        session.dispatch("READY", ready)
        for event, payload in events:
            session.dispatch(event, payload)
        return session

    def resume(self, data: Payload, connection: Connection) -> Session | None:
        """The session to go on with, its missed events sent; None if that cannot be."""
        if self.token is None or data.get("token") != self.token:
            raise _ClosedError(4004, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        missed = None if session is None else session.missed(data.get("seq") or 0)
        if session is None or missed is None:
            return None
        for text in missed:
            connection.send(text)
        session.connection = connection
        session.dispatch("RESUMED", {})
        self.resumed += 1
        return session

    def forget(self, session: Session | None) -> None:
        """A session that cannot be resumed."""
        if session is not None:
            self.sessions.pop(session.id, None)

    @property
    def heartbeat_seconds(self) -> float:
        """How often a connection has to show that it lives."""
        return self._heartbeat_seconds


class _Conversation:
    """What is said on one connection."""

    def __init__(self, gateway: Gateway, connection: Connection) -> None:
        self._gateway = gateway
        self._connection = connection
        self._session: Session | None = None
        self._heard = time.monotonic()
        self._minute = time.monotonic()
        self._in_minute = 0
        self._handlers: dict[int, Callable[[Any], None]] = {
            _HEARTBEAT: self._heartbeat,
            _IDENTIFY: self._identify,
            _PRESENCE: self._presence,
            _RESUME: self._resume,
            _VOICE: self._nothing,
            _MEMBERS: self._nothing,
        }

    async def run(self, request: web.Request) -> None:
        """Answer until the connection ends. Raises `_ClosedError`."""
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            raise _ClosedError(4012, "Invalid API version.")
        interval = self._gateway.heartbeat_seconds
        self._connection.send(message(_HELLO, {"heartbeat_interval": int(interval * 1000)}))
        while True:
            left = self._heard + interval * 1.5 - time.monotonic()
            try:
                received = await self._connection.socket.receive(timeout=max(left, 0.001))
            except TimeoutError:
                self._gateway.forget(self._session)
                raise _ClosedError(4009, "Session timed out.") from None
            if received.type is not WSMsgType.TEXT:
                self._end(received.type, received.data)
                return
            self._hear(received.data)

    def _end(self, kind: WSMsgType, code: object) -> None:
        # A bot that says good-bye properly does not mean to come back to this session.
        if kind is WSMsgType.CLOSE and code in (1000, 1001):
            self._gateway.forget(self._session)

    def _hear(self, text: str) -> None:
        self._count()
        if len(text) > _LARGEST_MESSAGE:
            raise _ClosedError(4002, "Payload too large.")
        payload: Any = None
        with contextlib.suppress(ValueError):
            payload = json.loads(text)
        if not isinstance(payload, dict):
            raise _ClosedError(4002, "Error while decoding payload.")
        operation = payload.get("op")
        handler = self._handlers.get(operation) if isinstance(operation, int) else None
        if handler is None:
            raise _ClosedError(4001, "Unknown opcode.")
        if self._session is None and operation not in (_HEARTBEAT, _IDENTIFY, _RESUME):
            raise _ClosedError(4003, "Not authenticated.")
        handler(payload.get("d"))

    def _count(self) -> None:
        now = time.monotonic()
        if now > self._minute + 60.0:
            self._minute, self._in_minute = now, 0
        self._in_minute += 1
        if self._in_minute > _MESSAGES_A_MINUTE:
            raise _ClosedError(4008, "You are being rate limited.")

    def _heartbeat(self, _: Any) -> None:
        self._heard = time.monotonic()
        self._connection.send(message(_ACKNOWLEDGED))

    def _identify(self, data: Any) -> None:
        if self._session is not None:
            raise _ClosedError(4005, "Already authenticated.")
        self._session = self._gateway.begin(data, self._connection)

    def _resume(self, data: Any) -> None:
        self._session = self._gateway.resume(data, self._connection)
        if self._session is None:
            self._connection.send(message(_INVALID_SESSION, False))

    def _presence(self, data: Any) -> None:
        self._gateway.presences.append(data)

    def _nothing(self, _: Any) -> None:
        """Voice and lists of members are beyond this server."""
