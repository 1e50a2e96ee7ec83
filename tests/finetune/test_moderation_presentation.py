"""What the model wrote is shown only when it reads like a joke, whole and on its own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.moderation import clean_prompt, presentable
from tests.clean_jokes import CLEAN_JOKES
from tests.hostile import LONG_TEXTS, hostile_texts

JOKE = "Why did the cat sit down? It was tired."


@pytest.mark.parametrize("joke", CLEAN_JOKES)
def test_a_joke_is_shown_as_it_is(joke: str) -> None:
    assert presentable(joke, opening=None) == joke


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"  \n{JOKE}  \n\n", JOKE),
        ("Knock knock.   \nWho's there?\t\nA cat.", "Knock knock.\nWho's there?\nA cat."),
        ("One cat.\n\n\n\n\nTwo cats sat.", "One cat.\n\nTwo cats sat."),
        ("One cat.\r\nTwo\tcats  sat.", "One cat.\nTwo cats sat."),
        ("A cafe\u0301 with cats", "A café with cats"),
    ],
)
def test_whitespace_is_tidied(written: str, shown: str) -> None:
    assert presentable(written, opening=None) == shown


@pytest.mark.parametrize("written", ["", " \n ", "...!?", "—", "Ha.", "Two words.", "🙂🙂🙂"])
def test_what_says_nothing_is_no_joke(written: str) -> None:
    assert presentable(written, opening=None) is None


@pytest.mark.parametrize(
    "debris",
    [
        "JOKE: {}",
        "Joke : {}",
        "{} JOKE: {}",
        "TOPIC: cats\n{}",
        "{}\nOpening: none",
        "<|im_start|>{}",
        "{}<|endoftext|>",
        "{}<|im_end|>\n",
        "{}</s>",
        "[INST] {}",
        "Assistant: {}",
        "{}\nUser: another one",
        "**Assistant:** {}",
        "Here's a joke for you. {}",
        "Here’s another joke: {}",
        "Here is a short and funny joke about cats. {}",
        "Sure! {}",
        "Sure, here you go. {}",
        "Certainly! {}",
        "As an AI language model I may say: {}",
        "I'm an AI, yet {}",
        "I'm sorry, but that is not nice. {}",
        "I cannot help with that. {}",
        "```\n{}\n```",
        "### Response\n{}",
        "{}<br>Ha",
        '<a href="x">{}</a>',
        "{} &amp; more",
    ],
)
def test_what_is_left_of_a_template_or_an_assistant_is_no_joke(debris: str) -> None:
    assert presentable(debris.replace("{}", JOKE), opening=None) is None


@pytest.mark.parametrize(
    "joke",
    [
        "My boss told me a joke today. I am still laughing at my payslip.",
        "I'm sorry, I haven't a cat. Will a dog do?",
        '"Surely you can join us?" "I can, but don\'t call me Shirley."',
        "The user manual said: open the box first. The manual was in the box.",
        "Roses are red, 2 < 3, and my cat > your cat.",
    ],
)
def test_words_of_a_template_may_stand_in_a_sentence(joke: str) -> None:
    assert presentable(joke, opening=None) == joke


@pytest.mark.parametrize(
    "loop",
    [
        "the cat sat down " * 3,
        "I asked why. " + "and then the dog said " * 5,
        "no " * 8,
        "It was a cat.\nIt was a cat.",
        "It was a cat.\nWhy?\nIt was a cat.\nHow?\nIt was a cat.",
        "my dog is my cat, my dog is my fish, my dog is my bird, my dog is my cow, my dog is my ox",
        "Why did the cat go " + "a" * 60,
    ],
)
def test_a_loop_is_no_joke(loop: str) -> None:
    assert presentable(loop, opening=None) is None


def test_a_knock_knock_joke_may_repeat_itself() -> None:
    joke = (
        "Knock knock.\nWho's there?\nBanana.\nBanana who?\n"
        "Knock knock.\nWho's there?\nOrange.\nOrange who?\nOrange you glad I didn't say banana?"
    )
    assert presentable(joke, opening=None) == joke


@pytest.mark.parametrize(
    "address",
    [
        "@everyone",
        "0@everyone@everyone",
        "@here",
        "@somebody",
        "<@123456>",
        "<@!123456>",
        "<@&123456>",
        "<#123456>",
        "<:smile:123456>",
        "<a:smile:123456>",
        "<t:1700000000>",
        "https://example.org/x",
        "HTTP://EXAMPLE.ORG",
        "www.example.org",
        "example.com",
        "t.me/someone",
        "discord.gg/abc",
        "me@example.org",
        "555-867-5309",
        "(555) 867-5309",
        "867-5309",
        "+44 20 7946 0958",
        "5558675309",
        "06 12 34 56 78",
    ],
)
def test_a_joke_calls_nobody_and_leads_nowhere(address: str) -> None:
    assert presentable(f"{JOKE} Ask {address} about it.", opening=None) is None


@pytest.mark.parametrize(
    "harmless",
    [
        "I meet my cat @ noon, at 5 p.m.",
        "It cost $1,000,000,000 in 1999-2005.",
        "Pi is about 3.14159265, said the cat.",
        "My cats are 4-2 up, and it is 12:30 on 24.12.2025.",
    ],
)
def test_an_ordinary_number_or_sign_is_no_address(harmless: str) -> None:
    assert presentable(harmless, opening=None) == harmless


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x0b", "\u200b", "\u202e", "\ud800", "\ufffe"])
def test_a_joke_with_a_forbidden_character_is_refused(char: str) -> None:
    assert presentable(JOKE + char, opening=None) is None
    assert presentable(f"{JOKE[:5]}{char}{JOKE[5:]}", opening=JOKE[:2]) is None


class TestOpening:
    """A joke asked for with its first words begins with exactly these."""

    def test_it_stands_unchanged(self) -> None:
        opening = "Why  did the "
        assert presentable(f"{opening}cat sit? ", opening=opening) == f"{opening}cat sit?"

    def test_it_may_be_cut_inside_a_word(self) -> None:
        assert presentable("Why did the programmer quit?", opening="Why did the program") == (
            "Why did the programmer quit?"
        )

    def test_whitespace_the_model_put_before_it_goes(self) -> None:
        assert presentable("\n Why did the cat sit?", opening="Why did") == "Why did the cat sit?"

    @pytest.mark.parametrize("written", ["What did the cat do?", "why did the cat sit?", ""])
    def test_a_joke_that_begins_otherwise_is_refused(self, written: str) -> None:
        assert presentable(written, opening="Why did") is None

    @pytest.mark.parametrize(
        "written", ["Why did the cat", "Why did the cat ...", "Why did the cat\n"]
    )
    def test_a_joke_that_adds_nothing_is_refused(self, written: str) -> None:
        assert presentable(written, opening="Why did the cat") is None

    @pytest.mark.parametrize(
        "opening", ["JOKE: why", "Sure! I said", "<|endoftext|> why", "``` why"]
    )
    def test_a_member_may_open_with_what_would_be_debris(self, opening: str) -> None:
        joke = f"{opening} did the cat sit down?"
        assert presentable(joke, opening=opening) == joke

    def test_debris_after_it_is_still_refused(self) -> None:
        assert presentable("Why did the cat JOKE: sit down?", opening="Why did the cat") is None

    @pytest.mark.parametrize(
        "opening", ["@everyone why", "Look at https://example.org", "a\x00b c"]
    )
    def test_what_may_stand_in_no_joke_may_not_open_one(self, opening: str) -> None:
        assert presentable(f"{opening} did the cat sit?", opening=opening) is None

    def test_an_empty_opening_is_none(self) -> None:
        assert presentable(f" {JOKE}", opening="") == JOKE


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_a_hundred_thousand_characters_are_no_joke(kind: str) -> None:
    assert presentable(LONG_TEXTS[kind], opening=None) is None
    assert presentable(LONG_TEXTS[kind][:2_000], opening=None) in (None, LONG_TEXTS[kind][:2_000])


@given(hostile_texts())
def test_what_is_shown_can_be_shown_again_and_hides_nothing(text: str) -> None:
    shown = presentable(text, opening=None)
    if shown is None:
        return
    assert presentable(shown, opening=None) == shown
    assert shown == shown.strip()
    assert "\n\n\n" not in shown
    assert "@everyone" not in shown
    assert "<|" not in shown
    categories = {unicodedata.category(char) for char in shown if char not in "\n\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Co"}


@given(opening=hostile_texts(), rest=hostile_texts(), tail=st.sampled_from(["", " cat sat down."]))
def test_the_opening_of_what_is_shown_is_the_members(opening: str, rest: str, tail: str) -> None:
    opening = clean_prompt(opening, limit=10_000)
    shown = presentable(opening + rest + tail, opening=opening)
    if shown is None:
        return
    assert shown.startswith(opening)
    assert presentable(shown, opening=opening) == shown
    categories = {unicodedata.category(char) for char in shown if char not in "\n\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Co"}
