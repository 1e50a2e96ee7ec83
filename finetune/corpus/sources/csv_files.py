"""CSV files such as Kaggle's Short Jokes: `ID,Joke`."""

import csv
from pathlib import Path

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources.rows import Rows, joke_in, no_text_column, text_column
from finetune.corpus.sources.text_files import mended, opened

__all__ = ["csv_rows"]

_LONGEST_CELL = 1 << 20


def csv_rows(path: Path) -> Rows:
    """The jokes of a CSV file whose first line names its columns. Raises `CorpusError`."""
    csv.field_size_limit(_LONGEST_CELL)
    with opened(path) as lines:
        table = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        try:
            columns = next(table, [])
        except csv.Error as error:
            raise CorpusError(f"{path} is no CSV file: {error}.") from None
        if text_column(columns) is None:
            raise CorpusError(no_text_column(path, map(mended, columns)))
        while True:
            try:
                cells = next(table, None)
            except csv.Error:
                yield None
                continue
            if cells is None:
                return
            if cells:
                fits = len(cells) == len(columns)
                yield joke_in(dict(zip(columns, map(mended, cells), strict=True))) if fits else None
