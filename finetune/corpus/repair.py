"""Mends what scraping does to a joke, and nothing else."""

import html
import re

from ftfy import TextFixerConfig, fix_text

from finetune.moderation.characters import keep_only_allowed

__all__ = ["repair"]

_FIXES = TextFixerConfig(uncurl_quotes=False, unescape_html=False, fix_line_breaks=True)

# What is longer can be no joke to show, and mending it would only take time.
_LONGEST = 20_000

_TAG = re.compile(r"</?(?:br|p|div|span|b|i|u|em|strong|font|hr|blockquote)\b[^<>]{0,100}>", re.I)
_BLANKS = re.compile(r"\s+")
_LEADING_LABEL = re.compile(
    r"^(?:[\[(](?:OC|NSFW|joke|meta|request)[\])][:\s]*|(?:joke|title)\s*:\s+)+", re.I
)
_QUESTION_LABEL = re.compile(r"^Q(?:uestion)?\s*[:.)]\s*(?=\S)|(?<=[.!?] )Q:\s+(?=\S)", re.I)
_ANSWER_LABEL = re.compile(r"""(?<=[\s?.!"”])A(?:nswer)?\s?[:)]\s*(?=\S)|(?<=[?] )A[.]\s+(?=\S)""")
_TRAILING_WORD = re.compile(
    r"\#\w+|(?:https?://|www\.|pic\.twitter\.com/)\S*|[\[(](?:OC|NSFW|x-?post)[\])]", re.I
)
_READ_MORE = re.compile(r"(?<=\S) read more(?:\.\.\.|…)?$", re.I)
_SPACE_BEFORE_MARK = re.compile(r"""(?<=\w)\s+([?!,]+|\.(?!\s\.))(?=[\s"”]|$)""")
_LOST_APOSTROPHE = re.compile(r"(?<=[a-z])\?(?=(?:s|t|re|ll|ve|d|m)\b)", re.I)
_MISSING_SPACE = re.compile(r"""(?<=[a-z]{2})([.!?]+)(["”]?)(?=["“]?[A-Z][a-z' ])""")
_QUOTES = {'"': '"', "“": "”"}
_LAST_LETTER = re.compile(r"[\w%$€£+°]$")
_CUT_OFF = re.compile(
    r"\b(?:the|an?|and|or|but|of|because|my|your|their|if|than|i['’]m|\w+['’]re)$", re.I
)
_KNOCK_KNOCK = re.compile(r"^(knock[\s,.!-]*knock)[\s.!,-]*(?=who)", re.I)
_KNOCK_QUESTION = re.compile(r"\b(who['’]s there|who)\s?!(?=\s|$)", re.I)
_DOTS = re.compile(r"(?:\.\s?){4,}|\.(?:\s\.){2,}")
_MARKS = re.compile(r"([!?])\1{3,}")


def repair(text: str) -> str:
    """The joke on one line with its encoding mended and labels, markup and trailing tags removed.

    A dialogue's lines are joined by single spaces. A joke that ends in a word gets the full stop it
    lacks, unless the word shows that more was to come. Repairing the result again changes nothing.
    """
    before, text = None, text[:_LONGEST]
    # One repair can uncover what the next one mends, as an entity inside quotes does.
    while text != before:
        before, text = text, _repaired_once(text)
    return text


def _repaired_once(text: str) -> str:
    while (plain := html.unescape(text)) != text:
        text = plain
    text = fix_text(_TAG.sub(" ", text), config=_FIXES)
    text = keep_only_allowed(_BLANKS.sub(" ", text)).strip()
    text = _LEADING_LABEL.sub("", text)
    if _QUESTION_LABEL.match(text):
        text = _ANSWER_LABEL.sub(" ", _QUESTION_LABEL.sub("", text))
    text = _READ_MORE.sub("", _without_trailing_words(text))
    text = _SPACE_BEFORE_MARK.sub(r"\1", _LOST_APOSTROPHE.sub("'", text))
    text = _MISSING_SPACE.sub(_spaced, text)
    text = _DOTS.sub("... ", _MARKS.sub(r"\1\1\1", text))
    text = _BLANKS.sub(" ", _without_quotes(_knock_knock(text))).strip()
    return f"{text}." if _LAST_LETTER.search(text) and not _CUT_OFF.search(text) else text


def _spaced(joint: re.Match[str]) -> str:
    """The end of a sentence with the space before or after the quotation mark that follows it."""
    opens = joint[2] == '"' and joint.string.count('"', 0, joint.start()) % 2 == 0
    return f"{joint[1]} {joint[2]}" if opens else f"{joint[0]} "


def _knock_knock(text: str) -> str:
    """A knock-knock joke with a question mark after its questions, as most are not written."""
    knocked, times = _KNOCK_KNOCK.subn(r"\1. ", text)
    return _KNOCK_QUESTION.sub(r"\1?", knocked) if times else text


def _without_trailing_words(text: str) -> str:
    words = text.split(" ")
    while len(words) > 1 and _TRAILING_WORD.fullmatch(words[-1]):
        words.pop()
    return " ".join(words)


def _without_quotes(text: str) -> str:
    """The text without the one pair of quotes around all of it."""
    inner = text[1:-1]
    closing = _QUOTES.get(text[:1])
    is_quoted = closing is not None and len(text) > 1 and text[-1] == closing
    return text if not is_quoted or any(mark in inner for mark in '"“”') else inner.strip()
