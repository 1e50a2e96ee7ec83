"""Which jokes are not taught, and why."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from finetune.corpus.language import English
from finetune.moderation import Moderator, Tier, presentable
from finetune.moderation.addresses import has_address
from finetune.moderation.repetition import is_looping

__all__ = ["Dropped", "Filters"]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FEWEST_WORDS = 3
_FEWEST_SHOUTED_LETTERS = 12
_SHOUTED_SHARE = 0.7
_END = re.compile(r"""(?:[.!?…"'”’)\]*~]|[:;=]-?[(/]|[^\w\s!-/:-@\[-`{-~])$""")


class Dropped(StrEnum):
    """Why a row did not become a joke of the corpus, in the order the reasons are looked at."""

    EMPTY = "empty"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NOT_ENGLISH = "not English"
    ADDRESS = "address or mention"
    LOOPING = "looping"
    UNPRESENTABLE = "not presentable"
    SHOUTING = "all capitals"
    UNFINISHED = "unfinished"
    OFFENSIVE = "offensive"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near duplicate"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a joke must be like.

    Without `moderator` and `tier` nothing is too offensive, without `english` any language does.
    """

    moderator: Moderator | None
    tier: Tier | None
    longest: int
    english: English | None

    def causes(self, texts: Sequence[str]) -> list[Dropped | None]:
        """For each text why it is dropped, or None; offensiveness is judged all at once."""
        causes = [self._cause(text) for text in texts]
        if self.moderator is None or self.tier is None:
            return causes
        fit = [index for index, cause in enumerate(causes) if cause is None]
        verdicts = self.moderator.verdicts([texts[index] for index in fit], tier=self.tier)
        for index, verdict in zip(fit, verdicts, strict=True):
            if not verdict.allowed:
                causes[index] = Dropped.OFFENSIVE
        return causes

    def _cause(self, text: str) -> Dropped | None:
        words = len(_WORD.findall(text))
        # What serving would refuse to show must not be taught; it refuses addresses and loops too.
        shown = presentable(text, opening=None) == text
        checks: tuple[tuple[Dropped, Callable[[], bool]], ...] = (
            (Dropped.EMPTY, lambda: words == 0),
            (Dropped.TOO_SHORT, lambda: words < _FEWEST_WORDS),
            (Dropped.TOO_LONG, lambda: words > self.longest),
            (
                Dropped.NOT_ENGLISH,
                lambda: self.english is not None and not self.english.recognises(text),
            ),
            (Dropped.ADDRESS, lambda: not shown and has_address(text)),
            (Dropped.LOOPING, lambda: not shown and is_looping(text)),
            (Dropped.UNPRESENTABLE, lambda: not shown),
            (Dropped.SHOUTING, lambda: _is_shouted(text)),
            (Dropped.UNFINISHED, lambda: not _END.search(text)),
        )
        return next((cause for cause, applies in checks if applies()), None)


def _is_shouted(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return len(letters) >= _FEWEST_SHOUTED_LETTERS and capitals > _SHOUTED_SHARE * len(letters)
