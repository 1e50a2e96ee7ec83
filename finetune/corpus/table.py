"""The table of a prepared corpus as a person reads it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from finetune.corpus.jokes import HELD_OUT, TRAIN

__all__ = ["summary_table"]


def summary_table(summary: Mapping[str, Any]) -> RenderableType:
    """Rows by source, drops by cause with an example, lengths and topics of the saved table."""
    causes = _causes(summary)
    return Group(_sources(summary), *([causes] if causes.row_count else ()), _figures(summary))


def _sources(summary: Mapping[str, Any]) -> Table:
    sources: Mapping[str, Mapping[str, Any]] = summary["sources"]
    table = Table("source", title="Corpus", title_justify="left", show_footer=len(sources) > 1)
    table.columns[0].footer = "all"
    columns = [
        ("rows", [source["rows"] for source in sources.values()]),
        ("broken", [source["broken"] for source in sources.values()]),
        ("dropped", [sum(source["dropped"].values()) for source in sources.values()]),
        ("kept", [source["kept"] for source in sources.values()]),
    ]
    for label, counts in columns:
        table.add_column(label, justify="right", footer=f"{sum(counts):,}")
    for name, *counts in zip(sources, *(counts for _, counts in columns), strict=True):
        table.add_row(Text(name), *(f"{count:,}" for count in counts))
    return table


def _causes(summary: Mapping[str, Any]) -> Table:
    sources: Mapping[str, Mapping[str, Any]] = summary["sources"]
    rows = sum(source["rows"] for source in sources.values())
    table = Table(expand=True)
    table.add_column("dropped because", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("for example", overflow="ellipsis", no_wrap=True, ratio=1)
    for cause in next(iter(sources.values()))["dropped"]:
        times = sum(source["dropped"][cause] for source in sources.values())
        if times:
            example = summary["examples"].get(cause, [""])[0]
            table.add_row(cause, f"{times:,}", f"{times / rows:.1%}", Text(example))
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
