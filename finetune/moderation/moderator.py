"""Decides which texts a content tier allows."""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Self

from finetune.moderation.addresses import has_address
from finetune.moderation.folding import Folded, fold
from finetune.moderation.tiers import BLOCKED, Cause, Tier, Verdict
from finetune.moderation.tone import ToneClassifier
from finetune.moderation.wordlist import Wordlist

__all__ = ["Moderator"]

_GROUPS = (Cause.PEOPLES, Cause.FAITH, Cause.GENDER, Cause.DISABILITY)
_OFFENSIVE = 0.5
_ALLOWED = Verdict()


class Moderator:
    """Word lists and a classifier, together strict rather than clever.

    `causes` has the list for each cause; `contexts` the lists that count only beside others:
    `children` and `abusers` beside sexual words, `hostile` beside a group of people, and `harmless`
    with the words the classifier wrongly dislikes. `offensiveness` gives each text a probability.
    """

    def __init__(
        self,
        *,
        causes: Mapping[Cause, Wordlist],
        contexts: Mapping[str, Wordlist],
        offensiveness: Callable[[Sequence[str]], Sequence[float]],
    ) -> None:
        self._causes = causes
        self._children = contexts["children"]
        self._abusers = contexts["abusers"]
        self._hostile = contexts["hostile"]
        self._harmless = contexts["harmless"]
        # Every verdict but ALLOWED needs an entry of one of these; most jokes have none.
        self._suspicious = Wordlist.union([*causes.values(), self._abusers])
        self._offensiveness = offensiveness

    @classmethod
    def load(cls) -> Self:
        """The moderator with the lists and the classifier that ship with Punchline.

        Takes more than a second and may run in any thread.
        """
        folder = resources.files("finetune") / "wordlists"

        def read(name: str) -> Wordlist:
            return Wordlist.parse((folder / f"{name}.txt").read_text(encoding="utf-8"))

        listed = [cause for cause in Cause if cause not in (Cause.HOSTILITY, Cause.TONE)]
        return cls(
            causes={cause: read(cause) for cause in listed},
            contexts={name: read(name) for name in ("children", "abusers", "hostile", "harmless")},
            offensiveness=ToneClassifier.load().offensiveness,
        )

    def verdicts(self, texts: Sequence[str], *, tier: Tier) -> list[Verdict]:
        """One verdict for each text, in order."""
        folded = [fold(text) for text in texts]
        verdicts = [self._listed(text, tier) for text in folded]
        if Cause.TONE in BLOCKED[tier]:
            open_cases = [index for index, verdict in enumerate(verdicts) if verdict.allowed]
            for index in self._offending(folded, open_cases):
                verdicts[index] = Verdict(Cause.TONE)
        return verdicts

    def allows_prompt(self, text: str, tier: Tier) -> bool:
        """Whether a topic or opening may be used.

        A prompt is too short for the classifier, so only the lists count; and since an opening
        stands in the joke, it may hold no mention, link or other address.
        """
        return not has_address(text) and self._listed(fold(text), tier).allowed

    def _listed(self, text: Folded, tier: Tier) -> Verdict:
        if not self._suspicious.found_in(text):
            return _ALLOWED
        for cause in Cause:
            if cause in BLOCKED[tier] and self._speaks_against(cause, text):
                return Verdict(cause)
        return _ALLOWED

    def _speaks_against(self, cause: Cause, text: Folded) -> bool:
        if cause is Cause.TONE:
            return False
        if cause is Cause.HOSTILITY:
            return self._is_hostile(text)
        if self._causes[cause].found_in(text):
            return True
        return cause is Cause.MINORS and self._endangers_children(text)

    def _is_hostile(self, text: Folded) -> bool:
        hostile = self._hostile.found_in(text) or self._causes[Cause.VIOLENCE].found_in(text)
        return hostile and any(self._causes[group].found_in(text) for group in _GROUPS)

    def _endangers_children(self, text: Folded) -> bool:
        return self._children.found_in(text) and (
            self._causes[Cause.SEXUAL].found_in(text) or self._abusers.found_in(text)
        )

    def _offending(self, folded: Sequence[Folded], indices: Sequence[int]) -> list[int]:
        """Those of the texts with these indices whose tone the classifier finds offensive."""
        if not indices:
            return []
        readings = [self._harmless.taken_out_of(folded[index]) for index in indices]
        scores = self._offensiveness(readings)
        return [index for index, score in zip(indices, scores, strict=True) if score >= _OFFENSIVE]
