"""A recipe: every choice that a training run depends on besides its data."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = [
    "Recipe",
    "RecipeError",
    "RetrainingRecipe",
    "SamplingRecipe",
    "TasteRecipe",
    "VotesRecipe",
    "read_recipe",
    "recipe_names",
]


class RecipeError(Exception):
    """A recipe that cannot be used; the message is one sentence that says what to change."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SamplingRecipe(_Part):
    """How sample jokes are drawn; the first `first_tokens` tokens may have a top-k of their own.

    0 means no limit for each top-k.
    """

    temperature: Annotated[float, Field(ge=0, le=5)] = 0.95
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0)] = 0
    first_tokens: Annotated[int, Field(ge=0)] = 0
    first_top_k: Annotated[int, Field(ge=0)] = 0
    max_tokens: Annotated[int, Field(ge=1, le=1024)] = 96


class LoraRecipe(_Part):
    """The adapter of method `lora` (Hu et al. 2021, https://arxiv.org/abs/2106.09685).

    `targets` are the names of the layers it is added to, or all linear ones.
    """

    rank: Annotated[int, Field(ge=1, le=1024)] = 16
    alpha: Annotated[int, Field(ge=1)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: str | list[str] = "all-linear"
    rank_stabilised: bool = False


class Recipe(_Part):
    """Settings of one training run.

    A step reads `sequences` × `accumulation` sequences of `sequence_tokens` tokens, each packed
    with whole jokes. `topic_share` of the jokes that have topics show one to the model.
    `evaluations` is how often in an epoch the held-out loss is taken, `patience` how many of them
    in a row may bring nothing better before training stops early, and `held_out_jokes` how many
    jokes it is taken on. `warmup_steps` is a share of all
    steps when it is below 1. `compiled` is whether the layers are compiled before the first step
    (`finetune.training.compiling`); `auto` does so for runs that are long enough to win by it.
    """

    base: Annotated[str, Field(min_length=1)] = "starter"
    revision: str = ""
    method: Literal["full", "lora"] = "lora"
    lora: LoraRecipe = LoraRecipe()
    topic_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    sequence_tokens: Annotated[int, Field(ge=16, le=65_536)] = 128
    packing: bool = True
    sequences: Annotated[int, Field(ge=1)] = 16
    accumulation: Annotated[int, Field(ge=1)] = 1
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 4e-4
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "cosine"
    warmup_steps: Annotated[float, Field(ge=0)] = 0.03
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    clip: Annotated[float, Field(gt=0)] = 1.0
    epochs: Annotated[float, Field(gt=0, le=1000)] = 2
    evaluations: Annotated[int, Field(ge=1, le=1000)] = 4
    patience: Annotated[int, Field(ge=1)] = 4
    held_out_jokes: Annotated[int, Field(ge=1)] = 512
    checkpoint_steps: Annotated[int, Field(ge=1)] = 50
    log_steps: Annotated[int, Field(ge=1)] = 5
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 17
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    gradient_checkpointing: bool = False
    compiled: bool | Literal["auto"] = "auto"
    trackers: list[str] = ["tensorboard"]
    samples: Annotated[int, Field(ge=0, le=100)] = 4
    sampling: SamplingRecipe = SamplingRecipe()


class TasteRecipe(_Part):
    """How a taste is learned from the votes before the model is taught.

    `caution` is how strongly its slopes are held at zero. The jokes that an epoch replays are the
    best of `choice` times as many of the corpus. Where it has fewer than `own` times as many, the
    version tells the rest itself.
    """

    caution: Annotated[float, Field(gt=0)] = 1000.0
    choice: Annotated[float, Field(ge=1, le=100)] = 5.0
    own: Annotated[float, Field(ge=0, le=100)] = 2.5


class VotesRecipe(_Part):
    """How votes are learned from: by KTO, or by teaching only what was liked.

    With a `taste` the votes say what it thinks of their jokes, and the replay is to its liking.

    A step reads `sequences` × `accumulation` votes, and for each of them `replayed` jokes of the
    corpus, whose loss counts `replay` times. In the end the weights are drawn back as far as is
    needed for the held-out loss to have risen by no more than the share `forgetting`. `fewest`
    votes are needed of each kind that is learned from. `beta` and `balance` are of KTO: how
    strongly the parent is held on to (weaker lets go), and how much all liked jokes weigh against
    all disliked ones.
    """

    learning: Literal["kto", "upvoted"]
    beta: Annotated[float, Field(gt=0, le=10)] = 0.1
    balance: Annotated[float, Field(gt=0, le=10)] = 1.0
    replay: Annotated[float, Field(ge=0, le=100)] = 1.0
    replayed: Annotated[float, Field(ge=0, le=16)] = 1.0
    forgetting: Annotated[float, Field(gt=0, le=10)] = 0.05
    fewest: Annotated[int, Field(ge=2)] = 10
    taste: TasteRecipe | None = None

    @property
    def fewest_disliked(self) -> int:
        """How many votes against are needed: none where only what was liked is looked at."""
        return self.fewest if self.learning == "kto" or self.taste else 0


class RetrainingRecipe(Recipe):
    """Settings of a run that learns from votes; its base is that of the version it goes on from."""

    votes: VotesRecipe

    @model_validator(mode="after")
    def _several_votes_at_once(self) -> Self:
        if self.votes.learning == "kto" and self.sequences == 1:
            raise ValueError("KTO compares the votes of a batch; set sequences to 2 or more")
        return self


def recipe_names() -> list[str]:
    """The recipes that ship with Punchline."""
    folder = resources.files("finetune") / "recipes"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if ".toml" in entry.name
    )


def read_recipe(name: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe that ships with Punchline or a TOML file, with `key=value` changes applied.

    A key of a section is written `lora.rank=8`. One with a section `votes` is a
    `RetrainingRecipe`. Raises `RecipeError`.
    """
    content = _parsed(_text(name), where=f"Recipe {name}")
    for change in changes:
        _merge(content, _parsed(_as_toml(change), where=f"--set {change}"))
    try:
        return (RetrainingRecipe if "votes" in content else Recipe).model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        where = [f"Recipe {name}", ".".join(str(part) for part in first["loc"]), said]
        raise RecipeError(f"{': '.join(filter(None, where))}.") from None


def _text(name: str) -> str:
    path = Path(name)
    try:
        if path.suffix == ".toml":
            return path.read_text(encoding="utf-8")
        if name in recipe_names():
            packaged = resources.files("finetune") / "recipes" / f"{name}.toml"
            return packaged.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"Recipe {name} cannot be read: {error}.") from None
    known = ", ".join(recipe_names())
    raise RecipeError(f"There is no recipe {name}; take one of {known}, or a .toml file.")


def _as_toml(change: str) -> str:
    key, equals, value = change.partition("=")
    if not equals or not key.strip() or "\n" in change:
        one_line = " ".join(change.split())
        raise RecipeError(f"--set {one_line}: write it as key=value, for example lora.rank=8.")
    try:
        tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        # A bare word is meant as text; a shell takes the quotes away.
        quoted = value.strip().replace("\\", "\\\\").replace('"', '\\"')
        return f'{key.strip()} = "{quoted}"'
    return f"{key.strip()} = {value}"


def _parsed(text: str, *, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where} is not valid TOML: {error}.") from None


def _merge(content: dict[str, Any], change: Mapping[str, Any]) -> None:
    for key, value in change.items():
        inner = content.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            _merge(inner, value)
        else:
            content[key] = value
