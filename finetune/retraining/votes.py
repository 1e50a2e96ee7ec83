"""A frozen file of votes: one JSON object a line, read strictly; this module needs no torch."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

__all__ = ["Vote", "Votes", "VotesError", "balanced_weights", "read_votes"]

_HEAVIEST = 1e6


class VotesError(Exception):
    """Votes that nothing can be learned from; the message is one sentence for a person."""


@with_config(ConfigDict(extra="forbid", strict=True))
@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """What was told after a prompt, and whether it was liked.

    `prompt` is the text that the template makes, `completion` what the model wrote after it. The
    last three say where the joke was told, and nothing is learned from them.
    """

    prompt: str
    completion: Annotated[str, Field(pattern=r"\S")]
    label: bool
    weight: Annotated[float, Field(ge=0, le=_HEAVIEST, allow_inf_nan=False)] = 1.0
    joke_id: str | int | None = None
    model_version: str | None = None
    told_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Votes:
    """The votes of a file that weigh something; `sha256` is that of its bytes."""

    path: Path
    sha256: str
    votes: Sequence[Vote]

    def of(self, *, liked: bool) -> list[Vote]:
        """The votes of one kind."""
        return [vote for vote in self.votes if vote.label is liked]

    def require(self, *, liked: int, disliked: int) -> None:
        """Raises `VotesError` that says how many are missing of either kind."""
        short = []
        for wanted, kind in ((liked, True), (disliked, False)):
            found, word = len(self.of(liked=kind)), "liked" if kind else "disliked"
            if found < wanted:
                short.append(f"{wanted - found} more {word} (it has {found} of {wanted})")
        if short:
            raise VotesError(f"{self.path} has too few votes: {' and '.join(short)} are missing.")

    def summary(self) -> dict[str, Any]:
        """What a version records of the votes it learned from."""
        return {
            "sha256": self.sha256,
            **{
                word: {
                    "jokes": len(self.of(liked=kind)),
                    "weight": round(sum(vote.weight for vote in self.of(liked=kind)), 6),
                }
                for word, kind in (("liked", True), ("disliked", False))
            },
        }


_LINE = TypeAdapter(Vote)


def read_votes(path: Path) -> Votes:
    """The votes of a file; those without any weight are set aside.

    Raises `VotesError` when the file is empty or a line of it is no vote.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VotesError(f"{path} cannot be read: {error.strerror or error}.") from None
    votes = tuple(vote for vote in _lines(path, content) if vote.weight > 0)
    if not votes:
        raise VotesError(f"{path} holds no votes.")
    return Votes(path=path, sha256=hashlib.sha256(content).hexdigest(), votes=votes)


def _lines(path: Path, content: bytes) -> Iterator[Vote]:
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        if not content.strip():
            return
        try:
            yield _LINE.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "".join(f"{part}: " for part in first["loc"])
            raise VotesError(
                f"Line {number} of {path} is no vote: {where}{first['msg']}."
            ) from None


def balanced_weights(votes: Sequence[Vote], *, balance: float) -> list[float]:
    """The weights of the votes, with mean one and all liked ones `balance` times all disliked.

    Ethayarajh et al. (2024, https://arxiv.org/abs/2402.01306, section 4.2) weigh unbalanced votes
    so that this ratio is between 1 and 4/3. Votes of one kind only are scaled to mean one.
    """
    mass = {
        kind: sum(vote.weight for vote in votes if vote.label is kind) for kind in (True, False)
    }
    share = {True: balance / (1 + balance), False: 1 / (1 + balance)}
    if not all(mass.values()):
        share = {True: 1.0, False: 1.0}
    return [vote.weight * share[vote.label] * len(votes) / mass[vote.label] for vote in votes]
