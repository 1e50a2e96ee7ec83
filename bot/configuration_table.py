"""The configuration table of the README, made from the settings.

`python -m bot.configuration_table README.md` rewrites it in place.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from bot.settings import Key, every_key

__all__ = ["configuration_table", "insert_table"]

START = "<!-- configuration -->"
END = "<!-- /configuration -->"


def configuration_table() -> str:
    """One Markdown row for each key in the order of config.toml; ends without a line break."""
    return "\n".join(
        [
            "| Setting | Default | Allowed | What it does |",
            "|---|---|---|---|",
            *(_row(key) for key in every_key()),
        ]
    )


def insert_table(text: str) -> str:
    """The same Markdown with the current table between its two markers.

    Raises `ValueError` unless each marker is there once, in this order.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end or START in rest or END in before + after:
        raise ValueError(f"write {START} and {END} once each, in this order, around the table")
    return f"{before}{START}\n{configuration_table()}\n{END}{after}"


def main(arguments: Sequence[str]) -> None:
    """Rewrite the table in the one file named. Raises `SystemExit` with a sentence if it can't."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m bot.configuration_table README.md")
    document = Path(arguments[0])
    try:
        document.write_text(insert_table(document.read_text(encoding="utf-8")), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SystemExit(f"{document}: {error}") from None


def _row(key: Key) -> str:
    default = "none" if key.secret else f"`{key.default}`"
    cells = (f"`{key.name}`", default, key.allowed, key.description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    main(sys.argv[1:])
