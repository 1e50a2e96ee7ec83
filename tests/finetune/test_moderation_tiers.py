"""What each content tier lets through, with the lists and the classifier that ship."""

import subprocess
import sys
from collections.abc import Sequence
from importlib import resources

import pytest
from hypothesis import given

from finetune.moderation import Cause, Moderator, Tier, Verdict
from finetune.moderation.tiers import BLOCKED
from finetune.moderation.wordlist import Wordlist
from tests.clean_jokes import CLEAN_JOKES
from tests.hostile import LONG_TEXTS, hostile_texts

INNOCENT_TOPICS = """
    cats dogs school programmers doctors food weather space music robots grandma lawyers chickens
    teachers penguins cheese pizza bananas monkeys donkeys pigs cows beavers roosters birds fish
    sharks spiders snakes elephants dinosaurs dragons unicorns vampires ghosts skeletons zombies
    pirates ninjas superheroes aliens astronauts rockets planets gravity atoms chemistry physics
    maths homework students librarians books spelling grammar history geography politicians taxes
    accountants economists engineers plumbers farmers bakers waiters chefs dentists nurses patients
    burglars judges police firemen pilots trains cars bicycles ships holidays camping beaches snow
    summer Christmas Halloween birthdays weddings marriage families parents babies grandfathers
    mothers fathers sisters brothers neighbours bosses meetings Mondays coffee tea beer wine soup
    salad bread eggs chocolate ice-cream vegetables apples potatoes onions garlic mushrooms phones
    passwords Wi-Fi printers Java Python bugs Linux statistics philosophy chess football basketball
    golf tennis swimming yoga gyms shoes socks hats glasses beards haircuts toilets soap furniture
    light-bulbs London Paris Canada Australia Japan Egypt New-York Hollywood opera jazz drums
"""

INNOCENT_WORDS = """
    Scunthorpe Penistone class classic grass compass passion embassy assistant assembly cocktail
    cockpit peacock Hitchcock Dickens Essex Sussex analysis analyst canal therapist grape drapery
    shiitake shitake Matsushita title titan button butter butler circumference cucumber document
    accumulate snigger niggle raccoon cocoon tycoon homework psychologist condominium Milford spices
    spicy mustard
    custard bastion leotard mishap hello shell Michelle arsenal parsley scrape megahertz sextant
    Middlesex swallowtail wristwatch dickey-bird cumin hoses poses wares fates
"""

OPENINGS = (
    "Why did the programmer",
    "Why did the chicken cross the road?",
    "What do you call a",
    "Knock, knock.",
    "A man walks into a bar",
    "How many programmers does it take to screw in a light bulb?",
    "What's the difference between",
    "My mother always said",
    "Moby Dick and Captain Ahab",
    "It's 9:30 and I've had 2 coffees,",
)


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """The moderator as shipped."""
    return Moderator.load()


def entries(name: str) -> list[str]:
    text = (resources.files("finetune") / "wordlists" / f"{name}.txt").read_text(encoding="utf-8")
    return [line.strip("*") for line in text.splitlines() if line and line[0] not in "#!"]


def allowed(moderator: Moderator, text: str, tier: Tier) -> bool:
    """The same answer for a joke and a prompt, where the lists alone decide."""
    (verdict,) = moderator.verdicts([text], tier=tier)
    assert verdict.allowed == (verdict.cause is None)
    return verdict.allowed


@pytest.mark.parametrize("tier", Tier)
class TestEveryTier:
    """What holds however much a community wants to hear."""

    def test_a_clean_joke_is_told(self, moderator: Moderator, tier: Tier) -> None:
        verdicts = moderator.verdicts(CLEAN_JOKES, tier=tier)
        assert [
            joke for joke, verdict in zip(CLEAN_JOKES, verdicts, strict=True) if verdict.cause
        ] == []

    def test_an_innocent_topic_is_taken(self, moderator: Moderator, tier: Tier) -> None:
        prompts = [*INNOCENT_TOPICS.split(), *INNOCENT_WORDS.split(), *OPENINGS]
        assert [text for text in prompts if not moderator.allows_prompt(text, tier)] == []

    @pytest.mark.parametrize("name", ["slurs", "incitement", "minors", "sexual_violence"])
    def test_the_worst_words_are_always_refused(
        self, moderator: Moderator, tier: Tier, name: str
    ) -> None:
        sentences = [f"What do they say? {entry} they say." for entry in entries(name)]
        verdicts = moderator.verdicts(sentences, tier=tier)
        passed = [s for s, verdict in zip(sentences, verdicts, strict=True) if verdict.allowed]
        assert passed == []

    def test_children_and_sex_never_meet(self, moderator: Moderator, tier: Tier) -> None:
        assert not allowed(moderator, "The toddler asked about porn.", tier)
        assert not allowed(moderator, "The priest and the little boy met.", tier)

    def test_a_prompt_with_an_address_is_refused(self, moderator: Moderator, tier: Tier) -> None:
        for text in ("@everyone", "<@123> walks in", "see https://example.org", "call 867-5309"):
            assert not moderator.allows_prompt(text, tier)

    def test_nothing_at_all_is_no_offence(self, moderator: Moderator, tier: Tier) -> None:
        assert moderator.verdicts([], tier=tier) == []
        assert moderator.verdicts(["", " ", "!?"], tier=tier) == [Verdict()] * 3
        assert moderator.allows_prompt("", tier)

    def test_each_text_is_judged_by_itself(self, moderator: Moderator, tier: Tier) -> None:
        texts = [CLEAN_JOKES[0], f"You {entries('slurs')[0]}!", CLEAN_JOKES[1]]
        verdicts = moderator.verdicts(texts, tier=tier)
        assert [verdict.allowed for verdict in verdicts] == [True, False, True]


