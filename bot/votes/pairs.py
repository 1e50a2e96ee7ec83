"""Pairs of a liked and a disliked joke on the same topic, as DPO learns from them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.jokes import Community
from bot.votes.lines import completion_of, prompt_of
from bot.votes.rows import VoteRow

__all__ = ["USES", "Pair", "pair_line", "pairs"]

USES = 4
"""Pairs that one joke may be in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two jokes after one prompt, each as one of its votes."""

    chosen: VoteRow
    rejected: VoteRow


@dataclass(kw_only=True, slots=True)
class _Side:
    """The jokes of one prompt by what is thought of them, best and worst first."""

    liked: list[tuple[float, VoteRow]] = field(default_factory=list)
    disliked: list[tuple[float, VoteRow]] = field(default_factory=list)

    def pairs(self) -> list[Pair]:
        liked, disliked = (
            [row for _, row in sorted(side, key=lambda joke: (-abs(joke[0]), joke[1].joke_id))]
            for side in (self.liked, self.disliked)
        )
        fewer = min(len(liked), len(disliked))
        # The shorter list goes round until its jokes have been used often enough.
        count = min(max(len(liked), len(disliked)), fewer * USES)
        return [
            Pair(chosen=liked[i % len(liked)], rejected=disliked[i % len(disliked)])
            for i in range(count)
        ]


def pairs(votes: Sequence[VoteRow], weights: Sequence[float]) -> list[Pair]:
    """Liked jokes over disliked ones that answer the same wish in the same community.

    A joke is liked if its upvotes weigh more than its downvotes. A wish is a topic, an opening or
    both, in any case of letters; jokes about anything are not compared. The longer side has each
    joke in one pair at most, the other in `USES`.
    """
    scores: dict[int, float] = {}
    jokes: dict[int, VoteRow] = {}
    for row, weight in zip(votes, weights, strict=True):
        scores[row.joke_id] = scores.get(row.joke_id, 0.0) + row.value * weight
        jokes.setdefault(row.joke_id, row)
    wishes: dict[tuple[Community, str], _Side] = {}
    for joke_id, row in sorted(jokes.items()):
        score = scores[joke_id]
        if score and (row.topic or row.opening):
            side = wishes.setdefault((row.community, prompt_of(row).casefold()), _Side())
            (side.liked if score > 0 else side.disliked).append((score, row))
    return [pair for side in wishes.values() for pair in side.pairs()]


def pair_line(pair: Pair) -> str:
    """A JSON object in TRL's preference format, with its line end."""
    content = {
        "prompt": prompt_of(pair.chosen),
        "chosen": completion_of(pair.chosen),
        "rejected": completion_of(pair.rejected),
        "chosen_id": pair.chosen.joke_id,
        "rejected_id": pair.rejected.joke_id,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"
