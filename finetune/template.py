"""How a topic and an opening become the tokens a model continues: the only place that knows.

Prompts are built token by token: the template's own text and the member's text are tokenised
apart, and the member's with every special or added token spelled out as plain characters. Nothing
a member types can therefore open or close a turn, end the joke or imitate the template.

Where somebody else tokenises, a prompt is text, and a member's text has a space after each bracket
that special tokens begin with.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

__all__ = [
    "EXAMPLES",
    "PromptTooLongError",
    "Template",
    "TemplateKind",
    "Tokenizer",
    "plain_prompt",
]

_SYSTEM = "You are a comedian. You answer with one short, clean, funny joke and nothing else."
EXAMPLES = (
    ("chickens", "Why did the chicken join a band? Because it had the drumsticks."),
    (None, "I told my suitcase there would be no holiday this year. Now it has emotional baggage."),
    ("computers", "Why was the computer cold at work? Somebody left its Windows open."),
    ("fish", "What do you call a fish with no eyes? A fsh."),
)
_MARK = "\ue000"
_ASKED = re.compile(r"(?:TOPIC: (?P<topic>.+?)\n)?JOKE:(?: (?P<opening>.+))?", re.DOTALL)
_OPENING_BRACKET = re.compile(r"(?<=[<\[{|｜])(?=\S)")
_NEWLINES = re.compile(r"(?:Ċ|\n|<0x0A>)+")


class PromptTooLongError(Exception):
    """A topic or opening has more tokens than the template allows."""


class TemplateKind(StrEnum):
    """`plain` is for models taught on it; the others show an untaught model some examples."""

    PLAIN = "plain"
    PLAIN_EXAMPLES = "plain-examples"
    CHAT_EXAMPLES = "chat-examples"


class Tokenizer(Protocol):
    """The part of a transformers fast tokenizer that a template needs."""

    eos_token_id: int | None
    chat_template: Any

    def encode(
        self, text: str, *, add_special_tokens: bool, split_special_tokens: bool
    ) -> list[int]: ...

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> str: ...

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str: ...

    def get_vocab(self) -> dict[str, int]: ...

    def get_added_vocab(self) -> dict[str, int]: ...


@dataclass(frozen=True, kw_only=True)
class Template:
    """A kind of prompt and how many tokens a member may put into it."""

    kind: TemplateKind
    topic_tokens: int = 32
    opening_tokens: int = 64

    @classmethod
    def for_untaught(cls, tokenizer: Tokenizer) -> "Template":
        """The template for a base model that nobody has taught jokes yet."""
        chat = bool(tokenizer.chat_template)
        return cls(kind=TemplateKind.CHAT_EXAMPLES if chat else TemplateKind.PLAIN_EXAMPLES)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Template":
        """Read what a manifest recorded. Raises `ValueError` or `TypeError`."""
        return cls(**{**content, "kind": TemplateKind(str(content.get("kind")))})

    def to_json(self) -> dict[str, Any]:
        """What a manifest records."""
        return asdict(self)

    def prompt(self, tokenizer: Tokenizer, *, topic: str | None, opening: str | None) -> list[int]:
        """The token ids before the joke, the opening included.

        Raises `PromptTooLongError`.
        """
        ids: list[int] = []
        for piece in self._frame(tokenizer, has_topic=topic is not None).split(_MARK):
            if ids and topic is not None:
                ids += _member_tokens(tokenizer, f" {topic}", limit=self.topic_tokens)
            ids += tokenizer.encode(piece, add_special_tokens=False, split_special_tokens=False)
        return ids + self.opening_ids(tokenizer, opening)

    def asked(self, prompt: str) -> tuple[str | None, str | None]:
        """The topic and the opening, or None, that the text of a plain prompt was made of.

        Raises `ValueError` for any other text.
        """
        found = _ASKED.fullmatch(prompt) if self.kind is TemplateKind.PLAIN else None
        if found is None:
            raise ValueError(f"{prompt[:80]!r} is not made by the template {self.kind}")
        return found["topic"], found["opening"]

    def opening_ids(self, tokenizer: Tokenizer, opening: str | None) -> list[int]:
        """The last token ids of a prompt with this opening. Raises `PromptTooLongError`."""
        if opening is None:
            return []
        text = opening if self.kind is TemplateKind.CHAT_EXAMPLES else f" {opening}"
        return _member_tokens(tokenizer, text, limit=self.opening_tokens)

    def joke(self, tokenizer: Tokenizer, *, opening: str | None, generated: Sequence[int]) -> str:
        """The joke's text: the opening as it was typed, then what the model wrote."""
        before = self.opening_ids(tokenizer, opening)
        whole = tokenizer.decode([*before, *generated], skip_special_tokens=True)
        if opening is None:
            return whole.strip()
        prefix = tokenizer.decode(before, skip_special_tokens=True)
        return opening + whole.removeprefix(prefix).rstrip()

    def text_prompt(self, *, topic: str | None, opening: str | None) -> str:
        """The text before the joke, the opening included, for whoever tokenises it.

        Raises `ValueError` for a template that takes a tokenizer to write.
        """
        if self.kind is TemplateKind.CHAT_EXAMPLES:
            raise ValueError(f"{self.kind} takes the chat template of a tokenizer")
        frame = self._plain_text(None if topic is None else f" {_spelled_out(topic)}")
        return frame if opening is None else f"{frame} {_spelled_out(opening)}"

    def text_stops(self) -> tuple[str, ...]:
        """The texts that end a joke, beside the model's own end."""
        return ("\n",) if self.kind is TemplateKind.PLAIN_EXAMPLES else ()

    def text_joke(self, *, opening: str | None, generated: str) -> str:
        """The joke's text: the opening as it was typed, then what was written after the prompt."""
        return generated.strip() if opening is None else opening + generated.rstrip()

    def told_joke(self, tokenizer: Tokenizer, text: str, *, opening: str | None) -> list[int]:
        """The token ids with which `prompt`, given the same opening, goes on to be this joke."""
        begun = opening is not None and text.startswith(opening)
        rest = text[len(opening or "") :] if begun else text
        glued = begun or self.kind is TemplateKind.CHAT_EXAMPLES
        written = rest if glued else f" {rest}"
        limitless = len(written.encode(errors="replace")) + 1
        return _member_tokens(tokenizer, written, limit=limitless)

    def taught_joke(self, tokenizer: Tokenizer, text: str, *, opened: bool = False) -> list[int]:
        """The token ids a model is taught to write after a prompt: the joke and its end.

        With `opened` the text goes on from an opening in the prompt, to the letter. Raises
        `ValueError` for a tokenizer without an end-of-text token.
        """
        if tokenizer.eos_token_id is None:
            raise ValueError("the tokenizer has no end-of-text token")
        limitless = len(text.encode()) + 1
        written = text if opened else f" {text}"
        return [*_member_tokens(tokenizer, written, limit=limitless), tokenizer.eos_token_id]

    def end_ids(self, tokenizer: Tokenizer) -> frozenset[int]:
        """The token ids that end a joke."""
        ends = set() if tokenizer.eos_token_id is None else {tokenizer.eos_token_id}
        if self.kind is TemplateKind.PLAIN_EXAMPLES:
            ends |= {
                number
                for token, number in tokenizer.get_vocab().items()
                if _NEWLINES.fullmatch(token)
            }
        return frozenset(ends)

    def _frame(self, tokenizer: Tokenizer, *, has_topic: bool) -> str:
        """The template's own text, with a mark where the topic goes."""
        if self.kind is not TemplateKind.CHAT_EXAMPLES:
            return self._plain_text(_MARK if has_topic else None)
        turns = [{"role": "system", "content": _SYSTEM}]
        for about, joke in EXAMPLES:
            turns += [
                {"role": "user", "content": _ask(f" {about}" if about else None)},
                {"role": "assistant", "content": joke},
            ]
        turns.append({"role": "user", "content": _ask(_MARK if has_topic else None)})
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)

    def _plain_text(self, topic: str | None) -> str:
        """Everything before an opening, with the examples if they are shown."""
        if self.kind is TemplateKind.PLAIN:
            return _plain_frame(topic)
        shown = "".join(
            (f"TOPIC: {about}\n" if about else "") + f"JOKE: {joke}\n\n" for about, joke in EXAMPLES
        )
        return shown + _plain_frame(topic)


