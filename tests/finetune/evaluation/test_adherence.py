"""How often jokes mention their topic: candidate by candidate, and as the bot would tell them."""

from collections.abc import Sequence

import pytest

from finetune.candidates import Candidate
from finetune.evaluation.adherence import CANDIDATES, ROUNDS, adherence, evaluation_topics
from finetune.moderation import Moderator, Tier
from finetune.selection import Selector
from tests.twins.moderator import RUDE, small_moderator

TOPICS = ("cats", "rain", "chess", "tea")


@pytest.fixture
def selector() -> Selector:
    return Selector(moderator=small_moderator(), tier=Tier.FAMILY)


def candidate(text: str, score: float = -1.0) -> Candidate:
    return Candidate(text=text, tokens=9, score=score, complete=True)


def about(topic: str) -> Candidate:
    return candidate(f"I told a joke about {topic} and nobody laughed.", score=-9)


def beside() -> Candidate:
    return candidate("I told a joke about nothing and nobody laughed.")


def refused(topic: str) -> Candidate:
    return candidate(f"What {RUDE} about {topic} is this again?")


def test_one_candidate_on_topic_is_enough_to_tell_one(selector: Selector) -> None:
    def draw(topics: Sequence[str], number: int) -> list[list[Candidate]]:
        return [[beside(), about(topic), beside(), beside()] for topic in topics]

    figures = adherence(draw, TOPICS, selector=selector, seed=0)
    assert figures["topic_raw"].value == 0.25
    assert figures["topic_told"].value == 1


def test_a_joke_beside_the_topic_is_told_and_counts_as_missed(selector: Selector) -> None:
    def draw(topics: Sequence[str], number: int) -> list[list[Candidate]]:
        return [[beside() if topic == "tea" else about(topic)] * 2 for topic in topics]

    figures = adherence(draw, TOPICS, selector=selector, seed=0)
    assert figures["topic_raw"].value == figures["topic_told"].value == 0.75


def test_candidates_are_drawn_again_only_where_nothing_fits(selector: Selector) -> None:
    asked: list[Sequence[str]] = []

    def draw(topics: Sequence[str], number: int) -> list[list[Candidate]]:
        asked.append(tuple(topics))
        return [
            [refused(topic) if topic == "rain" and number < 2 else about(topic)] for topic in topics
        ]

    figures = adherence(draw, TOPICS, selector=selector, seed=0)
    assert asked == [TOPICS, ("rain",), ("rain",)]
    assert figures["topic_told"].value == 1
    assert figures["topic_raw"].value == 1


def test_a_topic_for_which_nothing_ever_fits_is_missed(selector: Selector) -> None:
    rounds: list[int] = []

    def draw(topics: Sequence[str], number: int) -> list[list[Candidate]]:
        rounds.append(number)
        return [[refused(topic)] for topic in topics]

    figures = adherence(draw, TOPICS, selector=selector, seed=0)
    assert figures["topic_told"].value == 0
    assert rounds == list(range(ROUNDS))


def test_fewer_topics_are_still_of_all_kinds() -> None:
    topics = evaluation_topics()
    assert evaluation_topics(4) == [topics[0], topics[25], topics[50], topics[75]]


def test_the_settings_are_the_bots(pytestconfig: pytest.Config) -> None:
    written = (pytestconfig.rootpath / "config.toml").read_text(encoding="utf-8").splitlines()
    assert f"candidates = {CANDIDATES}" in written
    assert f"rounds = {ROUNDS}" in written


def test_a_hundred_different_topics_ship_and_a_family_may_ask_for_each() -> None:
    topics = evaluation_topics()
    moderator = Moderator.load()
    assert len({topic.lower() for topic in topics}) == len(topics) == 100
    assert [each for each in topics if not moderator.allows_prompt(each, Tier.FAMILY)] == []
