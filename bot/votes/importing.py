"""Reads the votes that another instance has exported."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.votes.lines import written_joke
from bot.votes.rows import ImportedJoke, ImportedVote
from finetune.moderation import PromptTooLong, clean_prompt

__all__ = ["VotesFileError", "read_votes"]

_LONGEST_PROMPT = 2_000
_LONGEST_JOKE = 10_000
_MEMBERS = ("source", "member")
_COLUMNS = frozenset(
    (*_MEMBERS, "vote", "voted_at", "topic", "opening", "text", "model_version", "told_at")
)
_KEYS = frozenset(("prompt", "completion", "label", "model_version", "told_at"))


class VotesFileError(Exception):
    """A file of votes cannot be read or written, in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A joke and one vote on it, as a line has them; nobody's vote has no member."""

    joke: ImportedJoke
    member: str | None
    value: int
    voted_at: datetime


def read_votes(path: Path) -> list[ImportedJoke]:
    """The jokes of a .jsonl (format kto) or .csv export, each with all its votes.

    Lines of format kto do not say who voted, so each is a vote of somebody else. Raises
    `VotesFileError`.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".csv"):
        raise VotesFileError(
            f"{path} is neither .jsonl nor .csv; export it with --format kto or csv."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            numbered = _table_rows(path, file) if kind == ".csv" else _json_lines(path, file)
            return _gathered(numbered)
    except OSError as error:
        raise VotesFileError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise VotesFileError(f"{path} is not UTF-8.") from None
    except csv.Error as error:
        raise VotesFileError(f"{path} is not a table in CSV: {error}.") from None


def _gathered(read: Iterable[_Read]) -> list[ImportedJoke]:
    jokes: dict[str, ImportedJoke] = {}
    votes: dict[str, dict[str, ImportedVote]] = {}
    nobody: Counter[tuple[str, int]] = Counter()
    for one in read:
        key = one.joke.key
        jokes.setdefault(key, one.joke)
        member = one.member
        if member is None:
            # The same file gives the same names again, so that nothing doubles.
            nobody[key, one.value] += 1
            member = f"{key}:{one.value}:{nobody[key, one.value]}"
        vote = ImportedVote(member=member, value=one.value, voted_at=one.voted_at)
        votes.setdefault(key, {})[member] = vote
    return [replace(joke, votes=tuple(votes[key].values())) for key, joke in jokes.items()]


def _json_lines(path: Path, lines: Iterable[str]) -> Iterator[_Read]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            if not isinstance(content, dict) or not content.keys() >= _KEYS:
                raise ValueError("it is no line of format kto")
            yield _from_line(content)
        except (ValueError, RecursionError, OverflowError, PromptTooLong) as error:
            raise _broken(path, number, error) from None


def _table_rows(path: Path, lines: Iterable[str]) -> Iterator[_Read]:
    table = csv.DictReader(lines, strict=True)
    missing = sorted(_COLUMNS.difference(table.fieldnames or ()))
    if missing:
        raise VotesFileError(f"{path} has no column {missing[0]}; export it with --format csv.")
    for row in table:
        try:
            if None in row.values():
                raise ValueError("it has too few columns")
            yield _from_row(row)
        except (ValueError, OverflowError, PromptTooLong) as error:
            raise _broken(path, table.line_num, error) from None


def _from_line(content: dict[str, Any]) -> _Read:
    texts = [content[key] for key in ("prompt", "completion", "model_version", "told_at")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(content["label"], bool):
        raise ValueError("a value is of the wrong kind")
    prompt, completion, version, told_at = texts
    topic, opening, text = written_joke(prompt, completion)
    joke = _joke(topic=topic, opening=opening, text=text, version=version, told_at=told_at)
    value = 1 if content["label"] else -1
    return _Read(joke=joke, member=None, value=value, voted_at=joke.told_at)


def _from_row(row: dict[str, str]) -> _Read:
    joke = _joke(
        topic=row["topic"],
        opening=row["opening"],
        text=row["text"],
        version=row["model_version"],
        told_at=row["told_at"],
    )
    if row["vote"] not in ("1", "-1"):
        raise ValueError("a vote is 1 or -1")
    return _Read(
        joke=joke,
        member=":".join(row[name] for name in _MEMBERS),
        value=int(row["vote"]),
        voted_at=_moment(row["voted_at"]),
    )


def _joke(
    *, topic: str | None, opening: str | None, text: str, version: str, told_at: str
) -> ImportedJoke:
    _check(text, version)
    return ImportedJoke(
        topic=clean_prompt(topic or "", limit=_LONGEST_PROMPT) or None,
        opening=clean_prompt(opening or "", limit=_LONGEST_PROMPT) or None,
        text=text,
        model_version=version,
        told_at=_moment(told_at),
        votes=(),
    )


def _check(*texts: str) -> None:
    if not all(text.strip() for text in texts):
        raise ValueError("a text is empty")
    if any(len(text) > _LONGEST_JOKE for text in texts):
        raise ValueError(f"a text has more than {_LONGEST_JOKE} characters")


def _moment(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time has no zone")
    return time.astimezone(UTC)


def _broken(path: Path, number: int, error: Exception) -> VotesFileError:
    reason = str(error).partition("\n")[0].rstrip(".")
    return VotesFileError(f"{path}, line {number}: {reason}.")
