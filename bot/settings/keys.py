"""One key of the settings, as the loader, the messages and the README's table see it."""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings.sections import Section, Settings
from bot.settings.values import Allowed

__all__ = ["PREFIX", "Key", "every_key", "nearest"]

PREFIX = "PUNCHLINE_"


@dataclass(frozen=True, kw_only=True)
class Key:
    """Where one setting stands, what it may hold, and how it is read."""

    section: str
    field: str
    model: type[Section]

    @property
    def name(self) -> str:
        """As in config.toml and in messages: `queue.capacity`."""
        return f"{self.section}.{self.field}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it: `PUNCHLINE_QUEUE__CAPACITY`."""
        return f"{PREFIX}{self.section}__{self.field}".upper()

    @property
    def secret(self) -> bool:
        """Whether its value may never be shown, nor stand in config.toml."""
        return SecretStr in get_args(self._info.annotation)

    @property
    def kept_in_file(self) -> "Key | None":
        """The secret that the file named by this setting holds, if it names one."""
        field = self.field.removesuffix("_file")
        if field == self.field or field not in self.model.model_fields:
            return None
        return Key(section=self.section, field=field, model=self.model)

    @property
    def description(self) -> str:
        """What the setting does, in a sentence."""
        return self._info.description or ""

    @property
    def default(self) -> str:
        """The default as config.toml would hold it."""
        value = self._info.default
        if value is None:
            return '""'
        return json.dumps(str(value) if isinstance(value, Path) else value)

    @property
    def allowed(self) -> str:
        """What the setting may hold, in words that finish the sentence "allowed: ..."."""
        for constraint in self._info.metadata:
            if isinstance(constraint, Allowed):
                return constraint.text
        if self._info.annotation is bool:
            return "true or false"
        if get_origin(self._info.annotation) is Literal:
            return _choices(get_args(self._info.annotation))
        return _range(self._info)

    def from_toml(self, value: object) -> Any:
        """Read a TOML value without converting it. Raises pydantic's `ValidationError`."""
        return getattr(self.model.model_validate({self.field: value}), self.field)

    def from_text(self, text: str) -> Any:
        """Read a value from the environment. Raises pydantic's `ValidationError`."""
        return getattr(self.model.model_validate_strings({self.field: text}), self.field)

    @property
    def starting_value(self) -> Any:
        """The default as `Settings` holds it."""
        return self._info.default

    @property
    def _info(self) -> FieldInfo:
        return self.model.model_fields[self.field]


def every_key() -> Iterator[Key]:
    """All keys in the order of config.toml."""
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if isinstance(model, type) and issubclass(model, Section):
            for field in model.model_fields:
                yield Key(section=section, field=field, model=model)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that somebody who wrote `name` most likely meant, if any comes close."""
    # Comparing takes time that grows with the square of the length; no key is this long.
    close = difflib.get_close_matches(name[:100], list(names), n=1, cutoff=0.7)
    return close[0] if close else None


def _choices(choices: tuple[str, ...]) -> str:
    *others, last = (f'"{choice}"' for choice in choices)
    return f"{', '.join(others)} or {last}"


def _range(info: FieldInfo) -> str:
    low = high = ""
    for constraint in info.metadata:
        if isinstance(constraint, annotated_types.Ge):
            low = f"from {constraint.ge} to"
        elif isinstance(constraint, annotated_types.Gt):
            low = f"above {constraint.gt} and up to"
        elif isinstance(constraint, annotated_types.Le):
            high = str(constraint.le)
    return f"{'a whole number' if info.annotation is int else 'a number'} {low} {high}"
