"""A request to the REST interface, read and checked for form."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from tests.platforms.discord.drafts import File
from tests.platforms.discord.refusals import InvalidFormError, Reason, RefusalError
from tests.platforms.discord.rules import Payload

__all__ = ["Call", "Route", "read_call"]

_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is asked: the variable parts of the path, the query, the body and its files."""

    arguments: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: list[File]

    def id(self, name: str) -> int:
        """A snowflake of the path. Raises `RefusalError`."""
        value = self.arguments[name]
        if not _SNOWFLAKE.fullmatch(value):
            raise InvalidFormError(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)

    def form(self) -> Payload:
        """The body, which has to be an object. Raises `RefusalError`."""
        if not isinstance(self.body, dict):
            message = "Only dictionaries may be used in a DictType"
            raise InvalidFormError("", "MODEL_TYPE_CONVERT", message)
        return self.body


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One address of the interface.

    `bucket` names its rate limit, counted for each value of the part `major` of the path.
    `whole_bot` routes need the token and count against the limit of the whole bot.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Any]]
    bucket: str = "ordinary"
    major: str = ""
    whole_bot: bool = True


async def read_call(request: web.Request) -> Call:
    """Read a request to its end. Raises `RefusalError`."""
    body: Any = None
    files: list[File] = []
    try:
        if request.content_type == "multipart/form-data":
            body, files = await _parts(await request.multipart())
        elif request.body_exists and (raw := await request.read()):
            body = json.loads(raw)
    except ValueError as error:
        raise RefusalError(Reason.INVALID_JSON) from error
    return Call(
        arguments=request.match_info,
        query=request.query,
        body={} if body is None else body,
        files=files,
    )


async def _parts(reader: MultipartReader) -> tuple[Any, list[File]]:
    body: Any = None
    files: list[File] = []
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise RefusalError(Reason.INVALID_JSON)
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(data)
        else:
            files.append(File(field=part.name or "", name=part.filename or "file", data=data))
    return body, files
