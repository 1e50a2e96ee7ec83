"""Decides whether what the model wrote can be shown as a joke at all."""

import re

from finetune.moderation.addresses import has_address
from finetune.moderation.characters import forbidden_in, is_plain, keep_only_allowed
from finetune.moderation.repetition import is_looping

__all__ = ["LONGEST_JOKE", "presentable"]

LONGEST_JOKE = 2000
"""Characters that fit into one message on every platform."""

_FEWEST_WORDS = 3
_WORD = re.compile(r"[^\W_]+")

_LINE_END = re.compile(r"\r\n?")
_BLANKS = re.compile(r"[^\S\n\v\f\x1c-\x1f\x85]+")
_BLANKS_AT_LINE_END = re.compile(r" +(?=\n|\Z)")
_EMPTY_LINES = re.compile(r"\n{3,}")

_DEBRIS = re.compile(
    r"""
      <\|  |  \|>                                      # special tokens of chat templates
    | </?(?:s|pad|unk|bos|eos|sep|cls|mask|think|im_start|im_end)>
    | \[/?(?:INST|PAD|UNK|CLS|SEP|MASK|EOS|BOS|TOPIC|JOKE|OPENING)\]
    | </?(?:br|p|div|span|b|i|u|em|strong|script|html|body|ul|li|h[1-6])\b[ /]*>
    | <(?:a|img|script|div|span)\ [^<>]{0,200}=
    | &(?:amp|lt|gt|quot|nbsp|\#x?[0-9a-f]{1,6});      # markup that was never undone
    | ```  |  \#\#\#
    | \b(?:joke|topic|opening|punchline)[ ]?:
    | ^[^\w\n]*(?:assistant|user|human|system|ai|bot)[ ]?:
    | ^[^\w\n]*(?:prompt|completion|instruction|response|output)[ ]?:
    | \b(?:as|i\ am|i(?:'|’)?m)\ (?:just\ )?an?\ (?:AI|(?:large\ )?language\ model)\b
    | \b(?:here(?:'|’)?s|here\ is|here\ are)\ (?:a|an|another|one|some|your|my|the)\ (?:\w+\ ){0,3}
      jokes?\b
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)

_CHATTER = re.compile(
    r"""
    [^\w]*(?:
      (?:sure|certainly|absolutely|of\ course)(?:!|,\ (?:here|i)\b)
    | i(?:'|’)?m\ sorry,?\ but\b
    | i\ (?:can(?:'|’)?t|cannot|can\ not|am\ unable\ to)
      \ (?:help\ (?:you|with)|assist|provide|create|generate)\b
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def presentable(text: str, *, opening: str | None) -> str | None:
    """The joke with tidy whitespace, or None when it is no text a member should see.

    A joke must begin with its opening, which stays exactly as it is, and go on from there. None for
    fewer than three words, template debris and assistant chatter, loops, forbidden characters,
    mentions, links, e-mail addresses, phone numbers, and more than `LONGEST_JOKE` characters.
    Presenting the result again changes nothing.
    """
    opening = opening or ""
    if not text.startswith(opening):
        text = text.lstrip()
    if len(text) > 2 * LONGEST_JOKE or not text.startswith(opening):
        return None
    text = _LINE_END.sub("\n", text[len(opening) :])
    if forbidden_in(opening + text) - {"\n", "\t"}:
        return None
    added = _tidy(text)
    joke = opening + added if opening else added.lstrip()
    if not _is_whole(joke, added) or _DEBRIS.search(added) or _CHATTER.match(added):
        return None
    return None if has_address(joke) or is_looping(joke) else joke


def _tidy(text: str) -> str:
    if is_plain(text) and "  " not in text:
        return text.rstrip()
    # Tabs become spaces before the rest of the control characters would take them along.
    spaced = _BLANKS.sub(" ", text)
    visible = "\n".join(keep_only_allowed(line) for line in spaced.split("\n"))
    lines = _BLANKS_AT_LINE_END.sub("", _BLANKS.sub(" ", visible))
    return _EMPTY_LINES.sub("\n\n", lines).rstrip()


def _is_whole(joke: str, added: str) -> bool:
    return (
        len(joke) <= LONGEST_JOKE
        and _WORD.search(added) is not None
        and len(_WORD.findall(joke)) >= _FEWEST_WORDS
    )
