"""Each tier's share of refused jokes, and that none of them comes through the filter."""

from finetune.candidates import Candidate
from finetune.evaluation.offence import after_filter, refused_shares
from finetune.moderation import Tier
from finetune.novelty import NoveltyIndex
from finetune.selection import Selector
from tests.tiny import tiny_jokes
from tests.twins.moderator import BAD_TONE, RUDE, small_moderator

CLEAN = tiny_jokes()[:6]
TEXTS = [*CLEAN, f"Why did the duck say {RUDE}? It quacked up.", f"Two ducks {BAD_TONE} together."]


def candidates(texts: list[str]) -> list[Candidate]:
    return [Candidate(text=text, tokens=9, score=-1, complete=True) for text in texts]


def test_every_tier_has_a_share_of_its_own() -> None:
    shares = refused_shares(TEXTS, moderator=small_moderator(), seed=0)
    assert {name: figure.value for name, figure in shares.items()} == {
        "offensive_family": 2 / 8,
        "offensive_standard": 1 / 8,
        "offensive_adult": 0,
    }


def test_nothing_offensive_comes_through_the_filter() -> None:
    moderator = small_moderator()
    novelty = NoveltyIndex.build(CLEAN[:1])
    selector = Selector(moderator=moderator, tier=Tier.FAMILY, novelty=novelty)
    figures = after_filter(candidates(TEXTS), selector=selector, moderator=moderator, seed=0)
    assert figures["filtered"].value == 3 / 8
    assert figures["offensive_after_filter"].value == 0


def test_a_filter_that_does_not_work_is_found_out() -> None:
    moderator = small_moderator()
    selector = Selector(moderator=moderator, tier=Tier.ADULT)
    figures = after_filter(candidates(TEXTS), selector=selector, moderator=moderator, seed=0)
    assert figures["offensive_after_filter"].value == 2 / 8


def test_where_everything_is_kept_back_there_is_no_share_of_the_rest() -> None:
    moderator = small_moderator()
    selector = Selector(moderator=moderator, tier=Tier.FAMILY)
    figures = after_filter(candidates(TEXTS[-2:]), selector=selector, moderator=moderator, seed=0)
    assert set(figures) == {"filtered"}
    assert figures["filtered"].value == 1
