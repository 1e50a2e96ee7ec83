"""The kinds of files and data sets that jokes are read from, one a module."""

from finetune.corpus.sources.opening import open_source
from finetune.corpus.sources.rows import RawJoke, Source

__all__ = ["RawJoke", "Source", "open_source"]
