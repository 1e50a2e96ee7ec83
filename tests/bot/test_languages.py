"""Every sentence is in every catalogue, whole and with its places; and whose language is spoken."""

import ast
import gettext
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.languages import ENGLISH, Languages, Words, message

SOURCES = Path(bot.__file__).parent
CATALOGUES = sorted((SOURCES / "locales").glob("*.po"))


@dataclass(frozen=True)
class Sentence:
    """A text of the program; `many` is the other form of one that depends on a number."""

    text: str
    many: str | None = None


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def kind_of(call: ast.Call) -> str | None:
    """Whether a call is `message(…)`, `words.say(…)` or `words.count(…)`; None for any other."""
    match call.func:
        case ast.Name(id="message"):
            return "message"
        case ast.Attribute(attr="say" | "count" as kind, value=speaker):
            name = ast.unparse(speaker).rpartition(".")[2]
            return kind if name in {"words", "_words", "ENGLISH"} else None
    return None


def sentence_of(call: ast.Call) -> Sentence | None:
    """What a call puts into words; None where the text was marked as a `message` before."""
    match kind_of(call), [literal(argument) for argument in call.args]:
        case "message" | "say", [str(text), *_]:
            return Sentence(text)
        case "count", [str(one), str(many), _]:
            return Sentence(one, many)
    return None


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def sentences() -> set[Sentence]:
    """Everything the program says to members."""
    return {sentence for _, call in calls() if (sentence := sentence_of(call)) is not None}


