"""How much worse than the champion a candidate may be; this module needs no torch."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Limits", "LimitsError", "read_limits"]

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class LimitsError(Exception):
    """Limits that mean nothing; the message is one sentence for a person."""


class Limits(BaseModel):
    """The most that each figure may be worse than the champion's, by the figure's name.

    `loss` and `distinct_2` are relative changes, `agreement` is the least AUC; all others are
    differences of shares, so 0.02 are two percentage points.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: _Share = 0.05
    agreement: _Share = 0.5
    complete: _Share = 0.02
    looping: _Share = 0.01
    distinct_2: _Share = 0.15
    copied: _Share = 0.02
    near_duplicates: _Share = 0.02
    offensive_family: _Share = 0.05
    offensive_after_filter: _Share = 0.005
    topic_told: _Share = 0.05

    def of(self, name: str) -> float:
        """The limit of a figure."""
        limit: float = getattr(self, name)
        return limit


def read_limits(file: Path | None, changes: Iterable[str] = ()) -> Limits:
    """Limits from a JSON file, or the defaults, with changes like `loss=0.1`.

    Raises `LimitsError`.
    """
    try:
        limits = Limits.model_validate_json(file.read_bytes()) if file else Limits()
        changed = dict(_parts(change) for change in changes)
        return Limits.model_validate({**limits.model_dump(), **changed})
    except OSError as error:
        raise LimitsError(f"{file} cannot be read: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"])) or "the whole"
        known = ", ".join(Limits.model_fields)
        raise LimitsError(f"Limit {name}: {first['msg']}. There are: {known}.") from None


def _parts(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals:
        raise LimitsError(f"{change} changes nothing; write it like loss=0.1.")
    return name.strip(), value.strip()
