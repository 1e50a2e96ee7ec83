"""Whatever a joke holds, Discord shows it as it is and nobody is pinged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fronts.discord.escaping import LONGEST_MESSAGE, escaped, excerpt
from tests.platforms.discord.mentions import pinged

SIGNS = st.text(alphabet="\\`*_~|<>[]()@#&!:/-+.0123 \n\tadehiknorsvy", max_size=300)
PIECES = st.lists(
    st.sampled_from(
        [
            "@everyone",
            "@here",
            "<@123>",
            "<@!123>",
            "<@&7>",
            "<#9>",
            "</joke:5>",
            "<:duck:5>",
            "<t:1:R>",
            "https://example.org",
            "discord.gg/abc",
            "[click](https://example.org)",
            "**bold**",
            "||spoiler||",
            "```",
            "\\",
            "\n# title",
            "\n-# small",
            "\n- item",
            "\n1. item",
            "\n> quote",
            "\n>>> quote",
            " words ",
        ]
    ),
    max_size=20,
).map("".join)
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[`*_~|<>\[\]]")


def plain(text: str) -> str:
    """What Discord shows of an escaped text."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@given(SIGNS | PIECES)
def test_nobody_is_pinged_and_nothing_is_formatted(text: str) -> None:
    safe = escaped(text)
    assert safe.strip()
    assert pinged(safe, None) == frozenset()
    assert len(safe) <= LONGEST_MESSAGE
    assert not UNESCAPED.search(safe)
    assert not re.search(r"(?m)^\s*(?:#{1,3} |-# |[-+] |[0-9]+\. )", safe)
    assert "://" not in safe.replace("\\:", "")
    assert "discord.gg/" not in safe


@given(SIGNS | PIECES)
def test_what_is_shown_is_what_was_written(text: str) -> None:
    assert plain(escaped(text)) == text.strip() or not text.strip()


@given(st.text(alphabet="*_[]<>@#-:/1. \nx", min_size=1990, max_size=2000) | st.text())
def test_a_joke_that_fits_is_never_cut(text: str) -> None:
    safe = escaped(text)
    assert len(safe) <= LONGEST_MESSAGE
    assert pinged(safe, None) == frozenset()
    if len(text.strip()) > LONGEST_MESSAGE // 2 + 1:
        assert len(safe) >= len(text.strip())


@given(SIGNS | PIECES | st.text(), st.integers(min_value=2, max_value=200))
def test_an_excerpt_is_one_line_of_limited_length(text: str, limit: int) -> None:
    cut = excerpt(text, limit)
    assert 0 < len(cut) <= limit
    assert len(cut.splitlines()) == 1
    assert pinged(cut, None) == frozenset()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a * b_c", "a \\* b\\_c"),
        ("It's 3.5 - or - 4? (Ha!)", "It's 3.5 - or - 4? (Ha!)"),
        ("12. one\n2) two", "12\\. one\n2\\) two"),
        ("see https://a.b/c_d", "see https\\://a.b/c\\_d"),
        ("¯\\_(ツ)_/¯", "¯\\\\\\_(ツ)\\_/¯"),
        ("me@home", "me@\u200bhome"),
        ("  ", "…"),
    ],
)
def test_examples(text: str, safe: str) -> None:
    assert escaped(text) == safe


def test_a_short_text_is_its_own_excerpt() -> None:
    assert excerpt("a\nshort text", 170) == "a short text"
    assert excerpt("word " * 100, 20).endswith("…")
