"""The kinds of value a setting can have beyond plain numbers and choices."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, PlainSerializer, PlainValidator, SecretStr

__all__ = [
    "Address",
    "Allowed",
    "DatabaseUrl",
    "Directory",
    "Id",
    "Ids",
    "OptionalAddress",
    "OptionalPath",
    "Shards",
    "Text",
    "Token",
    "Url",
]


_ID = re.compile(r"-?[0-9]{1,20}")
_SHARD = re.compile(r"[0-9]{1,5}")
_SCHEMES = ("http", "https", "ws", "wss")
_DATABASES = ("postgresql", "postgres")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, in words that finish the sentence "allowed: ..."."""

    text: str


def _clean(text: str) -> bool:
    # Neither control characters nor undecodable bytes: no path or name is meant to hold them.
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def _text(value: str) -> str:
    if not _clean(value):
        raise ValueError("control characters")
    return value


def _optional_path(value: object) -> Path | None:
    if value is None or value == "":
        return None
    return _path(value)


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or not _clean(value):
        raise ValueError("not a path")
    return Path(value)


def _token(value: object) -> SecretStr | None:
    secret = value.get_secret_value() if isinstance(value, SecretStr) else value
    if secret is None:
        return None
    if not isinstance(secret, str):
        raise ValueError("not a token")
    secret = secret.strip()
    # A token travels in an HTTP header, which takes nothing else.
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise ValueError("not a token")
    return SecretStr(secret) if secret else None


def _database_url(value: object) -> SecretStr | None:
    secret = _token(value)
    if secret is None:
        return None
    address = urlsplit(secret.get_secret_value())
    if address.scheme not in _DATABASES or not address.path.strip("/"):
        raise ValueError("no URL of a database")
    return secret


def _ids(value: object) -> tuple[str, ...]:
    # In the environment: 12, 34. In the file: [12, 34].
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("not a list of ids")
    return tuple(identity for part in parts if (identity := _id(part)))


def _shards(value: object) -> tuple[int, ...]:
    # In the environment: 0, 1. In the file: [0, 1].
    parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("no list of shards")
    numbers = tuple(int(part) for part in parts if _SHARD.fullmatch(str(part).strip()))
    if len(numbers) != len(parts) or len(set(numbers)) != len(numbers):
        raise ValueError("no list of shards")
    return numbers


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not an id")
    text = str(value).strip()
    if text and not _ID.fullmatch(text):
        raise ValueError("not an id")
    return text


def _url(value: str) -> str:
    address = urlsplit(_text(value))
    if value and (address.scheme not in _SCHEMES or not address.hostname):
        raise ValueError("not a URL")
    return value.rstrip("/")


def _host_and_port(value: str) -> str:
    host, _, port = _text(value).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise ValueError("no host and port")
    return value


Ids = Annotated[
    tuple[str, ...],
    PlainValidator(_ids),
    # JSON has no tuples, and pydantic would warn of it.
    PlainSerializer(list, return_type=list[str], when_used="json"),
    Allowed("a list of ids, such as [123, 456]"),
]
Shards = Annotated[
    tuple[int, ...],
    PlainValidator(_shards),
    PlainSerializer(list, return_type=list[int], when_used="json"),
    Allowed("a list of different numbers from 0, such as [0, 1]"),
]
Id = Annotated[str, PlainValidator(_id), Allowed('an id in digits, or "" for none')]
Url = Annotated[str, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_host_and_port), Allowed("host:port")]
OptionalAddress = Annotated[
    str,
    AfterValidator(lambda value: value and _host_and_port(value)),
    Allowed('host:port, or "" for none'),
]
Text = Annotated[str, AfterValidator(_text)]
Directory = Annotated[Path, PlainValidator(_path), Allowed("the path of a directory")]
OptionalPath = Annotated[Path | None, PlainValidator(_optional_path)]
Token = Annotated[
    SecretStr | None,
    PlainValidator(_token),
    # Stars in JSON as well; pydantic's own serializer does not reach through a plain validator.
    PlainSerializer(str, when_used="json-unless-none"),
    Allowed("one word of plain letters, digits and signs, in the environment only"),
]
DatabaseUrl = Annotated[
    SecretStr | None,
    PlainValidator(_database_url),
    PlainSerializer(str, when_used="json-unless-none"),
    Allowed("postgresql://user:password@host/database, in the environment only"),
]