def places(text: str) -> set[str]:
    """The names of the {places} in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def complaints(catalogue: polib.POFile) -> list[str]:
    """What is wrong with a catalogue."""
    found = []
    entries = {entry.msgid: entry for entry in catalogue if not entry.obsolete}
    said = sentences()
    forms = int(re.findall(r"nplurals\s*=\s*(\d+)", catalogue.metadata["Plural-Forms"])[0])
    for sentence in sorted(said, key=lambda sentence: sentence.text):
        entry = entries.get(sentence.text)
        if entry is None:
            found.append(f"is missing: {sentence.text}")
        elif entry.fuzzy:
            found.append(f"is fuzzy: {sentence.text}")
        else:
            found += translation_complaints(sentence, entry, forms)
    used = {sentence.text for sentence in said}
    found += [f"is not used: {text}" for text in entries if text not in used]
    if len(entries) != len([entry for entry in catalogue if not entry.obsolete]):
        found.append("has a text twice")
    return found


def translation_complaints(sentence: Sentence, entry: polib.POEntry, forms: int) -> list[str]:
    if sentence.many is not None:
        if entry.msgid_plural != sentence.many:
            return [f"has another plural: {sentence.text}"]
        if sorted(entry.msgstr_plural) != list(range(forms)):
            return [f"does not have {forms} forms: {sentence.text}"]
        translations = list(entry.msgstr_plural.values())
        # "One joke" needs no number.
        allowed = [places(sentence.many), places(sentence.many) - {"number"}]
    else:
        translations = [entry.msgstr]
        allowed = [places(sentence.text)]
    return [
        f"is empty or has other places: {sentence.text}"
        for translation in translations
        if not translation.strip() or places(translation) not in allowed
    ]


# The texts of the program


def test_there_is_something_to_translate() -> None:
    said = sentences()
    assert Sentence("Your vote is withdrawn.") in said
    assert Sentence("Shall {challenger} serve from now on?") in said
    assert Sentence("in about {number} hour", "in about {number} hours") in said


def test_no_text_is_put_together_before_it_is_translated() -> None:
    """A catalogue has no way to know it then."""
    for path, call in calls():
        if kind_of(call) is not None:
            made = any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in call.args)
            assert not made, f"{path}:{call.lineno}"


def test_no_text_is_both_alone_and_one_of_two_forms() -> None:
    said = sentences()
    assert len({sentence.text for sentence in said}) == len(said)


@pytest.mark.parametrize("sentence", sorted(sentences(), key=str), ids=lambda each: each.text[:40])
def test_every_text_has_places_that_can_be_filled_in(sentence: Sentence) -> None:
    for text in (sentence.text, sentence.many or sentence.text):
        assert all(name.isidentifier() for name in places(text))
        assert text.strip() == text != ""


# The catalogues


def test_german_and_spanish_are_there() -> None:
    assert {"de", "es"} <= {path.stem for path in CATALOGUES}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_translates_every_text_and_nothing_else(path: Path) -> None:
    assert complaints(polib.pofile(path)) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_loaded_as_the_language_it_is_named_after(path: Path) -> None:
    assert re.fullmatch("[a-z]{2}", path.stem)
    assert polib.pofile(path).metadata["Language"] == path.stem
    words = Languages.load().of(path.stem)
    assert words.code == path.stem
    assert words.say("Your vote is withdrawn.") != "Your vote is withdrawn."


def catalogue(*entries: polib.POEntry) -> polib.POFile:
    made = polib.POFile()
    made.metadata = {"Plural-Forms": "nplurals=2; plural=(n != 1);"}
    made.extend(entries)
    return made


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (polib.POEntry(msgid="Never said.", msgstr="Nie."), "is not used: Never said."),
        (
            polib.POEntry(msgid="Never mind, then.", msgstr=" "),
            "is empty or has other places: Never mind, then.",
        ),
        (
            polib.POEntry(msgid="Never mind, then.", msgstr="Gut.", flags=["fuzzy"]),
            "is fuzzy: Never mind, then.",
        ),
        (
            polib.POEntry(msgid="Number {place} in line…", msgstr="Nummer {Platz}"),
            "is empty or has other places: Number {place} in line…",
        ),
        (
            polib.POEntry(
                msgid="in about {number} hour",
                msgid_plural="in about {number} hours",
                msgstr_plural={0: "in etwa einer Stunde"},
            ),
            "does not have 2 forms: in about {number} hour",
        ),
    ],
    ids=["unused", "empty", "fuzzy", "places", "forms"],
)
def test_a_fault_in_a_catalogue_is_found(entry: polib.POEntry, complaint: str) -> None:
    assert complaint in complaints(catalogue(entry))


# Which language is spoken


def small_languages() -> Languages:
    nothing = gettext.NullTranslations()
    return Languages(words={code: Words(code=code, translations=nothing) for code in ("de", "es")})


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["es_419"], "es"),
        (["DE-at"], "de"),
        (["en-GB", "de"], "en"),
        (["", None, "fr", "tlh-Latn", "es"], "es"),
        (["", "de"], "de"),
        (["fr"], "en"),
        ([], "en"),
        ([None], "en"),
        (["-de", "_de", "d", "deu", " de", "de\x00", "../de", "de.po", "{de}", "\ud800"], "en"),
        (["de" * 1_000_000, "-" * 1_000_000], "en"),
    ],
)
def test_the_first_wish_that_can_be_met_is_met_else_english(
    wishes: list[str | None], code: str
) -> None:
    assert small_languages().of(*wishes).code == code


@given(wishes=st.lists(st.none() | st.text(max_size=8), max_size=4))
def test_any_wishes_are_answered_in_a_language_there_is(wishes: list[str | None]) -> None:
    languages = small_languages()
    assert languages.of(*wishes).code in languages.codes


def test_english_comes_first() -> None:
    assert small_languages().codes == ("en", "de", "es")
    assert Languages.load().codes[0] == "en"


# Words


def test_without_a_translation_the_text_itself_is_said() -> None:
    assert ENGLISH.say("Number {place} in line…", place=3) == "Number 3 in line…"
    assert ENGLISH.count("{number} joke", "{number} jokes", 1) == "1 joke"
    assert ENGLISH.count("{number} joke of {of}", "{number} jokes of {of}", 2, of=3) == (
        "2 jokes of 3"
    )


@given(value=st.text())
def test_what_is_filled_in_is_never_taken_for_a_place(value: str) -> None:
    assert ENGLISH.say("A {thing}.", thing=value) == f"A {value}."


def test_a_marked_text_is_the_text() -> None:
    assert message("Hello.") == "Hello."
