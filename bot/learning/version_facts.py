"""What there is to say about one version, a line a fact."""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from bot.fronts.model_table import liked_text, role_text
from bot.languages import ENGLISH
from bot.learning.known import Known
from bot.phrases import counted
from finetune.bases import published_name
from finetune.corpus.jokes import TRAIN

__all__ = ["facts", "made_at", "title"]

_LOSS = "loss_per_character"


def title(known: Known) -> str:
    """Its name and what it does."""
    role = known.line.role
    return f"{known.line.version} ({role_text(role, ENGLISH)})" if role else known.line.version


def made_at(known: Known) -> str:
    """When it was made here, to the minute."""
    return f"{known.made.created_at.astimezone(UTC):%F %H:%M} UTC" if known.made else ""


def facts(known: Known) -> list[str]:
    """Sentences without an end: whence it is, how it was taught, judged and liked."""
    found = [
        *_files(known),
        *_votes(known),
        *_jokes(known),
        *_recipe(known),
        *_gate(known),
        *_loss(known),
        *_liked(known),
    ]
    published = published_name(known.line.version)
    if published != known.line.version:
        found.append(f"base model, published as {published}")
    return found or ["nothing more is known of it here"]


def _files(known: Known) -> Iterator[str]:
    if known.made is not None:
        yield f"made {made_at(known)}"
    if known.directory is not None:
        yield f"files in {known.directory}"
    elif known.made is not None:
        yield "its files are not here any more"


def _votes(known: Known) -> Iterator[str]:
    if known.made is None:
        return
    digest = _part(_manifest(known, "data"), "votes").get("sha256")
    sha256 = f", sha256 {digest}" if digest else ""
    yield f"learned from {counted(known.made.votes, 'vote')}: {known.made.snapshot}{sha256}"


def _jokes(known: Known) -> Iterator[str]:
    data = _manifest(known, "data")
    number, digest = _part(data, "jokes").get(TRAIN), _part(data, "sha256").get(TRAIN)
    if isinstance(number, int):
        # Whoever learns from votes reads jokes along, so as not to forget them.
        verb = "read along" if data.get("votes") else "taught"
        yield f"{verb} {number:,} jokes: {TRAIN}" + (f", sha256 {digest}" if digest else "")


def _recipe(known: Known) -> Iterator[str]:
    recipe = _manifest(known, "recipe")
    learning = _part(recipe, "votes").get("learning")
    shown = {
        "learning": learning or ("jokes" if recipe else None),
        "method": recipe.get("method"),
        "rank": _part(recipe, "lora").get("rank") if recipe.get("method") == "lora" else None,
        "learning rate": recipe.get("learning_rate"),
        "epochs": recipe.get("epochs"),
        "seed": recipe.get("seed"),
    }
    if told := ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None):
        yield f"recipe: {told}"


def _gate(known: Known) -> Iterator[str]:
    if known.made is None or known.made.verdict is None:
        return
    verdict = known.made.verdict
    if verdict.get("passed"):
        votes = counted(int(verdict.get("votes_judged") or 0), "held-out vote")
        yield f"gate: passed beside {verdict.get('champion')}, judged on {votes}"
    else:
        yield " ".join(["gate: did not pass.", *map(str, verdict.get("reasons") or ())])


def _loss(known: Known) -> Iterator[str]:
    figure = _part(_manifest(known, "metrics"), _LOSS) or _examined(known)
    if isinstance(value := figure.get("value"), int | float):
        low, high = figure.get("low"), figure.get("high")
        sure = isinstance(low, int | float) and isinstance(high, int | float)
        interval = f" ({low:.3f} to {high:.3f})" if sure else ""
        yield f"held-out loss: {value:.3f} nats per character{interval}"


def _examined(known: Known) -> Mapping[str, Any]:
    """The loss as the gate measured it, for a version without files."""
    verdict = (known.made.verdict if known.made else None) or {}
    for figure in verdict.get("figures") or ():
        if figure.get("name") == "loss":
            return {**figure, "value": figure.get("candidate")}
    return {}


def _liked(known: Known) -> Iterator[str]:
    line = known.line
    if line.jokes:
        liked = f", {liked_text(line)} liked" if line.up + line.down else ""
        yield f"told {counted(line.jokes, 'joke')}{liked}, {counted(line.up + line.down, 'vote')}"


def _manifest(known: Known, part: str) -> Mapping[str, Any]:
    """A part of the manifest, as it lies with the files or as it was written down."""
    if known.manifest is not None:
        found: Mapping[str, Any] = getattr(known.manifest, part)
        return found
    return _part(known.made.manifest if known.made else {}, part)


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}
