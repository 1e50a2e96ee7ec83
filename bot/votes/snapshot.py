"""The votes a model learns from, frozen: two files of lines, and what is to be known of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.settings import LearningSettings
from bot.votes.choosing import Chosen, TooFewVotesError, choose
from bot.votes.floods import Flood
from bot.votes.lines import moment, vote_line
from bot.votes.rows import VoteRow
from bot.votes.weights import Weighing, weigh
from finetune.durable import sync, write_whole

__all__ = ["Snapshot", "VotesFile", "freeze"]

_SCHEMA = 1
_NAME_CHARACTERS = 12
_READ_ONLY = 0o444


@dataclass(frozen=True, kw_only=True, slots=True)
class VotesFile:
    """One frozen file: its path, its sha256 and what is in it."""

    path: Path
    sha256: str
    votes: int
    up: int
    down: int
    jokes: int
    members: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Votes to learn from and votes to judge by; `description` is the JSON file beside them.

    `weighing` is that of the votes to learn from, `voters` says how many of them are whose.
    `withheld` counts votes on jokes that were hidden or found offensive, `floods` are set aside for
    the admin to see.
    """

    name: str
    description: Path
    train: VotesFile
    held_out: VotesFile
    weighing: Weighing
    voters: Mapping[str, int]
    withheld: int
    floods: tuple[Flood, ...]


def freeze(rows: Iterable[VoteRow], *, rules: LearningSettings, directory: Path) -> Snapshot:
    """Choose and weigh the votes and write them down for good.

    The name is made of the content, so the same votes chosen in the same way give the same files
    and no others ever have their name. Each side is weighed
    by itself. The description is written last: where it is, all is there. Raises
    `TooFewVotesError`, and `OSError` when the disk does not take it.
    """
    chosen = choose(rows, rules)
    shortage = chosen.shortage(rules.minimum_votes)
    if shortage:
        raise TooFewVotesError(shortage)
    sides = [_Side.of(votes, rules) for votes in (chosen.train, chosen.held_out)]
    circumstances = {"parameters": rules.model_dump(mode="json"), "set_aside": _set_aside(chosen)}
    content = json.dumps([[side.sha256 for side in sides], circumstances])
    name = f"votes-{_sha256(content)[:_NAME_CHARACTERS]}"
    train, held_out = (
        side.write(directory / f"{name}{ending}")
        for side, ending in zip(sides, (".jsonl", ".held-out.jsonl"), strict=True)
    )
    snapshot = Snapshot(
        name=name,
        description=directory / f"{name}.json",
        train=train,
        held_out=held_out,
        weighing=sides[0].weighing,
        voters=Counter(row.member for row in chosen.train),
        withheld=len(chosen.withheld),
        floods=chosen.floods,
    )
    described = {**_described(snapshot), **circumstances}
    text = json.dumps(described, indent=2, ensure_ascii=False)
    _write_for_good(snapshot.description, text + "\n")
    return snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    votes: Sequence[VoteRow]
    weighing: Weighing
    text: str
    sha256: str

    @classmethod
    def of(cls, votes: Sequence[VoteRow], rules: LearningSettings) -> "_Side":
        weighing = weigh(
            [row.member for row in votes],
            member_share=rules.member_share,
            clique_share=rules.clique_share,
        )
        text = "".join(map(vote_line, votes, weighing.weights))
        return cls(votes=votes, weighing=weighing, text=text, sha256=_sha256(text))

    def write(self, path: Path) -> VotesFile:
        _write_for_good(path, self.text)
        up = sum(row.value > 0 for row in self.votes)
        return VotesFile(
            path=path,
            sha256=self.sha256,
            votes=len(self.votes),
            up=up,
            down=len(self.votes) - up,
            jokes=len({row.joke_id for row in self.votes}),
            members=len({row.member for row in self.votes}),
        )


def _write_for_good(path: Path, text: str) -> None:
    write_whole(path, text)
    path.chmod(_READ_ONLY)
    sync(path)
    sync(path.parent)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _described(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "name": snapshot.name,
        "train": _file(snapshot.train),
        "held_out": _file(snapshot.held_out),
        "top_voters": {
            "before": asdict(snapshot.weighing.before),
            "after": asdict(snapshot.weighing.after),
        },
    }


def _set_aside(chosen: Chosen) -> dict[str, Any]:
    return {
        "hidden_or_offensive": len(chosen.withheld),
        "flooded": chosen.flooded,
        "floods": [_flood(flood) for flood in chosen.floods],
    }


def _file(votes: VotesFile) -> dict[str, Any]:
    return {**asdict(votes), "path": votes.path.name}


def _flood(flood: Flood) -> dict[str, Any]:
    up = sum(row.value > 0 for row in flood.votes)
    return {
        "front": flood.community.front,
        "community": flood.community.key,
        "from": moment(flood.votes[0].voted_at),
        "to": moment(flood.votes[-1].voted_at),
        "members": len({row.member for row in flood.votes}),
        "up": up,
        "down": len(flood.votes) - up,
    }
