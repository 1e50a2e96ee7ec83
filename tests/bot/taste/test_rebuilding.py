"""A new version reads what was voted on before it came, behind everybody's back."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.generation.port import GenerationError
from bot.generation.protocol import KnownJoke
from bot.taste.basis import Basis
from bot.taste.rebuilding import Rebuilding
from bot.taste.taste import Taste
from finetune.shipped import demo_jokes
from tests.bot.store.conftest import GUILD, ask, joke
from tests.bot.taste.material import RULES, choice, features_of
from tests.twins.embedder import MemoryEmbedder
from tests.twins.store import MemoryStore

CHOICES = [choice("A cat.", score=-1.0), choice("A dog.", score=-1.1)]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "jokes.csv"
    subjects = ("cat", "dog", "moon", "tree")
    lines = [f'{n},"A {subjects[n % 4]}, number {n}."\n' for n in range(60)]
    path.write_text("ID,Joke\n" + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture
async def store() -> MemoryStore:
    """Where people like dogs, told by a version that is no more."""
    store = MemoryStore()
    for n in range(20):
        text = f"A {'dog' if n % 2 else 'cat'}, number {n}."
        number = await store.open_request(ask(GUILD, topic="pets", opening="A"))
        assert await store.mark_told(
            number, replace(joke(text), model_version="old", features=b"\0" * 8)
        )
        await store.vote(number, "ann", 1 if n % 2 else -1)
    return store


def rebuilding(
    store: MemoryStore, sample: Path, *embedders: MemoryEmbedder, taste: Taste | None = None
) -> Rebuilding:
    return Rebuilding(
        tastes=store.tastes,
        taste=taste or Taste(tastes=store.tastes, rules=RULES),
        embedders=lambda: embedders,
        sample=sample,
        votes=100,
    )


async def test_after_a_swap_a_community_keeps_its_taste(store: MemoryStore, sample: Path) -> None:
    taste = Taste(tastes=store.tastes, rules=RULES)
    before = (await taste.order(community=GUILD, version="new", seed=1))(CHOICES)
    assert before == CHOICES
    await rebuilding(store, sample, MemoryEmbedder("new", features_of), taste=taste).catch_up()
    await taste.catch_up()
    found = (await taste.order(community=GUILD, version="new", seed=1))(CHOICES)
    assert found[0].text == "A dog."


async def test_jokes_are_read_with_what_was_asked_for_a_few_at_a_time(
    store: MemoryStore, sample: Path
) -> None:
    embedder = MemoryEmbedder("new", features_of)
    await rebuilding(store, sample, embedder).catch_up()
    assert all(len(order) <= 8 for order in embedder.orders)
    read = [known for order in embedder.orders for known in order]
    assert KnownJoke(text="A dog, number 19.", topic="pets", opening="A") in read
    assert KnownJoke(text="A dog, number 1.") in read
    assert len(read) == 60 + 20


async def test_nothing_is_read_twice(store: MemoryStore, sample: Path) -> None:
    embedder = MemoryEmbedder("new", features_of)
    await rebuilding(store, sample, embedder).catch_up()
    embedder.orders.clear()
    await rebuilding(store, sample, embedder).catch_up()
    assert embedder.orders == []


async def test_after_a_death_it_goes_on_where_it_was(store: MemoryStore, sample: Path) -> None:
    dying = MemoryEmbedder("new", features_of, lives=9)
    with pytest.raises(GenerationError):
        await rebuilding(store, sample, dying).catch_up()
    assert await store.tastes.basis("new") is not None
    rest = MemoryEmbedder("new", features_of)
    await rebuilding(store, sample, rest).catch_up()
    assert [len(order) for order in rest.orders] == [8, 4]


async def test_a_version_that_is_swapped_out_meanwhile_leaves_nothing_wrong_behind(
    store: MemoryStore, sample: Path
) -> None:
    embedder = MemoryEmbedder("new", features_of)

    def swapped(text: str) -> bytes:
        embedder.serves = "newer"
        return features_of(text)

    embedder._features = swapped
    await rebuilding(store, sample, embedder).catch_up()
    assert {version for version, _ in store.tastes.kept} <= {"old", "new"}
    assert all(version != "newer" for version in store.tastes.bases)


async def test_an_engine_without_features_is_asked_once(store: MemoryStore, sample: Path) -> None:
    blind = MemoryEmbedder("blind", lambda _: None)
    work = rebuilding(store, sample, blind)
    await work.catch_up()
    asked = len(blind.orders)
    await work.catch_up()
    assert len(blind.orders) == asked
    assert await store.tastes.basis("blind") is None


async def test_a_joke_that_cannot_be_read_is_not_tried_for_ever(
    store: MemoryStore, sample: Path
) -> None:
    embedder = MemoryEmbedder("new", lambda text: None if "19" in text else features_of(text))
    await rebuilding(store, sample, embedder).catch_up()
    assert await store.tastes.unread("new", votes=100, limit=100) == []
    taste = Taste(tastes=store.tastes, rules=RULES)
    found = (await taste.order(community=GUILD, version="new", seed=1))(CHOICES)
    assert found[0].text == "A dog."


async def test_only_versions_that_serve_are_kept_once_all_are_known(
    store: MemoryStore, sample: Path
) -> None:
    champion = MemoryEmbedder("new", features_of)
    challenger = MemoryEmbedder(None, features_of)
    work = rebuilding(store, sample, champion, challenger)
    await work.catch_up()
    assert {version for version, _ in store.tastes.kept} == {"old", "new"}
    challenger.serves = "newest"
    await work.catch_up()
    assert {version for version, _ in store.tastes.kept} == {"new", "newest"}
    assert store.tastes.bases.keys() == {"new", "newest"}


async def test_the_jokes_that_ship_with_punchline_make_a_basis(store: MemoryStore) -> None:
    await rebuilding(store, demo_jokes(), MemoryEmbedder("new", features_of)).catch_up()
    kept = await store.tastes.basis("new")
    assert kept is not None
    assert Basis.from_bytes(kept).width > 3
