"""Where values come from: config.toml, the environment, and files that hold a token."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.settings.keys import PREFIX, Key, every_key, nearest
from bot.settings.refusal import HIDDEN, SettingsError, found

__all__ = ["CONFIG_VARIABLE", "Chosen", "from_environment", "from_file", "read_text"]

CONFIG_VARIABLE = "PUNCHLINE_CONFIG"
LARGEST_FILE = 256 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A checked value somebody chose.

    `origin` names the file or variable it came from; a relative path starts from `folder`.
    """

    key: Key
    value: Any = field(repr=False)
    origin: str
    folder: Path


def from_file(path: Path) -> Iterator[Chosen]:
    """The values of a TOML file, in its order.

    Raises `SettingsError` for a file that cannot be read, and for whatever is wrong in it.
    """
    keys = {key.name: key for key in every_key()}
    for section, table in _parsed(path).items():
        if section not in {key.section for key in keys.values()}:
            raise SettingsError(f"{path}: {section} is not a section; {_section_hint(section)}")
        if not isinstance(table, dict):
            # Whatever stands here may be a misplaced token, so it is not shown.
            raise SettingsError(f"{path}: {section} is not a table; allowed: [{section}] and keys")
        for name, value in table.items():
            key = keys.get(f"{section}.{name}")
            if key is None:
                raise SettingsError(
                    f"{path}: {section}.{name} is not a setting; {_key_hint(section, name)}"
                )
            checked = _checked_toml(path, key, value)
            yield Chosen(key=key, value=checked, origin=str(path), folder=path.parent)


def from_environment(environment: Mapping[str, str]) -> Iterator[Chosen]:
    """The values of all PUNCHLINE_SECTION__KEY variables; raises `SettingsError`."""
    keys = {key.variable: key for key in every_key()}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        key = keys.get(variable)
        if key is None:
            hint = _variable_hint(variable, [*keys, CONFIG_VARIABLE])
            raise SettingsError(f"{variable} in the environment is not a setting; {hint}")
        try:
            value = key.from_text(text)
        except ValidationError:
            shown = HIDDEN if key.secret else found(text)
            raise SettingsError(
                f"{variable}: {key.name} is {shown}; allowed: {key.allowed}"
            ) from None
        yield Chosen(key=key, value=value, origin=variable, folder=Path())


def read_text(path: Path) -> str:
    """The text of a file, less a byte order mark; raises `SettingsError`."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise SettingsError(f"{path} is larger than {LARGEST_FILE} bytes; name a smaller file")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{path} is not UTF-8 (at line {line}); save it with that encoding"
        ) from None
    except ValueError:
        raise SettingsError(f"{path} is not a path; name a file") from None


def _parsed(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = f"at line {text.count(chr(10)) + 1}, the end of the file"
        reason = str(error).replace("at end of document", last)
        raise SettingsError(f"{path} is not valid TOML: {reason}") from None
    except ValueError:
        line = _line_of_the_endless_number(text)
        raise SettingsError(
            f"{path} holds a number of thousands of digits (at line {line}); shorten it"
        ) from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply; allowed: [section] and keys") from None


def _line_of_the_endless_number(text: str) -> int:
    number = re.search(r"[0-9_]{4300,}", text)
    return text.count("\n", 0, number.start() if number else 0) + 1


def _checked_toml(path: Path, key: Key, value: object) -> Any:
    if key.secret:
        raise SettingsError(
            f"{path}: {key.name} may not stand in this file; set {key.variable} in the environment "
            f"or name a file with {key.name}_file"
        )
    try:
        return key.from_toml(value)
    except ValidationError:
        raise SettingsError(
            f"{path}: {key.name} is {found(value)}; allowed: {key.allowed}"
        ) from None


def _variable_hint(variable: str, variables: Iterable[str]) -> str:
    # The prefix is right already; counted in, it would make any two variables look alike.
    endings = [known.removeprefix(PREFIX) for known in variables]
    close = nearest(variable.removeprefix(PREFIX).upper(), endings)
    return f"did you mean {PREFIX}{close}?" if close else "unset it"


def _section_hint(section: str) -> str:
    sections = list(dict.fromkeys(key.section for key in every_key()))
    elsewhere = [key.name for key in every_key() if key.field == section]
    close = elsewhere[0] if elsewhere else nearest(section, sections)
    return f"did you mean {close}?" if close else f"sections are {', '.join(sections)}"


def _key_hint(section: str, name: str) -> str:
    siblings = [key.field for key in every_key() if key.section == section]
    if sibling := nearest(name, siblings):
        return f"did you mean {section}.{sibling}?"
    if close := nearest(f"{section}.{name}", [key.name for key in every_key()]):
        return f"did you mean {close}?"
    return f"[{section}] has {', '.join(siblings)}"
