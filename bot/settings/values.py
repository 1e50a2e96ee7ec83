"""The kinds of value a setting can have beyond plain numbers and choices."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer, PlainValidator, SecretStr

__all__ = ["Allowed", "Directory", "OptionalPath", "Text", "Token"]


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
