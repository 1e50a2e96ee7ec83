"""What a bot wants a message to say, checked as strictly as Discord checks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.platforms.discord.components import check_components
from tests.platforms.discord.embeds import check_embeds
from tests.platforms.discord.mentions import check_allowed_mentions
from tests.platforms.discord.refusals import InvalidFormError, Reason, RefusalError
from tests.platforms.discord.rules import Payload, forms, text, whole

__all__ = ["EPHEMERAL", "LOADING", "Draft", "File", "draft_of"]

EPHEMERAL = 1 << 6
LOADING = 1 << 7
_SETTABLE = EPHEMERAL | (1 << 2) | (1 << 12)
_LONGEST_CONTENT = 2000
_MOST_FILES = 10
_LARGEST_FILE = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """An uploaded file; `field` is the name of its part in the form."""

    field: str
    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The parts of a message that its author decides."""

    content: str = ""
    embeds: list[Payload] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    attachments: list[Payload] = field(default_factory=list)
    allowed_mentions: Payload | None = None
    flags: int = 0

    def with_flags(self, flags: int) -> "Draft":
        """The same with other flags."""
        return replace(self, flags=flags)


def draft_of(form: Payload, files: Sequence[File], *, before: Draft | None = None) -> Draft:
    """The message that a form asks for, `before` being what it edits.

    Raises `RefusalError`: an empty message, or a form with a part that is wrong.
    """
    check_allowed_mentions(form.get("allowed_mentions"))
    old = before or Draft()
    flags = whole(form, "flags", "", least=0, most=(1 << 31) - 1)
    draft = Draft(
        content=_content(form) if "content" in form else old.content,
        embeds=check_embeds(form) if {"embeds", "embed"} & set(form) else old.embeds,
        components=check_components(form) if "components" in form else old.components,
        attachments=_attachments(form, files, old.attachments),
        allowed_mentions=form.get("allowed_mentions"),
        flags=old.flags if flags is None else flags & _SETTABLE,
    )
    if not (draft.content or draft.embeds or draft.attachments):
        raise RefusalError(Reason.EMPTY_MESSAGE)
    return draft


def _content(form: Payload) -> str:
    given = form["content"]
    # Discord takes numbers for text here, and cuts the white space off.
    as_text = str(given) if isinstance(given, int | float) else given
    return (text({"content": as_text}, "content", "", least=0, most=_LONGEST_CONTENT) or "").strip()


def _attachments(form: Payload, files: Sequence[File], old: list[Payload]) -> list[Payload]:
    """The files kept, then those uploaded; a form that names none keeps all there were."""
    if len(files) > _MOST_FILES:
        raise InvalidFormError(
            "attachments", "BASE_TYPE_BAD_LENGTH", "Must be 10 or fewer in length."
        )
    uploaded = {file.field: file for file in files}
    if "attachments" not in form:
        return [*old, *map(_attachment, range(len(files)), files)]
    known = {attachment["id"]: attachment for attachment in old}
    wanted = []
    for index, entry in enumerate(forms(form, "attachments", "", most=_MOST_FILES)):
        key = str(entry.get("id"))
        file = uploaded.get(f"files[{key}]")
        if key not in known and file is None:
            message = "Attachment data is missing."
            raise InvalidFormError(f"attachments.{index}", "ATTACHMENT_NOT_FOUND", message)
        wanted.append(known[key] if file is None else _attachment(int(key), file))
    return wanted


def _attachment(number: int, file: File) -> dict[str, Any]:
    if len(file.data) > _LARGEST_FILE:
        raise InvalidFormError("files", "FILE_TOO_LARGE", "The file is larger than 10 MiB.")
    address = f"http://127.0.0.1/attachments/{number}/{file.name}"
    return {
        "id": str(number),
        "filename": file.name,
        "size": len(file.data),
        "url": address,
        "proxy_url": address,
        "content_type": "application/octet-stream",
    }
