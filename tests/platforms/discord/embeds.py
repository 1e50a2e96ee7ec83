"""The limits of embeds."""

from tests.platforms.discord.refusals import InvalidFormError
from tests.platforms.discord.rules import Payload, forms, inner, text

__all__ = ["check_embeds"]

_MOST_EMBEDS = 10
_LONGEST_TOGETHER = 6000


def check_embeds(form: Payload) -> list[Payload]:
    """The embeds of a form; more than 6000 characters together are refused.

    Source: https://discord.com/developers/docs/resources/message#embed-object-embed-limits
    """
    if form.get("embed") is not None:
        form = {**form, "embeds": [form["embed"]]}
    embeds = forms(form, "embeds", "", most=_MOST_EMBEDS)
    if sum(_length(embed, f"embeds.{index}") for index, embed in enumerate(embeds)) > (
        _LONGEST_TOGETHER
    ):
        message = f"Embed size exceeds maximum size of {_LONGEST_TOGETHER}"
        raise InvalidFormError("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)
    return embeds


def _length(embed: Payload, path: str) -> int:
    """The characters of one embed that count."""
    parts = [
        text(embed, "title", path, least=0, most=256),
        text(embed, "description", path, least=0, most=4096),
        text(inner(embed, "footer", path), "text", f"{path}.footer", least=0, most=2048),
        text(inner(embed, "author", path), "name", f"{path}.author", least=0, most=256),
    ]
    for index, field in enumerate(forms(embed, "fields", path, most=25)):
        where = f"{path}.fields.{index}"
        parts += [text(field, "name", where, most=256), text(field, "value", where, most=1024)]
    return sum(len(part or "") for part in parts)
