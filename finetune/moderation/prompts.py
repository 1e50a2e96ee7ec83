"""Cleans what members type as a topic or an opening."""

from finetune.moderation.characters import keep_only_allowed

__all__ = ["PromptTooLong", "clean_prompt"]


class PromptTooLong(Exception):  # noqa: N818 - reads as what has happened
    """The prompt has more characters than allowed; `limit` says how many are."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Please use at most {limit} characters.")
        self.limit = limit


def clean_prompt(text: str, *, limit: int) -> str:
    """One line of visible NFC text of at most `limit` characters; idempotent.

    Control, zero-width, bidirectional, private-use, unassigned and invisible characters and lone
    surrogates go, runs of whitespace become one space. Joined emoji stay whole. What looks like a
    special token stays as it is typed: only the template decides what a token means. Returns ""
    when nothing visible is left. Raises `PromptTooLong`.
    """
    # Whitespace first, because line ends and tabs separate words but are control characters too.
    spaced = " ".join(text.split())
    cleaned = " ".join(keep_only_allowed(spaced).split())
    if len(cleaned) > limit:
        raise PromptTooLong(limit=limit)
    return cleaned
