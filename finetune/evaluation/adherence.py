"""Whether jokes are about what was asked for."""

from collections.abc import Callable, Sequence
from importlib import resources

from finetune.candidates import Candidate
from finetune.evaluation.bootstrap import Figure, ratio_figure, share_figure
from finetune.mentions import mentions
from finetune.selection import Choice, Selector

__all__ = ["CANDIDATES", "ROUNDS", "TOPICS", "adherence", "evaluation_topics"]

TOPICS = 100
"""How many topics ship for this measure."""

CANDIDATES = 4
ROUNDS = 3
"""Candidates a request and rounds while nothing fits: the bot's defaults."""


def evaluation_topics(count: int = TOPICS) -> list[str]:
    """A hundred topics as members type them, or fewer of all kinds."""
    path = resources.files("finetune") / "evaluation" / "topics.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    topics = [line for line in lines if line and not line.startswith("#")]
    return [topics[place * len(topics) // count] for place in range(count)]


def adherence(
    draw: Callable[[Sequence[str], int], Sequence[Sequence[Candidate]]],
    topics: Sequence[str],
    *,
    selector: Selector,
    seed: int,
) -> dict[str, Figure]:
    """Share of jokes that mention their topic: of all first candidates, and as the bot tells them.

    `draw` returns some candidates for each topic and takes the number of the round. As told means
    the selector's first choice, drawn again up to `ROUNDS` times while nothing fits; a topic for
    which nothing fits at all counts as missed. Topics are resampled, not single jokes.
    """
    first = draw(topics, 0)
    hits = [
        sum(mentions(candidate.text, topic) for candidate in candidates)
        for topic, candidates in zip(topics, first, strict=True)
    ]
    told = _told(draw, topics, first, selector)
    return {
        "topic_raw": ratio_figure(hits, [len(candidates) for candidates in first], seed=seed),
        "topic_told": share_figure(
            [topic in told and mentions(told[topic].text, topic) for topic in topics], seed=seed
        ),
    }


def _told(
    draw: Callable[[Sequence[str], int], Sequence[Sequence[Candidate]]],
    topics: Sequence[str],
    first: Sequence[Sequence[Candidate]],
    selector: Selector,
) -> dict[str, Choice]:
    told: dict[str, Choice] = {}
    waiting, drawn = list(topics), first
    for number in range(1, ROUNDS + 1):
        for topic, candidates in zip(waiting, drawn, strict=True):
            choices = selector.choices(candidates, opening=None, topic=topic)
            if choices:
                told[topic] = choices[0]
        waiting = [topic for topic in waiting if topic not in told]
        if not waiting or number == ROUNDS:
            break
        drawn = draw(waiting, number)
    return told
