"""The languages Punchline speaks to members in: gettext catalogues, `bot/locales/*.po`."""

import gettext
import io
from collections.abc import Mapping
from importlib import resources
from typing import Self

import polib

__all__ = ["ENGLISH", "Languages", "Words", "message"]


def message(text: str) -> str:
    """Mark a text for the catalogues that is put into words later."""
    return text


class Words:
    """What Punchline says, in one language; a text that is not translated stays English."""

    def __init__(self, *, code: str, translations: gettext.NullTranslations) -> None:
        self.code = code
        self._translations = translations

    def say(self, text: str, /, **values: object) -> str:
        """A text with its {places} filled in."""
        return self._translations.gettext(text).format(**values)

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """A text that depends on a {number}."""
        return self._translations.ngettext(one, many, number).format(number=number, **values)


ENGLISH = Words(code="en", translations=gettext.NullTranslations())


class Languages:
    """All of them, by two-letter code."""

    def __init__(self, *, words: Mapping[str, Words]) -> None:
        self._words = {ENGLISH.code: ENGLISH, **words}

    @classmethod
    def load(cls) -> Self:
        """Read the catalogues that ship with Punchline."""
        folder = resources.files("bot") / "locales"
        words = {}
        for file in folder.iterdir():
            code = file.name.removesuffix(".po")
            if code != file.name:
                catalogue = polib.pofile(file.read_text(encoding="utf-8"))
                translations = gettext.GNUTranslations(io.BytesIO(catalogue.to_binary()))
                words[code] = Words(code=code, translations=translations)
        return cls(words=words)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, English first."""
        return tuple(self._words)

    def of(self, *wishes: str | None) -> Words:
        """The first wish that can be met, else English; "de-AT" is met by German."""
        for wish in wishes:
            code = (wish or "").replace("_", "-").partition("-")[0].lower()
            if code in self._words:
                return self._words[code]
        return ENGLISH
