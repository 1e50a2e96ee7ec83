"""Topics are what a member would type to be told this joke."""

import pytest
from hypothesis import given

from finetune.corpus.topics import TopicFinder
from finetune.corpus.wordlists import topic_nouns, topic_stopwords
from finetune.mentions import mentions
from finetune.moderation import Moderator, Tier
from tests.clean_jokes import CLEAN_JOKES
from tests.hostile import hostile_texts


@pytest.fixture(scope="module")
def finder() -> TopicFinder:
    return TopicFinder.load()


@pytest.mark.parametrize(
    ("joke", "topics"),
    [
        ("What do you call a fish with no eyes? A fsh.", {"fish"}),
        ("Why did the rooster run away? He was chicken!", {"rooster", "chicken"}),
        ("How many parrots change a light bulb? Two.", {"parrots", "light bulb"}),
        ("Where did the kittens go? - To a mewseum.", {"kittens"}),
        ("My cat's favourite cat food is my dinner.", {"cat food", "dinner"}),
        ("I asked Batman about the weather there.", {"batman", "weather"}),
        ("I never saw Waldo at the airport.", {"waldo", "airport"}),
        ("A guy walks into a bar and says something.", set()),
        ("The difference between people is the way they say things.", set()),
        ("Winning the Lottery by Jack Pottinger.", {"lottery"}),
        ("One highway, no other highways.", {"highways"}),
        ("", set()),
    ],
)
def test_a_joke_is_about_its_nouns(finder: TopicFinder, joke: str, topics: set[str]) -> None:
    assert set(finder.topics(joke)) == topics


def test_what_is_repeated_matters_most(finder: TopicFinder) -> None:
    joke = "The baker met a spider in the library. The spider said nothing about the spider."
    assert finder.topics(joke)[0] == "spider"


@pytest.mark.parametrize("joke", CLEAN_JOKES)
def test_a_joke_mentions_its_topics(finder: TopicFinder, joke: str) -> None:
    topics = finder.topics(joke)
    assert all(topic in joke.lower() and mentions(joke, topic) for topic in topics)


@given(hostile_texts())
def test_topics_of_any_text_stand_in_it(text: str) -> None:
    finder = TopicFinder(nouns={"cat": 0, "light bulb": 1}, stopwords=frozenset({"the"}))
    for topic in finder.topics(text):
        assert topic in text.lower().replace("’", "'")


def test_the_lists_are_fit_for_families() -> None:
    moderator = Moderator.load()
    listed = [*topic_nouns(), *topic_stopwords()]
    # Read a hundred at a time, because each reading has its price.
    pages = [listed[at : at + 100] for at in range(0, len(listed), 100)]
    doubtful = [page for page in pages if not moderator.allows_prompt(", ".join(page), Tier.FAMILY)]
    suspects = [word for page in doubtful for word in page]
    assert not [word for word in suspects if not moderator.allows_prompt(word, Tier.FAMILY)]
    assert all(word == word.lower() and len(word) > 2 for word in listed)
    assert len(set(topic_nouns())) == len(topic_nouns())
