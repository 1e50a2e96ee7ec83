"""Mends what scraping does to a joke, and nothing else."""

import html
import re

from ftfy import TextFixerConfig, fix_text

from finetune.moderation.characters import keep_only_allowed

__all__ = ["repair"]

_FIXES = TextFixerConfig(uncurl_quotes=False, unescape_html=False, fix_line_breaks=True)
_MOST_ESCAPES = 2

_TAG = re.compile(r"</?(?:br|p|div|span|b|i|u|em|strong|font|hr|blockquote)\b[^<>]{0,100}>", re.I)
_BLANKS = re.compile(r"\s+")
_LEADING_LABEL = re.compile(
    r"^(?:[\[(](?:OC|NSFW|joke|meta|request)[\])][:\s]*|(?:joke|title)\s*:\s+)+", re.I
)
_QUESTION_LABEL = re.compile(r"^Q(?:uestion)?\s*[:.)]\s*(?=\S)|(?<=[.!?] )Q:\s+(?=\S)", re.I)
_ANSWER_LABEL = re.compile(r"""(?<=[\s?.!"”])A(?:nswer)?\s?[:)]\s*(?=\S)|(?<=[?] )A[.]\s+(?=\S)""")
_TRAILING = re.compile(
    r"(?:\s+(?:\#\w+|(?:https?://|www\.|pic\.twitter\.com/)\S*|read\ more(?:\.\.\.|…)?|[\[(](?:OC|NSFW|x-?post)[\])]))+\s*$",
    re.I,
)
_SPACE_BEFORE_MARK = re.compile(r"""(?<=\w)\s+([?!,]+|\.(?!\s\.))(?=[\s"”]|$)""")
_LOST_APOSTROPHE = re.compile(r"(?<=[a-z])\?(?=(?:s|t|re|ll|ve|d|m)\b)", re.I)
_MISSING_SPACE = re.compile(r"""((?<=[a-z]{2})[.!?]+["”]?)(?=["“]?[A-Z][a-z' ])""")
_QUOTES = {'"': '"', "“": "”"}
_LAST_LETTER = re.compile(r"[\w%$€£+°]$")
_CUT_OFF = re.compile(
    r"\b(?:the|an?|and|or|but|of|because|my|your|their|if|than|i['’]m|\w+['’]re)$", re.I
)
_KNOCK_KNOCK = re.compile(r"^(knock)[\s,.!-]*(knock)[\s.!,-]*(?=who)", re.I)
_KNOCK_QUESTION = re.compile(r"\b(who['’]s there|who)\s?!(?=\s|$)", re.I)
_DOTS = re.compile(r"(?:\.\s?){4,}|\.(?:\s\.){2,}")
_MARKS = re.compile(r"([!?])\1{3,}")


def repair(text: str) -> str:
    """The joke on one line with its encoding mended and labels, markup and trailing tags removed.

    A dialogue's lines are joined by single spaces. A joke that ends in a word gets the full stop it
    lacks, unless the word shows that more was to come. Repairing the result again changes nothing.
    """
    before = None
    # One repair can uncover what the next one mends, as an entity inside quotes does.
    while text != before:
        before, text = text, _repaired_once(text)
    return text


def _repaired_once(text: str) -> str:
    for _ in range(_MOST_ESCAPES):
        text = html.unescape(text)
    text = fix_text(_TAG.sub(" ", text), config=_FIXES)
    text = keep_only_allowed(_BLANKS.sub(" ", text)).strip()
    text = _LEADING_LABEL.sub("", text)
    if _QUESTION_LABEL.match(text):
        text = _ANSWER_LABEL.sub(" ", _QUESTION_LABEL.sub("", text))
    text = _TRAILING.sub("", text)
    text = _SPACE_BEFORE_MARK.sub(r"\1", _LOST_APOSTROPHE.sub("'", text))
    text = _MISSING_SPACE.sub(r"\1 ", text)
    text = _DOTS.sub("... ", _MARKS.sub(r"\1\1\1", text))
    text = _BLANKS.sub(" ", _without_quotes(_knock_knock(text))).strip()
    return f"{text}." if _LAST_LETTER.search(text) and not _CUT_OFF.search(text) else text


def _knock_knock(text: str) -> str:
    """A knock-knock joke with a question mark after its questions, as most are not written."""
    knocked, times = _KNOCK_KNOCK.subn(r"\1 \2. ", text)
    return _KNOCK_QUESTION.sub(r"\1?", knocked) if times else text


def _without_quotes(text: str) -> str:
    """The text without the one pair of quotes around all of it."""
    inner = text[1:-1]
    closing = _QUOTES.get(text[:1])
    is_quoted = closing is not None and len(text) > 1 and text[-1] == closing
    return text if not is_quoted or any(mark in inner for mark in '"“”') else inner.strip()
