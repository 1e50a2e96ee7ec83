"""Templates filled in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["markdown_text", "render"]

_MARKDOWN = re.compile(r"([\\`*_\[\]|#~$])")


def render(
    template: str,
    values: Mapping[str, Any],
    *,
    escape: Callable[[Any], Markup] | None = None,
) -> str:
    """A template of this package filled in, all text escaped for HTML or by `escape`."""
    environment = Environment(
        loader=PackageLoader("finetune.report"),
        autoescape=True,
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)


def markdown_text(value: Any) -> Markup:
    """Text on one line that Markdown shows as it is, markup and tables left alone."""
    if isinstance(value, Markup):
        return value
    plain = " ".join(str(value).split())
    entities = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(_MARKDOWN.sub(r"\\\1", entities))  # noqa: S704 - just escaped