def plain_prompt(*, topic: str | None, opening: str | None) -> str:
    """The text of a plain template's prompt, for files of jokes; topic and opening are one line.

    `Template.asked` reads it. A model's own prompt is made of tokens, by `Template.prompt`.
    """
    frame = _plain_frame(None if topic is None else f" {topic}")
    return frame if opening is None else f"{frame} {opening}"


def _plain_frame(topic: str | None) -> str:
    return "JOKE:" if topic is None else f"TOPIC:{topic}\nJOKE:"


def _spelled_out(text: str) -> str:
    """A member's text in which nothing reads as a special token; it stays on its line."""
    return _OPENING_BRACKET.sub(" ", " ".join(text.split()))


def _ask(topic: str | None) -> str:
    return "Tell me a joke." if topic is None else f"Tell me a joke about{topic}."


def _member_tokens(tokenizer: Tokenizer, text: str, *, limit: int) -> list[int]:
    # A lone surrogate is no character, and a tokenizer refuses the whole text because of it.
    sound = text.encode(errors="replace").decode()
    ids: list[int] = []
    for part in _without_added_tokens(tokenizer, sound):
        ids += tokenizer.encode(part, add_special_tokens=False, split_special_tokens=True)
    if len(ids) > limit:
        raise PromptTooLongError(f"{len(ids)} tokens where {limit} are allowed")
    return ids


def _without_added_tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    """The text, cut after the first character of everything that would become an added token.

    `split_special_tokens` spares only tokens that are marked as special, and some models have
    added tokens that open a turn and are not.
    """
    cuts = [
        f"(?<={re.escape(token[0])})(?={re.escape(token[1:])})"
        for token in tokenizer.get_added_vocab()
        if len(token) > 1 and token in text
    ]
    return re.split("|".join(cuts), text) if cuts else [text]
