"""Nested settings and summaries as tables that a page can show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.report.metrics import figure_text, interval_text, metric_label, metric_note
from finetune.report.numbers import label, value_text

__all__ = ["Cell", "Table", "metric_table", "tables_of"]

_ROWS = 40
_LEFT_OUT = frozenset({"examples", "schema"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A value; `note` stands smaller beneath it."""

    text: str
    numeric: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under a caption; the first cell of a row is its heading. `left_out` rows are not shown.

    `head` is empty for a table of names and values.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left_out: int = 0


def metric_table(metrics: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Table:
    """A row a metric, a column for each thing measured."""
    names = dict.fromkeys(name for column in metrics.values() for name in column)
    rows = []
    for name in names:
        row = [Cell(text=metric_label(name), note=metric_note(name))]
        for column in metrics.values():
            figure = column.get(name, {})
            row.append(
                Cell(text=figure_text(name, figure), numeric=True, note=interval_text(name, figure))
            )
        rows.append(row)
    return Table(
        caption="Figures with their 95 % intervals",
        head=["Metric", *map(label, metrics)],
        rows=rows,
    )


def tables_of(content: Mapping[str, Any], *, caption: str) -> list[Table]:
    """A table of the plain values, then one for each part that has parts of its own.

    Examples are left out: a version carries no training text, least of all what was not fit for it.
    """
    content = _without_examples(content)
    plain = {name: value for name, value in content.items() if not _has_parts(value)}
    tables = [_pairs(caption, plain)] if plain else []
    tables += [
        table
        for name, value in content.items()
        if _has_parts(value)
        for table in _part(label(name), value)
    ]
    return tables


def _without_examples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_examples(inner) for name, inner in value.items() if name not in _LEFT_OUT
        }
    if isinstance(value, list | tuple):
        return [_without_examples(inner) for inner in value]
    return value


def _has_parts(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value)


def _part(caption: str, value: Any) -> Iterator[Table]:
    if not isinstance(value, Mapping):
        yield _records(caption, [("", each) for each in value if isinstance(each, Mapping)])
        return
    records = [(str(name), each) for name, each in value.items() if isinstance(each, Mapping)]
    plain = {name: each for name, each in value.items() if not isinstance(each, Mapping)}
    if plain:
        yield _pairs(caption, plain)
    if records:
        yield _records(caption, records)


def _pairs(caption: str, content: Mapping[str, Any]) -> Table:
    rows = [
        [Cell(text=label(str(name))), Cell(text=value_text(value))]
        for name, value in content.items()
    ]
    return _table(caption, [], rows)


def _records(caption: str, records: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    """A row a record, or a column where the records have more parts than there are records."""
    flat = [(name, _flat(record)) for name, record in records]
    columns = list(dict.fromkeys(column for _, record in flat for column in record))
    if len(columns) > len(flat) and all(name for name, _ in flat):
        rows = [
            [Cell(text=label(column)), *(_cell(record.get(column)) for _, record in flat)]
            for column in columns
        ]
        return _table(caption, ["", *(label(name) for name, _ in flat)], rows)
    rows = [
        [Cell(text=label(name) or str(number)), *(_cell(record.get(column)) for column in columns)]
        for number, (name, record) in enumerate(flat, start=1)
    ]
    return _table(caption, ["", *map(label, columns)], rows)


def _flat(record: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, before=f"{before}{name}: ")
        else:
            flat[f"{before}{name}"] = value
    return flat


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    return Table(caption=caption, head=head, rows=rows[:_ROWS], left_out=max(0, len(rows) - _ROWS))


def _cell(value: Any) -> Cell:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(text=value_text(value), numeric=numeric)
