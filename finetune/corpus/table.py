"""The table of a prepared corpus as a person reads it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from finetune.corpus.jokes import HELD_OUT, TRAIN

__all__ = ["summary_table"]


def summary_table(summary: Mapping[str, Any]) -> RenderableType:
    """Rows, drops by cause with examples, lengths and topics of the saved table."""
    return Group(_rows(summary), _figures(summary))


def _rows(summary: Mapping[str, Any]) -> Table:
    sources: Mapping[str, Mapping[str, Any]] = summary["sources"]
    examples: Mapping[str, list[str]] = summary["examples"]
    several = len(sources) > 1
    table = Table(title="Corpus")
    table.add_column("")
    for name in sources:
        table.add_column(Text(name), justify="right")
    if several:
        table.add_column("all", justify="right")
    table.add_column("for example", overflow="ellipsis", no_wrap=True, max_width=48)

    def add(label: str, counts: list[int], example: str = "", style: str = "") -> None:
        cells = [f"{count:,}" for count in (*counts, *([sum(counts)] if several else []))]
        table.add_row(label, *cells, Text(example), style=style)

    add("rows in", [source["rows"] for source in sources.values()])
    add("broken", [source["broken"] for source in sources.values()])
    for cause in next(iter(sources.values()))["dropped"]:
        counts = [source["dropped"][cause] for source in sources.values()]
        if any(counts):
            add(cause, counts, examples.get(cause, [""])[0])
    add("kept", [source["kept"] for source in sources.values()], style="bold")
    return table


def _figures(summary: Mapping[str, Any]) -> Table:
    jokes, words, topics = summary["jokes"], summary["words"], summary["topics"]
    table = Table(show_header=False)
    table.add_row("train / held out", f"{jokes.get(TRAIN, 0):,} / {jokes.get(HELD_OUT, 0):,}")
    table.add_row("words a joke", ", ".join(f"{name} {value:g}" for name, value in words.items()))
    table.add_row("with a topic", f"{topics['share']:.1%}, {topics['distinct']:,} different ones")
    frequent = topics["most_frequent"].items()
    table.add_row("frequent topics", Text(", ".join(f"{name} {times}" for name, times in frequent)))
    return table
