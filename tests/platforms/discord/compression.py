"""Transport compression of the gateway: one stream for a whole connection."""

import importlib
import importlib.util
import zlib
from typing import Any, Protocol

__all__ = ["Stream", "stream_for"]


class Stream(Protocol):
    """Turns the text of one gateway message into the frame that carries it."""

    def frame(self, message: str) -> str | bytes:
        """The frame, text or binary."""


class _Plain:
    def frame(self, message: str) -> str:
        return message


class _Zlib:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj()

    def frame(self, message: str) -> bytes:
        return self._compressor.compress(message.encode()) + self._compressor.flush(
            zlib.Z_SYNC_FLUSH
        )


class _Zstandard:
    """For a client whose environment has the `zstandard` package, which this then has too."""

    def __init__(self) -> None:
        package: Any = importlib.import_module("zstandard")
        self._compressor = package.ZstdCompressor().compressobj()
        self._flush_block = package.COMPRESSOBJ_FLUSH_BLOCK

    def frame(self, message: str) -> bytes:
        return bytes(
            self._compressor.compress(message.encode()) + self._compressor.flush(self._flush_block)
        )


class _StandardZstandard:
    """For a client on Python 3.14 or later, whose standard library speaks it."""

    def __init__(self) -> None:
        module: Any = importlib.import_module("compression.zstd")
        self._compressor = module.ZstdCompressor()

    def frame(self, message: str) -> bytes:
        return bytes(self._compressor.compress(message.encode(), self._compressor.FLUSH_BLOCK))


def stream_for(name: str | None) -> Stream:
    """The stream a client asked for. Raises `ValueError` for a name Discord does not know."""
    if name is None:
        return _Plain()
    if name == "zlib-stream":
        return _Zlib()
    if name == "zstd-stream":
        if importlib.util.find_spec("zstandard") is not None:
            return _Zstandard()
        return _StandardZstandard()
    raise ValueError(name)
