"""`python -m finetune retrain` refuses in one sentence what nothing can be learned from."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from tests.finetune.training.material import write_base, write_corpus
from tests.tiny import write_tiny_adapter

LIKED = {"prompt": "JOKE:", "completion": " Why did the cat sit? It was tired.", "label": True}
DISLIKED = {**LIKED, "label": False}
BOTH = [LIKED, DISLIKED] * 10
# Importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base, a parent and a corpus."""
    place = tmp_path_factory.mktemp("refusals")
    base = write_base(place / "base")
    write_corpus(place / "corpus")
    write_tiny_adapter(place / "parent", base=base)
    return place


@pytest.fixture(scope="module", autouse=True)
def no_bars() -> Iterator[None]:
    """The program switches bars off for its process, which is ours here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


def retrain(
    place: Path, lines: Sequence[dict[str, Any]], *more: str, parent: str = "", recipe: str = "kto"
) -> Result:
    """The command inside this process."""
    votes = place / "votes.jsonl"
    votes.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return CliRunner().invoke(
        app,
        [
            *("retrain", "--votes", str(votes), "--parent", parent or str(place / "parent")),
            *("--data", str(place / "corpus"), "--out", str(place / "child"), "--recipe", recipe),
            *("--device", "cpu", "--progress", "json", *more),
        ],
    )


def refused(place: Path, done: Result) -> str:
    """The one sentence of a command that left nothing behind."""
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    assert not [path for path in place.iterdir() if "child" in path.name]
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_no_votes(place: Path) -> None:
    assert refused(place, retrain(place, [])) == f"{place / 'votes.jsonl'} holds no votes."


def test_votes_of_one_kind_only_say_how_many_of_the_other_are_missing(place: Path) -> None:
    sentence = refused(place, retrain(place, [LIKED] * 12))
    assert sentence.endswith("has too few votes: 10 more disliked (it has 0 of 10) are missing.")


def test_teaching_what_was_liked_needs_no_dislikes_but_likes(place: Path) -> None:
    sentence = refused(place, retrain(place, [DISLIKED] * 12, recipe="upvoted"))
    assert sentence.endswith("has too few votes: 10 more liked (it has 0 of 10) are missing.")


def test_votes_that_are_all_too_long_are_too_few(place: Path) -> None:
    long = [{**line, "completion": " cat" * 200} for line in BOTH]
    assert "has too few votes" in refused(place, retrain(place, long))


def test_a_prompt_of_no_template(place: Path) -> None:
    foreign = [{**line, "prompt": "Tell me a joke."} for line in BOTH]
    assert "'Tell me a joke.' is not made by the template plain." in refused(
        place, retrain(place, foreign)
    )


def test_a_parent_that_is_no_version(place: Path) -> None:
    sentence = refused(place, retrain(place, BOTH, parent=str(place / "base")))
    assert sentence.endswith("is a base and no version; teach it jokes first.")


def test_a_recipe_that_knows_no_votes_and_training_without_any(place: Path) -> None:
    sentence = refused(place, retrain(place, BOTH, recipe="starter"))
    assert sentence == "Recipe starter does not learn from votes; it has no section [votes]."
    done = CliRunner().invoke(
        app, ["train", "--recipe", "kto", "--data", str(place), "--out", str(place / "child")]
    )
    assert refused(place, done) == (
        "Recipe kto learns from votes: python -m finetune retrain --help"
    )


def test_kto_of_single_votes(place: Path) -> None:
    assert refused(place, retrain(place, BOTH, "--set", "sequences=1")) == (
        "Recipe kto: KTO compares the votes of a batch; set sequences to 2 or more."
    )


def test_weights_that_stop_being_numbers(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", ruined=True)
    write_corpus(tmp_path / "corpus")
    write_tiny_adapter(tmp_path / "parent", base=base)
    sentence = refused(tmp_path, retrain(tmp_path, BOTH))
    assert sentence.startswith("The loss is no longer a number; lower learning_rate")


def test_other_votes_than_those_an_unfinished_run_began_with(place: Path, tmp_path: Path) -> None:
    run = place / "child.run"
    run.mkdir()
    (run / "run.json").write_text('{"votes": "another"}')
    try:
        done = retrain(place, BOTH, "--resume")
        assert done.exit_code == 1
        assert "was begun with another" in done.stderr
        assert "votes" in done.stderr
    finally:
        (run / "run.json").unlink()
        run.rmdir()
