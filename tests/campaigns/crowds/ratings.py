"""Real jokes with the ratings of readers, as votes."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.corpus.split import is_held_out
from finetune.moderation import Moderator, Tier, fingerprint, presentable
from finetune.retraining.votes import Vote
from finetune.template import plain_prompt

__all__ = ["RatedVotes", "chosen_votes", "read_ratings", "split_votes", "write_votes"]

_LIKED, _DISLIKED, _LOWEST = 4.0, 2.0, 1.0
_LONGEST_WORDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedVotes:
    """Votes to learn from, and votes on other jokes to judge by."""

    train: Sequence[Vote]
    held_out: Sequence[Vote]


def read_ratings(path: Path) -> list[tuple[str, float]]:
    """Jokes and their ratings from 1 to 5, of a JSON list of objects with `body` and `rating`.

    Raises `ValueError`.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [(str(row["body"]), float(row["rating"])) for row in rows]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is no list of jokes with body and rating: {error}") from error


def chosen_votes(rated: Iterable[tuple[str, float]], *, moderator: Moderator) -> list[Vote]:
    """One vote for each short joke that was clearly liked or not, and that a bot might tell.

    A mean of 4 and more is an upvote, of 2 and less a downvote; 0 is not rated. Each joke once.
    """
    jokes: dict[str, Vote] = {}
    for body, rating in rated:
        text = presentable(" ".join(body.split()), opening=None)
        if text is None or len(text.split()) > _LONGEST_WORDS:
            continue
        if _LOWEST <= rating <= _DISLIKED or rating >= _LIKED:
            vote = Vote(
                prompt=plain_prompt(topic=None, opening=None),
                completion=f" {text}",
                label=rating >= _LIKED,
            )
            jokes.setdefault(fingerprint(text), vote)
    votes = list(jokes.values())
    verdicts = moderator.verdicts([vote.completion for vote in votes], tier=Tier.ADULT)
    return [vote for vote, verdict in zip(votes, verdicts, strict=True) if verdict.allowed]


def split_votes(votes: Sequence[Vote], *, held_out: float, most: int, seed: int) -> RatedVotes:
    """Held out by the joke's own hash, as the bot does it; at most so many to learn from."""
    sides: tuple[list[Vote], list[Vote]] = ([], [])
    for vote in votes:
        sides[is_held_out(vote.completion.strip(), share=held_out)].append(vote)
    train = random.Random(seed).sample(sides[False], min(most, len(sides[False])))
    return RatedVotes(train=train, held_out=sides[True])


def write_votes(path: Path, votes: Iterable[Vote]) -> None:
    """A votes file with the three fields that count, and weight 1."""
    lines = [
        {
            "prompt": vote.prompt,
            "completion": vote.completion,
            "label": vote.label,
            "weight": vote.weight,
        }
        for vote in votes
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
