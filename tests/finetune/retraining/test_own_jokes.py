"""Where the corpus leaves no choice, a version tells jokes to choose from itself."""

import torch

from finetune.moderation import Moderator, Tier
from finetune.novelty import NoveltyIndex
from finetune.retraining.own_jokes import own_jokes
from finetune.training.learner import Learner
from tests.finetune.retraining.material import silent


def test_every_joke_is_another_one_and_fit_to_be_told(parent: Learner) -> None:
    told = own_jokes(parent, count=40, topics=["cat"], taught=None, seed=3, progress=silent)
    assert 0 < len(told) <= 40
    assert len({joke.text for joke in told}) == len(told)
    verdicts = Moderator.load().verdicts([joke.text for joke in told], tier=Tier.ADULT)
    assert all(verdict.allowed for verdict in verdicts)


def test_a_joke_knows_its_topic_only_where_it_mentions_it(parent: Learner) -> None:
    told = own_jokes(parent, count=60, topics=["cat"], taught=None, seed=3, progress=silent)
    assert {joke.topics for joke in told} <= {(), ("cat",)}
    assert all("cat" in joke.text.lower() for joke in told if joke.topics)


def test_what_it_was_taught_is_no_joke_of_its_own(parent: Learner) -> None:
    free = own_jokes(parent, count=40, topics=[], taught=None, seed=3, progress=silent)
    taught = NoveltyIndex.build([free[0].text])
    told = own_jokes(parent, count=40, topics=[], taught=taught, seed=3, progress=silent)
    assert free[0] not in told
    assert {joke.text for joke in told} < {joke.text for joke in free}


def test_a_seed_tells_the_same_jokes_again_and_leaves_training_as_it_was(parent: Learner) -> None:
    parent.model.train()
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    told = [
        own_jokes(parent, count=20, topics=[], taught=None, seed=5, progress=silent)
        for _ in range(2)
    ]
    assert told[0] == told[1]
    assert told[0] != own_jokes(parent, count=20, topics=[], taught=None, seed=6, progress=silent)
    assert parent.model.training
    assert torch.equal(torch.rand(3), expected)


def test_how_far_it_is_is_said(parent: Learner) -> None:
    heard: list[tuple[int, int]] = []
    own_jokes(
        parent,
        count=40,
        topics=[],
        taught=None,
        seed=1,
        progress=lambda stage, step, of: heard.append((step, of)),
    )
    assert heard == [(0, 40), (32, 40), (40, 40)]
