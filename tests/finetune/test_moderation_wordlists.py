"""Word lists find a disguised word and leave the words it happens to stand in alone."""

from importlib import resources

import pytest
from hypothesis import given

from finetune.moderation.folding import fold, plain_letters
from finetune.moderation.wordlist import Wordlist
from tests.hostile import LONG_TEXTS, hostile_texts

LISTS = sorted(
    entry.name.removesuffix(".txt")
    for entry in (resources.files("finetune") / "wordlists").iterdir()
    if entry.name.endswith(".txt")
)

LIST = Wordlist.parse(
    """
    # Words this list minds
    turnip      # a comment may follow
    ill turnip
    mash*
    *pickle
    *gherk*
    ash
    tosh
    can't stew

    ! turnip soup
    ! gherkin village
    """
)


def entries(name: str) -> list[str]:
    text = (resources.files("finetune") / "wordlists" / f"{name}.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def finds(text: str) -> bool:
    return LIST.found_in(fold(text))


class TestNotation:
    """What a line in a list means."""

    @pytest.mark.parametrize(
        "text",
        [
            "turnip",
            "A Turnip!",
            "turnips",
            "the turnip's leaf",
            "mash",
            "mashed potatoes",
            "pickle",
            "superpickle",
            "two superpickles",
            "megagherkins",
            "ashes",
            "I can’t stew",
            "I can't  \n stew",
        ],
    )
    def test_an_entry_is_found(self, text: str) -> None:
        assert finds(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "turnipseed",
            "returnip",
            "smash",
            "pickled",
            "wash",
            "ashe",
            "cant stew",
            "a comment may follow",
            "#",
        ],
    )
    def test_what_only_resembles_one_is_not(self, text: str) -> None:
        assert not finds(text)

    def test_an_exception_excuses_only_what_it_covers(self) -> None:
        assert not finds("Turnip soup, please")
        assert not finds("Gherkin village")
        assert finds("Turnip soup with turnip")
        assert finds("ill turnip soup")

    def test_an_empty_list_finds_nothing(self) -> None:
        nothing = Wordlist.parse("# nothing yet\n\n")
        assert not nothing.found_in(fold("turnip t*rnip"))
        assert nothing.taken_out_of(fold("turnip")) == "turnip"

    def test_entries_can_be_taken_out(self) -> None:
        assert LIST.taken_out_of(fold("one turnip, please")).split() == ["one", "please"]


class TestDisguise:
    """Ways to write a word so that a simple list would miss it."""

    @pytest.mark.parametrize(
        "text",
        [
            "TURNIP",
            "türnïp",
            "t\u0301u\u0308rnip",
            "turn1p",
            "7urn!p",
            "+urn1p!!!",
            "a5h",
            "@sh",
            "ma$h",
            "p1ckle",
            "p!ck|e",
            "tuuuurnip",
            "turniiippp",
            "t u r n i p",
            "t.u.r.n.i.p",
            "t-u-r-n-i-p",
            "T, U, R, N, I, P!",
            "I t u r n i p",
            "t\nu\nr\nn\ni\np",
            "tur-nip",
            "tur.nip",
            "tur_nip",
            "tur\u200bnip",
            "tur\u00adnip",
            "tur\ufe0fnip",
            "t\u202eurnip",
            "turn\u0456p",
            "\u0442ur\u043fip",
            "turnι\u03c1",
            "ｔｕｒｎｉｐ",
            "𝓽𝓾𝓻𝓷𝓲𝓹",
            "ⓣⓤⓡⓝⓘⓟ",
            "🅣🅤🅡🅝🅘🅟",
            "🇹🇺🇷🇳🇮🇵",
            "ᴛᴜʀɴɪᴘ",
            "t*rnip",
            "t#rn*p",
            "t***ip",
            "t*****",
            "he said*t@rnip*",
            "turn*ps",
        ],
    )
    def test_is_seen_through(self, text: str) -> None:
        assert finds(text)

    @pytest.mark.parametrize(
        "text",
        [
            "*t*",
            "*tosses a coin*",
            "*tos*",
            "******",
            "* * *",
            "a s h t r a y s",
            "as hot as tea",
            "T. U. Nip",
            "2 + 2 = 5",
            "the 1st of 100",
            "well-ashen",
        ],
    )
    def test_is_not_seen_where_there_is_none(self, text: str) -> None:
        assert not finds(text)

    @pytest.mark.parametrize("kind", LONG_TEXTS)
    def test_a_hundred_thousand_characters_are_read_to_the_end(self, kind: str) -> None:
        assert finds(f"{LONG_TEXTS[kind]} turnip")

    @given(hostile_texts())
    def test_any_text_can_be_read(self, text: str) -> None:
        folded = fold(text)

        assert set(folded.words) <= set("abcdefghijklmnopqrstuvwxyz0123456789 \n")
        assert set(folded.masked) <= set("abcdefghijklmnopqrstuvwxyz*\n")
        assert finds(f"{text} turnip")

    @given(hostile_texts())
    def test_folding_letters_twice_changes_nothing(self, text: str) -> None:
        once = plain_letters(text)
        assert plain_letters(once) == once


