"""Keeps the catalogues of the interface's languages in step with what the program says.

`python -m bot.catalogues` adds what is new to every `bot/locales/*.po`, untranslated, and takes out
what is no longer said.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib

__all__ = ["Message", "messages_of", "update"]

_PACKAGE = Path(__file__).parent
_SINGULAR = ("say", "message")
_PLURAL = "count"


@dataclass(frozen=True, order=True, slots=True)
class Message:
    """A text the program says; `many` is its plural, or empty."""

    one: str
    many: str = ""


def messages_of(package: Path = _PACKAGE) -> list[Message]:
    """Every literal text given to `say`, `count` or `message` in a package's files, sorted."""
    found: set[Message] = set()
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(_message_in(node))
    return sorted(found)


def update(catalogue: polib.POFile, messages: list[Message]) -> None:
    """Make a catalogue hold exactly these messages, and keep the translations it has."""
    wanted = {message.one: message for message in messages}
    for entry in list(catalogue):
        message = wanted.get(entry.msgid)
        if message is None or message.many != entry.msgid_plural:
            catalogue.remove(entry)
    there = {entry.msgid for entry in catalogue}
    for message in messages:
        if message.one not in there:
            plural = {0: "", 1: ""} if message.many else {}
            catalogue.append(
                polib.POEntry(msgid=message.one, msgid_plural=message.many, msgstr_plural=plural)
            )
    catalogue.sort(key=lambda entry: entry.msgid)


def main() -> None:
    """Update every catalogue in place."""
    messages = messages_of()
    for path in sorted((_PACKAGE / "locales").glob("*.po")):
        catalogue = polib.pofile(str(path), wrapwidth=100)
        update(catalogue, messages)
        catalogue.save()
        missing = len(catalogue.untranslated_entries())
        print(f"{path.name}: {len(catalogue)} texts, {missing} not translated")  # noqa: T201


def _message_in(call: ast.Call) -> Iterator[Message]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else None
    if isinstance(call.func, ast.Name):
        name = call.func.id
    texts = [
        argument.value
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if name in _SINGULAR and len(call.args) == len(texts) == 1:
        yield Message(one=texts[0])
    elif name == _PLURAL and len(texts) == 2:  # noqa: PLR2004 - one and many
        yield Message(one=texts[0], many=texts[1])


if __name__ == "__main__":
    main()