class TestFamily:
    """For a channel where children read along."""

    @pytest.mark.parametrize(
        ("joke", "cause"),
        [
            ("What the f*ck did the cat say?", Cause.PROFANITY),
            ("My cat is a sh1thead, said the dog.", Cause.SWEARING),
            ("D a m n, said the parrot.", Cause.SWEARING),
            ("Why did the blonde stare at the juice? It said concentrate.", Cause.GENDER),
            ("Women are like the weather, said the barman.", Cause.GENDER),
            ("My wife left me for a tractor salesman.", Cause.COUPLES),
            ("An Irishman walks into a bar.", Cause.PEOPLES),
            ("Two Mexicans and a lamp meet.", Cause.PEOPLES),
            ("A rabbi and his dog meet.", Cause.FAITH),
            ("The gay parrot sings again.", Cause.GENDER),
            ("What did the deaf man say?", Cause.DISABILITY),
            ("Yo mama is wide as a barn.", Cause.BODY),
            ("She is so fat that her belt is a road.", Cause.BODY),
            ("He sold condoms at the fair.", Cause.SEXUAL),
            ("She told us that she is pregnant again.", Cause.INTIMATE),
            ("He grew marijuana behind the school.", Cause.DRUGS),
            ("The butler murdered the cook.", Cause.VIOLENCE),
            ("My goldfish died on Monday.", Cause.VIOLENCE),
            ("A nazi walks into a bar.", Cause.VIOLENCE),
            ("The clown thought of suicide.", Cause.SELF_HARM),
            ("Heaven called, they want their harp back.", Cause.SACRED),
        ],
    )
    def test_what_is_not_for_everybody_is_refused(
        self, moderator: Moderator, joke: str, cause: Cause
    ) -> None:
        (verdict,) = moderator.verdicts([joke], tier=Tier.FAMILY)
        assert verdict == Verdict(cause)

    def test_the_classifier_hears_what_no_list_has(self, moderator: Moderator) -> None:
        (verdict,) = moderator.verdicts(
            ["You pompous, worthless hypocritical fraud."], tier=Tier.FAMILY
        )
        assert verdict == Verdict(Cause.TONE)

    def test_dick_is_a_name_only_in_the_books(self, moderator: Moderator) -> None:
        assert moderator.allows_prompt("Moby Dick", Tier.FAMILY)
        assert moderator.allows_prompt("Dick Tracy", Tier.FAMILY)
        assert not moderator.allows_prompt("Dick", Tier.FAMILY)
        assert moderator.allows_prompt("Dick", Tier.STANDARD)

    def test_an_assassin_is_violent_but_no_swear_word(self, moderator: Moderator) -> None:
        (verdict,) = moderator.verdicts(["The assassin went home."], tier=Tier.FAMILY)
        assert verdict == Verdict(Cause.VIOLENCE)
        assert moderator.allows_prompt("assassin", Tier.STANDARD)

    @pytest.mark.parametrize(
        "joke",
        [
            "Why do killer whales never get lost? They know every port in a storm.",
            "I ordered French fries and a Swiss roll with Turkish delight.",
            "The dead battery was given away, free of charge.",
            "My nail polish is Scottish? No, it is plaid.",
            "The blind date went well: we both like curtains.",
            "He gave it a shot, and his flu shot gave it back.",
        ],
    )
    def test_a_listed_word_in_a_harmless_phrase_is_no_offence(
        self, moderator: Moderator, joke: str
    ) -> None:
        allowed_now = allowed(moderator, joke, Tier.FAMILY)
        assert allowed_now == ("Scottish" not in joke)