@pytest.mark.parametrize("name", LISTS)
class TestShippedList:
    """The lists in finetune/wordlists."""

    def test_has_no_entry_twice(self, name: str) -> None:
        assert len(set(entries(name))) == len(entries(name))

    def test_is_written_plainly(self, name: str) -> None:
        for entry in entries(name):
            word = entry.removeprefix("! ").removeprefix("*").removesuffix("*")
            assert fold(word).words.splitlines()[0] == word, entry

    def test_finds_each_of_its_entries(self, name: str) -> None:
        listed = [entry for entry in entries(name) if not entry.startswith("!")]
        wordlist = Wordlist.parse("\n".join(listed))
        for entry in listed:
            assert wordlist.found_in(fold(f"so {entry.strip('*')} then")), entry

    def test_needs_each_of_its_exceptions(self, name: str) -> None:
        listed = [entry for entry in entries(name) if not entry.startswith("!")]
        strict, whole = Wordlist.parse("\n".join(listed)), Wordlist.parse("\n".join(entries(name)))
        for entry in entries(name):
            if entry.startswith("!"):
                phrase = fold(f"so {entry.strip('!* ')} then")
                assert strict.found_in(phrase), entry
                assert not whole.found_in(phrase), entry


@pytest.fixture(scope="module")
def shipped() -> list[Wordlist]:
    folder = resources.files("finetune") / "wordlists"
    return [Wordlist.parse((folder / f"{name}.txt").read_text(encoding="utf-8")) for name in LISTS]


@pytest.fixture(scope="module")
def union(shipped: list[Wordlist]) -> Wordlist:
    return Wordlist.union(shipped)


class TestUnion:
    """A union finds whatever one of its lists finds."""

    @pytest.mark.parametrize("name", LISTS)
    def test_every_entry_of_every_list_is_found(self, name: str, union: Wordlist) -> None:
        wanted = (entry.strip("*") for entry in entries(name) if not entry.startswith("!"))
        assert [entry for entry in wanted if not union.found_in(fold(entry))] == []

    @given(text=hostile_texts())
    def test_no_list_finds_what_the_union_does_not(
        self, text: str, shipped: list[Wordlist], union: Wordlist
    ) -> None:
        folded = fold(text)
        if any(each.found_in(folded) for each in shipped):
            assert union.found_in(folded)

    def test_masked_words_are_found_too(self) -> None:
        assert Wordlist.union([LIST]).found_in(fold("t*rn*p"))

    def test_exceptions_of_one_list_excuse_nothing(self) -> None:
        assert Wordlist.union([LIST]).found_in(fold("turnip soup"))

    def test_a_union_of_nothing_finds_nothing(self) -> None:
        assert not Wordlist.union([]).found_in(fold("turnip"))
