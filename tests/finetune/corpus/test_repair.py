"""What scraping broke is mended, and everything else stays as it was told."""

import pytest
from hypothesis import given

from finetune.corpus.repair import repair
from tests.clean_jokes import CLEAN_JOKES
from tests.hostile import hostile_texts


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("Itâ€™s a trap, said the cheese.", "It’s a trap, said the cheese."),
        ("Salt &amp;amp; pepper walk in.", "Salt & pepper walk in."),
        ("One line<br/>and<br>another.", "One line and another."),
        ("  Two\n\nlines\tand  gaps. ", "Two lines and gaps."),
        ("Q: Why the ladder? A: It was high.", "Why the ladder? It was high."),
        ("Q. Why the ladder?  A. It was high.", "Why the ladder? It was high."),
        ("Question: Why me? Answer: Luck.", "Why me? Luck."),
        ("[OC] A cat walks home.", "A cat walks home."),
        ("Joke: A cat walks home.", "A cat walks home."),
        ('"A cat walks home."', "A cat walks home."),
        ("“A cat walks home.”", "A cat walks home."),
        ("A cat walks home. #cat #home http://t.co/x", "A cat walks home."),
        ("A cat walks home. Read more...", "A cat walks home."),
        ("What's green ? A frog !", "What's green? A frog!"),
        ("What?s green?", "What's green?"),
        ("He went home.She stayed.", "He went home. She stayed."),
        ('"Stay!"He went home.', '"Stay!" He went home.'),
        ('He went home."Stay!" she said.', 'He went home. "Stay!" she said.'),
        ("Wait...... . . what", "Wait... what."),
        ("Really?!!!!!!!!", "Really?!!!"),
        ("A cat walks home", "A cat walks home."),
        (
            "Knock Knock Who's there ! Bing ! Bing who ! Bing down the house !",
            "Knock Knock. Who's there? Bing! Bing who? Bing down the house!",
        ),
    ],
)
def test_breakage_is_mended(broken: str, mended: str) -> None:
    assert repair(broken) == mended


@pytest.mark.parametrize(
    "text",
    [
        '"I was married" said the man "and never again."',
        "The vitamin A: what a story.",
        "The shop is called Yahoo.com and nobody knows why.",
        "Dr. Who and Mr. T meet at 3.15 p.m. in the U.S. Embassy.",
        "I bought 3 #1 mugs today.",
        "Call me :)",
        "The end is near and the",
    ],
)
def test_what_only_looks_broken_stays(text: str) -> None:
    assert repair(text) == text


@pytest.mark.parametrize("joke", CLEAN_JOKES)
def test_a_clean_joke_only_comes_on_one_line(joke: str) -> None:
    assert repair(joke).removesuffix(".") == " ".join(joke.split()).removesuffix(".")


def test_a_book_costs_no_more_than_its_beginning() -> None:
    assert len(repair("&amp;" * 1_000_000 + "#tag " * 1_000_000)) < 20_000


@given(hostile_texts())
def test_repairing_twice_changes_nothing_more(text: str) -> None:
    assert repair(repair(text)) == repair(text)
