"""Templates filled in and written whole."""

import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["markdown_text", "render", "write_whole"]

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


def write_whole(path: Path, text: str) -> None:
    """Write a file so that others see all of it or none. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.writing")
    try:
        # A lone surrogate in a joke is no character and must not lose the whole report.
        temporary.write_bytes(text.encode(errors="replace"))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
