"""Who a member is, as far as the store may know: a keyed hash of the platform's id."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from bot.store.directory import sync_directory
from bot.store.errors import StoreError
from bot.store.refusals import check_text

__all__ = ["KEY_FILE", "MemberHasher", "keep_key", "member_key"]

KEY_FILE = "member.key"
_KEY_BYTES = 32
_HASH_CHARACTERS = 32
_KEY = re.compile(r"[0-9a-fA-F]{64}")


class MemberHasher:
    """Turns a platform's id of a member into 32 hexadecimal characters.

    The same member of the same front-end always gets the same ones; without the key nobody can
    tell who they are, or try ids until one fits.
    """

    def __init__(self, *, key: bytes) -> None:
        self._key = key

    def hash(self, front: str, member: str) -> str:
        """Raises `ValueError` for a front-end's name with a colon, and for unstorable text."""
        if ":" in front:
            raise ValueError("The name of a front-end has no colon.")
        check_text(front, member)
        message = f"{front}:{member}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_HASH_CHARACTERS]


def member_key(directory: Path) -> bytes:
    """The key kept in the directory, made on first use and readable by its owner alone.

    Call it while holding the directory's lock. Raises `StoreError` when the file is broken.
    """
    path = directory / KEY_FILE
    try:
        if not path.exists():
            _write(path, secrets.token_bytes(_KEY_BYTES))
        content = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise StoreError(f"Cannot read or create {path}: {error.strerror}.") from error
    if not _KEY.fullmatch(content):
        raise StoreError(
            f"{path} is damaged (it should hold 64 hexadecimal characters); restore your copy of"
            " it, or remove it and accept that earlier votes no longer belong to anyone."
        )
    return bytes.fromhex(content)


def keep_key(directory: Path, key: bytes) -> None:
    """Make this the key of a directory. Raises `StoreError` when it has another one."""
    path = directory / KEY_FILE
    if not path.exists():
        _write(path, key)
    elif member_key(directory) != key:
        raise StoreError(f"{path} is another key than the one that belongs there; move it away.")


def _write(path: Path, key: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_directory(path.parent)
