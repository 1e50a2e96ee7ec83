"""The model card of a version: README.md with the front matter that the Hugging Face hub reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from finetune.bases import published_name
from finetune.durable import write_whole
from finetune.report.content import ReportContent
from finetune.report.curves import lowest_held_out
from finetune.report.numbers import moment
from finetune.report.rendering import markdown_text, render
from finetune.report.tables import metric_table, tables_of
from finetune.template import Template, TemplateKind

__all__ = ["Edition", "hub_id", "write_card"]

_LICENCES = {"HuggingFaceTB/": "apache-2.0", "openai-community/": "mit"}
_SOMEWHERE = "path/to/this/directory"
_TOPIC = "cats"
_SAMPLES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """The form in which a reader has the version: an `adapter`, or whole weights.

    `repository` is its name on the hub if it is to be had there, and `indexed` says whether the
    index of the jokes it was taught comes with it.
    """

    adapter: bool
    repository: str | None = None
    indexed: bool = True


def write_card(path: Path, content: ReportContent, *, edition: Edition | None = None) -> None:
    """Write README.md: what the version is, how to use it, data, figures and limits.

    Without an `edition` it is the version as it was made. The same content always gives the same
    bytes. Raises `OSError`.
    """
    edition = edition or Edition(adapter=content.recipe.get("method") == "lora")
    base = hub_id(content.base)
    card = render(
        "card.md.jinja",
        {
            "content": content,
            "made": moment(content.created),
            "edition": edition,
            "place": edition.repository or _SOMEWHERE,
            "somewhere": _SOMEWHERE,
            "hub_id": base,
            "base": base or content.base,
            "licence": _licence(base),
            "prompt": _prompt_text(None),
            "topic": _TOPIC,
            "topic_prompt": _prompt_text(_TOPIC),
            "votes": content.data.get("votes"),
            "best": lowest_held_out(content.history),
            "samples": content.samples[:_SAMPLES],
            "metrics": metric_table(content.metrics),
            "data": tables_of(content.data, caption="The corpus"),
            "recipe": tables_of(content.recipe, caption="Training"),
            "environment": tables_of(content.environment, caption="Made with"),
            "literal": _literal,
        },
        escape=markdown_text,
    )
    write_whole(path, card)


def hub_id(base: str) -> str | None:
    """The hub's name of a base, or None for one that is only a local file or directory."""
    published = published_name(base)
    owner, _, name = published.partition("/")
    local = published.startswith((".", "~", "/")) or published.endswith(".gguf") or "/" in name
    return published if owner and name and not local else None


def _licence(base: str | None) -> str | None:
    """The licence of a known base, which what is learned from it keeps."""
    found = (name for start, name in _LICENCES.items() if (base or "").startswith(start))
    return next(found, None)


def _literal(value: str) -> Markup:
    """Text as a string that is right in YAML, in Python and in JSON alike."""
    return Markup(json.dumps(value))  # noqa: S704 - a string literal stands where no HTML does


class _SpellingTokenizer:
    """A tokenizer whose tokens are characters, to read a template's prompt as text."""

    eos_token_id: int | None = None
    chat_template: Any = None

    def encode(
        self, text: str, *, add_special_tokens: bool, split_special_tokens: bool
    ) -> list[int]:
        return [ord(char) for char in text]

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        return "".join(map(chr, token_ids))

    def apply_chat_template(self, conversation: Any, **_: Any) -> str:
        raise NotImplementedError("a taught version has no chat turns")

    def get_vocab(self) -> dict[str, int]:
        return {}

    def get_added_vocab(self) -> dict[str, int]:
        return {}


def _prompt_text(topic: str | None) -> str:
    tokenizer = _SpellingTokenizer()
    ids = Template(kind=TemplateKind.PLAIN).prompt(tokenizer, topic=topic, opening=None)
    return tokenizer.decode(ids, skip_special_tokens=True)
