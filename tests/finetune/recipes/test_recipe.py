"""A recipe says every choice of a run, and what is wrong with it in one sentence."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.recipes.recipe import (
    Recipe,
    RecipeError,
    RetrainingRecipe,
    read_recipe,
    recipe_names,
)

SHIPPED = [
    "demo",
    "gpt2",
    "gpt2-large",
    "gpt2-medium",
    "gpt2-xl",
    "kto",
    "starter",
    "taste",
    "upvoted",
]


def refusal(name: str | Path, *changes: str) -> str:
    with pytest.raises(RecipeError) as refused:
        read_recipe(str(name), changes)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def test_recipes_for_the_starter_and_all_four_sizes_of_gpt2_ship() -> None:
    assert recipe_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_recipe_that_ships_can_be_read(name: str) -> None:
    hub = name.startswith("gpt2")
    assert read_recipe(name).base == (f"openai-community/{name}" if hub else "starter")


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("gpt2")])
def test_gpt2_is_taught_with_the_figures_this_project_began_with(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.method == "full"
    assert recipe.sequence_tokens == 400
    assert recipe.sequences * recipe.accumulation == 16
    assert (recipe.learning_rate, recipe.weight_decay) == (3e-5, 0)
    assert (recipe.warmup_steps, recipe.schedule) == (5000, "linear")
    assert recipe.epochs == 5
    # After each epoch, and never stopped early: the best of all five is taken.
    assert (recipe.evaluations, recipe.patience) == (1, 5)
    sampling = recipe.sampling
    assert (sampling.first_tokens, sampling.first_top_k, sampling.top_k) == (3, 20, 3)
    assert (sampling.temperature, sampling.top_p) == (1, 1)


@pytest.mark.parametrize("name", ["kto", "upvoted"])
def test_a_recipe_with_votes_is_one_for_retraining(name: str) -> None:
    recipe = read_recipe(name, ["votes.beta=0.5"])
    assert isinstance(recipe, RetrainingRecipe)
    assert (recipe.votes.learning, recipe.votes.beta) == (name, 0.5)
    assert RetrainingRecipe.model_validate(recipe.model_dump(mode="json")) == recipe
    assert not isinstance(read_recipe("starter"), RetrainingRecipe)


def test_a_recipe_survives_being_recorded() -> None:
    recipe = read_recipe("gpt2-medium")
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_single_settings_can_be_changed() -> None:
    changed = read_recipe(
        "starter",
        [
            "lora.rank=8",
            "schedule=linear",
            'lora.targets=["q_proj"]',
            "packing=false",
            "base=a/b=c",
        ],
    )
    assert changed.lora.rank == 8
    assert changed.lora.alpha == read_recipe("starter").lora.alpha
    assert changed.lora.targets == ["q_proj"]
    assert (changed.schedule, changed.packing, changed.base) == ("linear", False, "a/b=c")


def test_a_recipe_of_ones_own_is_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "somewhere"\n[lora]\nrank = 3\n')
    recipe = read_recipe(str(mine))
    assert (recipe.base, recipe.lora.rank) == ("somewhere", 3)


def test_an_unknown_recipe_is_told_which_there_are() -> None:
    assert refusal("limerick") == (
        f"There is no recipe limerick; take one of {', '.join(SHIPPED)}, or a .toml file."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"base = ", "is not valid TOML"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"tempo = 3", "tempo: Extra inputs are not permitted."),
        (b"[lora]\nrang = 3", "lora.rang: Extra inputs are not permitted."),
        (b"epochs = 0", "epochs: Input should be greater than 0."),
        (b"epochs = inf", "epochs: "),
        (b"epochs = nan", "epochs: "),
        (b'method = "dora"', "method: Input should be 'full' or 'lora'."),
        (b"sequences = 1.5", "sequences: "),
        (b"lora = 3", "lora: "),
        (b"votes = 3", "votes: "),
        (b'[votes]\nlearning = "ppo"', "votes.learning: "),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_with_the_reason(
    tmp_path: Path, text: bytes, says: str
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_bytes(text)
    sentence = refusal(mine)
    assert sentence.startswith(f"Recipe {mine}")
    assert says in sentence


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("change", ["epochs", "=3", "epochs=0", "a..b=1", "epochs=1\nseed=2"])
def test_a_change_that_is_none_is_refused(change: str) -> None:
    refusal("starter", change)


@given(change=st.text(max_size=30), value=st.text(max_size=30))
def test_any_text_is_a_change_or_is_refused(change: str, value: str) -> None:
    with suppress(RecipeError):
        assert isinstance(read_recipe("starter", [f"{change}={value}"]), Recipe)
