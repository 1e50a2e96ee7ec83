"""`punchline models list` and `show`: a table and a tree for people, lines and JSON otherwise."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from bot.fronts.model_table import MODEL_NUMBERS, model_rows
from bot.fronts.tables import aligned
from bot.languages import ENGLISH
from bot.learning.known import Known
from bot.learning.version_facts import facts, made_at, title

__all__ = ["listing_as_json", "show_lineage", "show_listing"]

_VERSION, _PARENT = 0, 2
_KEPT = {True: "here", False: "gone", None: "elsewhere"}
_INDENT = "  "


def show_listing(listed: Sequence[Known], *, console: Console) -> None:
    """Print a row a version; off a terminal no line is broken."""
    heading, *rows = _rows(listed)
    if not console.is_terminal:
        for line in aligned([heading, *rows], right=MODEL_NUMBERS):
            console.print(Text(line), soft_wrap=True)
        return
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for place, name in enumerate(heading):
        table.add_column(name, justify="right" if place in MODEL_NUMBERS else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def listing_as_json(listed: Sequence[Known]) -> str:
    """The same as a JSON array, figures unrounded."""
    return json.dumps([_json(known) for known in listed], indent=2, ensure_ascii=False)


def show_lineage(lineage: Sequence[Known], *, console: Console) -> None:
    """Print a version and what it was taught further from, each beneath the one it became."""
    if not console.is_terminal:
        for depth, known in enumerate(lineage):
            for place, line in enumerate((_titled(known, depth), *facts(known))):
                indent = _INDENT * (depth + (place > 0))
                console.print(Text(f"{indent}{line}"), soft_wrap=True)
        return
    root = branch = Tree(Text(_titled(lineage[0], 0), style="bold"))
    for depth, known in enumerate(lineage):
        if depth:
            branch = branch.add(Text(_titled(known, depth), style="bold"))
        for fact in facts(known):
            branch.add(Text(fact))
    console.print(root)


def _titled(known: Known, depth: int) -> str:
    return f"from {title(known)}" if depth else title(known)


def _rows(listed: Sequence[Known]) -> list[tuple[str, ...]]:
    heading, *rows = model_rows([known.line for known in listed], ENGLISH)
    whole = [(*heading, "made", "files")]
    for known, row in zip(listed, rows, strict=True):
        cells = list(row)
        # In full, since they are what other commands are given.
        cells[_VERSION] = known.line.version
        cells[_PARENT] = known.parent or cells[_PARENT]
        whole.append((*cells, made_at(known) or "–", _KEPT[known.kept]))
    return whole


def _json(known: Known) -> dict[str, Any]:
    line = known.line
    votes = line.up + line.down
    return {
        "version": line.version,
        "role": line.role.value if line.role else None,
        "parent": known.parent,
        "learned_votes": line.learned_votes,
        "up": line.up,
        "down": line.down,
        "liked": line.up / votes if votes else None,
        "low": line.low,
        "high": line.high,
        "jokes": line.jokes,
        "made_at": known.made.created_at.isoformat() if known.made else None,
        "kept": known.kept,
    }
