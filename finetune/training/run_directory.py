"""The directory of a run: whether it is new, to be gone on with, or somebody else's."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.training.checkpoints import last_whole_checkpoint
from finetune.training.failures import TrainingError

__all__ = ["enter_run", "left_only_with_checkpoints"]

_RECORD = "run.json"


def enter_run(directory: Path, *, record: Mapping[str, Any], resume: bool, restart: bool) -> None:
    """Make the directory ready for a run of what `record` says: its recipe, data and parent.

    An unfinished run is gone on with only on purpose and only with the same record, or removed
    with `restart`. Raises `TrainingError`.
    """
    begun = _read(directory)
    if begun is not None and restart:
        shutil.rmtree(directory)
    elif begun is not None and not resume:
        raise TrainingError(
            f"{directory} holds an unfinished run; go on with --resume, or --restart to lose it."
        )
    elif begun is not None and begun != record:
        changed = ", ".join(sorted(_changed(begun, record)))
        raise TrainingError(
            f"{directory} was begun with another {changed}; take back the change, or --restart."
        )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _RECORD
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")
    fresh.rename(path)


@contextmanager
def left_only_with_checkpoints(directory: Path) -> Iterator[None]:
    """Removes a run that fails before its first checkpoint: there is nothing to go on with."""
    try:
        yield
    except Exception:
        if last_whole_checkpoint(directory) is None:
            shutil.rmtree(directory, ignore_errors=True)
        raise


def _read(directory: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((directory / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{directory / _RECORD} cannot be read: {error}.") from None
    return content if isinstance(content, dict) else {}


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """What differs, as dotted keys one level deep."""
    keys = set()
    for key in before.keys() | now.keys():
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            keys |= {f"{key}.{inner}" for inner in _changed(one, other)}
        elif one != other:
            keys.add(key)
    return keys
