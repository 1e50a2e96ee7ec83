"""Parquet files."""

from pathlib import Path

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources.rows import Rows, joke_in, no_text_column, text_column

__all__ = ["parquet_rows"]

_BATCH = 1024


def parquet_rows(path: Path) -> Rows:
    """The jokes of a Parquet file, a batch in memory at a time. Raises `CorpusError`."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            columns = file.schema_arrow.names
            if text_column(columns) is None:
                raise CorpusError(no_text_column(path, columns))
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from map(joke_in, batch.to_pylist())
    except (ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise CorpusError(f"{path} cannot be read as Parquet: {reason}.") from None