class TestStandard:
    """For grown-ups in mixed company."""

    @pytest.mark.parametrize(
        "joke",
        [
            "Damn, said the parrot, and shut up.",
            "My wife left me for a tractor salesman.",
            "An Irishman walks into a bar and orders soup.",
            "My goldfish died on Monday.",
            "He sold condoms at the fair.",
            "Why did the blonde stare at the juice? It said concentrate.",
        ],
    )
    def test_cheek_is_fine(self, moderator: Moderator, joke: str) -> None:
        assert allowed(moderator, joke, Tier.STANDARD)
        assert not allowed(moderator, joke, Tier.FAMILY)

    @pytest.mark.parametrize(
        ("joke", "cause"),
        [
            ("What the f*ck did the cat say?", Cause.PROFANITY),
            ("All Mexicans are lazy thieves.", Cause.HOSTILITY),
            ("Women are too stupid for maps.", Cause.HOSTILITY),
            ("Muslims and bombs, you know.", Cause.HOSTILITY),
            ("Gays should be shot, he said.", Cause.HOSTILITY),
        ],
    )
    def test_hate_and_strong_words_are_not(
        self, moderator: Moderator, joke: str, cause: Cause
    ) -> None:
        (verdict,) = moderator.verdicts([joke], tier=Tier.STANDARD)
        assert verdict == Verdict(cause)


def test_adults_may_swear(moderator: Moderator) -> None:
    joke = "What the f*ck did the cat say?"
    assert allowed(moderator, joke, Tier.ADULT)
    assert not allowed(moderator, joke, Tier.STANDARD)


def test_a_stricter_tier_refuses_all_a_looser_one_does() -> None:
    assert BLOCKED[Tier.ADULT] < BLOCKED[Tier.STANDARD] < BLOCKED[Tier.FAMILY]
    assert BLOCKED[Tier.FAMILY] == set(Cause)


class TestClassifier:
    """How the moderator uses the probability of offence."""

    def moderator(self, asked: list[str], scores: Sequence[float]) -> Moderator:
        def offensiveness(texts: Sequence[str]) -> Sequence[float]:
            asked.extend(texts)
            return scores[: len(texts)]

        nothing = Wordlist.parse("")
        return Moderator(
            causes={**dict.fromkeys(Cause, nothing), Cause.SWEARING: Wordlist.parse("turnip")},
            contexts={
                **dict.fromkeys(("children", "abusers", "hostile"), nothing),
                "harmless": Wordlist.parse("pig"),
            },
            offensiveness=offensiveness,
        )

    def test_only_what_the_lists_let_through_is_scored(self) -> None:
        asked: list[str] = []
        moderator = self.moderator(asked, [0.49, 0.5])
        verdicts = moderator.verdicts(["a cat", "a turnip", "a dog"], tier=Tier.FAMILY)
        assert verdicts == [Verdict(), Verdict(Cause.SWEARING), Verdict(Cause.TONE)]
        assert asked == ["a cat", "a dog"]

    def test_harmless_words_are_not_held_against_a_joke(self) -> None:
        asked: list[str] = []
        self.moderator(asked, [0.0]).verdicts(["Two PIGS met a cat"], tier=Tier.FAMILY)
        assert asked[0].split() == ["two", "met", "a", "cat"]

    @pytest.mark.parametrize("tier", [Tier.STANDARD, Tier.ADULT])
    def test_only_families_need_it(self, tier: Tier) -> None:
        asked: list[str] = []
        assert self.moderator(asked, [1.0]).verdicts(["a cat"], tier=tier) == [Verdict()]
        assert asked == []

    def test_a_prompt_is_too_short_for_it(self) -> None:
        asked: list[str] = []
        assert self.moderator(asked, [1.0]).allows_prompt("a cat", Tier.FAMILY)
        assert asked == []


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_a_hundred_thousand_characters_are_judged(moderator: Moderator, kind: str) -> None:
    text = f"{LONG_TEXTS[kind]} {entries('slurs')[0]}"
    assert not moderator.allows_prompt(text, Tier.ADULT)
    assert not allowed(moderator, text, Tier.FAMILY)


@given(hostile_texts())
def test_any_text_gets_a_verdict(moderator: Moderator, text: str) -> None:
    for tier in Tier:
        assert isinstance(moderator.allows_prompt(text, tier), bool)
        assert len(moderator.verdicts([text], tier=tier)) == 1
        assert not allowed(moderator, f"{text} {entries('slurs')[0]}", tier)


def test_the_classifier_is_loaded_only_when_asked_for() -> None:
    program = "import sys, finetune.moderation; sys.exit('profanity_check' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
