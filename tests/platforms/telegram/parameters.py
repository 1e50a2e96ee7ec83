"""The parameters of a request, however they were sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.telegram.refusals import bad_request

__all__ = ["Json", "Parameters", "UploadedFile", "read_parameters"]

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadedFile:
    """A file of a multipart request."""

    name: str
    content: bytes


class Parameters:
    """Typed access to parameters that are sent as text or as JSON values.

    All getters raise `RefusedError` for a value of another type. As with Telegram, an empty
    value counts as an absent one.
    """

    def __init__(
        self, values: Mapping[str, object], files: Mapping[str, UploadedFile] | None = None
    ) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}
        self.files = dict(files or {})

    def text(self, name: str) -> str:
        """A text, "" if it is absent."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str) -> int | None:
        """A whole number, None if it is absent."""
        text = self.text(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f"parameter {name} must be an integer") from None

    def flag(self, name: str) -> bool:
        """A yes or no, no if it is absent."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def json(self, name: str, kind: type[Any]) -> Any:
        """An object or an array, None if it is absent."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise bad_request(f"can't parse {name} JSON object") from None
        if not isinstance(value, kind):
            word = "Array" if kind is list else "Object"
            raise bad_request(f"can't parse {name}: {word} expected")
        return value

    def listed(self, name: str) -> list[Any] | None:
        """An array, None if it is absent."""
        found: list[Any] | None = self.json(name, list)
        return found

    def record(self, name: str) -> Json | None:
        """An object, None if it is absent."""
        found: Json | None = self.json(name, dict)
        return found

    def logged(self) -> Json:
        """The parameters as values, for tests to look at; files are given by their names."""
        return {name: _value(value) for name, value in self.values.items()} | {
            name: file.name for name, file in self.files.items()
        }


def _value(value: object) -> object:
    """What a client that encodes everything as text meant."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def read_parameters(request: web.Request) -> Parameters:
    """Read the query and the body: urlencoded, multipart or JSON. Raises `RefusedError`."""
    values: dict[str, object] = dict(request.query)
    files: dict[str, UploadedFile] = {}
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad_request("can't parse request: JSON object expected") from None
        if not isinstance(body, dict):
            raise bad_request("can't parse request: JSON object expected")
        values |= body
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                with value.file as file:
                    files[name] = UploadedFile(name=value.filename, content=file.read())
            else:
                values[name] = value
    return Parameters(values, files)
