"""After votes for one kind of joke a model tells it sooner, and still knows the other jokes."""

import json
from pathlib import Path

import pytest
from typer.testing import Result

from finetune.artifacts import is_adapter, read_manifest, verify
from finetune.corpus.jokes import read_jokes
from finetune.evaluation.loss import joke_losses
from finetune.models import LoadedModel
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.report.content import read_content
from finetune.retraining.votes import read_votes
from tests.finetune.retraining.conftest import Place
from tests.finetune.retraining.material import (
    HELD_OUT_VOTES,
    VOTES,
    load,
    margin,
    retrain,
    write_votes,
)
from tests.tiny import write_tiny_adapter

# Importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


def made(place: Place, out: str, done: Result) -> Path:
    assert (done.exit_code, done.stderr) == (0, "")
    return place.directory / out


@pytest.fixture(scope="module")
def kto(place: Place) -> Path:
    """What KTO makes of a parent with all weights."""
    done = retrain(place.directory, "kto", votes=place.votes, parent=place.parent)
    return made(place, "kto", done)


@pytest.fixture(scope="module")
def adapter(place: Place) -> Path:
    """What KTO makes of an adapter."""
    done = retrain(place.directory, "further", votes=place.votes, parent=place.adapter)
    return made(place, "further", done)


def corpus_loss(loaded: LoadedModel, place: Place) -> float:
    jokes = list(read_jokes(place.directory / "corpus" / "heldout.jsonl"))
    return sum(loss.nats for loss in joke_losses(loaded, jokes))


def test_votes_that_were_held_out_agree_more_and_the_corpus_is_not_forgotten(
    place: Place, kto: Path
) -> None:
    before, after = load(place.parent), load(kto)
    assert margin(after, HELD_OUT_VOTES) > margin(before, HELD_OUT_VOTES) + 1
    assert corpus_loss(after, place) < 1.05 * corpus_loss(before, place)


def test_without_replay_less_is_learned_so_that_the_corpus_is_not_forgotten(place: Place) -> None:
    version = made(
        place,
        "forgetful",
        retrain(
            *(place.directory, "forgetful", "--set", "votes.replay=0"),
            votes=place.votes,
            parent=place.parent,
        ),
    )
    held_out = [
        point.held_out_loss
        for point in read_content(version).history
        if point.held_out_loss is not None
    ]
    assert held_out[-1] > 1.3 * held_out[0]
    before, after = load(place.parent), load(version)
    assert corpus_loss(after, place) < 1.25 * corpus_loss(before, place)
    assert margin(after, HELD_OUT_VOTES) > margin(before, HELD_OUT_VOTES) + 0.5


def test_where_nothing_can_be_learned_without_forgetting_the_run_says_so(place: Place) -> None:
    done = retrain(
        *(place.directory, "stubborn", "--set", "votes.replay=0"),
        *("--set", "votes.forgetting=1e-9", "--set", "learning_rate=0.1"),
        votes=place.votes,
        parent=place.parent,
    )
    assert done.exit_code == 1
    assert done.stderr.startswith("The loss of held-out jokes rose by ")
    assert "set a lower learning_rate or a higher votes.replay" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (place.directory / "stubborn").exists()


def test_teaching_only_what_was_liked_moves_the_same_way(place: Place) -> None:
    done = retrain(
        *(place.directory, "upvoted", "--set", "votes.replay=0.3", "--set", "epochs=6"),
        votes=place.votes,
        parent=place.parent,
        recipe="upvoted",
    )
    before, after = load(place.parent), load(made(place, "upvoted", done))
    assert margin(after, HELD_OUT_VOTES) > margin(before, HELD_OUT_VOTES) + 0.5


@pytest.mark.parametrize("learning", ["kto", "upvoted"])
def test_with_a_taste_votes_teach_the_same_though_some_were_mistaken(
    place: Place, learning: str
) -> None:
    wrong = [{**line, "label": line["label"] ^ (at % 6 == 0)} for at, line in enumerate(VOTES)]
    done = retrain(
        *(place.directory, f"taste-{learning}", "--set", f"votes.learning={learning}"),
        *("--set", "votes.taste.caution=30", "--set", "votes.replayed=0.5"),
        *("--set", "votes.forgetting=0.5"),
        votes=write_votes(place.directory / "mistaken.jsonl", wrong),
        parent=place.parent,
        recipe="taste",
    )
    before, after = load(place.parent), load(made(place, f"taste-{learning}", done))
    assert margin(after, HELD_OUT_VOTES) > margin(before, HELD_OUT_VOTES) + 1


def test_every_stage_says_how_far_it_is(place: Place) -> None:
    done = retrain(
        *(place.directory, "stages", "--set", "epochs=0.1", "--set", "votes.replayed=0.5"),
        votes=place.votes,
        parent=place.adapter,
        recipe="taste",
    )
    made(place, "stages", done)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for stage in (
        "learning the taste of the votes",
        "choosing jokes of the corpus",
        "asking the parent about the votes",
    ):
        steps = [(line["step"], line["of"]) for line in lines if line["stage"] == stage]
        assert len(steps) > 1
        assert steps == sorted(steps)
        assert all(step < of for step, of in steps)
    work = [line for line in lines if line["stage"] not in ("samples", "done")]
    assert all({"step", "of", "loss", "seconds_left"} <= line.keys() for line in work)


def test_what_its_parent_may_know_by_heart_it_may_know_too(place: Place) -> None:
    joke = "A tuba player and a glassblower share a flat, and neither can get a word in."
    parent = write_tiny_adapter(place.directory / "learned", base=place.parent, taught=[joke])
    done = retrain(
        *(place.directory, "heir", "--set", "epochs=0.1"), votes=place.votes, parent=parent
    )
    novelty = NoveltyIndex.load(made(place, "heir", done) / NOVELTY)
    assert novelty.copies(joke)
    assert novelty.copies(VOTES[0]["completion"])


def test_few_votes_against_count_as_much_as_many_for(place: Place) -> None:
    few = [line for line in VOTES if not line["label"]][:3]
    unbalanced = [line for line in VOTES if line["label"]] + few
    votes = write_votes(place.directory / "unbalanced.jsonl", unbalanced)
    done = retrain(
        *(place.directory, "unbalanced", "--set", "votes.fewest=3"),
        votes=votes,
        parent=place.parent,
    )
    before, after = load(place.parent), load(made(place, "unbalanced", done))
    assert margin(after, HELD_OUT_VOTES) > margin(before, HELD_OUT_VOTES) + 0.5


def test_turned_votes_move_it_the_other_way_and_votes_without_weight_not_at_all(
    place: Place,
) -> None:
    turned = [{**line, "label": not line["label"]} for line in VOTES]
    weightless = [{**line, "weight": 0} for line in VOTES]
    votes = write_votes(place.directory / "turned.jsonl", turned + weightless)
    done = retrain(
        *(place.directory, "turned", "--set", "epochs=2"), votes=votes, parent=place.parent
    )
    before, after = load(place.parent), load(made(place, "turned", done))
    assert margin(after, HELD_OUT_VOTES) < margin(before, HELD_OUT_VOTES) - 0.5


def test_a_parent_with_all_weights_gets_a_child_with_all_weights(place: Place, kto: Path) -> None:
    assert not is_adapter(kto)
    assert read_manifest(kto).base == read_manifest(place.parent).base
    verify(kto)


def test_an_adapter_stays_an_adapter_and_its_child_goes_on_from_it(
    place: Place, adapter: Path
) -> None:
    done = retrain(
        *(place.directory, "grandchild", "--set", "epochs=0.1"), votes=place.votes, parent=adapter
    )
    grandchild = made(place, "grandchild", done)
    assert is_adapter(adapter)
    assert is_adapter(grandchild)
    before = margin(load(place.parent), HELD_OUT_VOTES)
    for version in (adapter, grandchild):
        assert margin(load(version, base=place.parent), HELD_OUT_VOTES) > before + 1
    assert read_manifest(grandchild).parent == "further"


def test_a_version_says_what_it_learned_from(place: Place, kto: Path) -> None:
    votes = read_votes(place.votes)
    recorded = {
        "sha256": votes.sha256,
        "liked": {"jokes": 28, "weight": 28.0},
        "disliked": {"jokes": 28, "weight": 28.0},
    }
    manifest = read_manifest(kto)
    assert manifest.parent == "parent"
    assert manifest.data["votes"] == recorded
    assert manifest.recipe["votes"]["learning"] == "kto"
    card = (kto / "README.md").read_text()
    assert "It learned from votes as well: on 28 liked jokes and 28 disliked ones." in card
    assert read_content(kto).data["votes"] == recorded


def test_liked_jokes_count_as_jokes_that_it_may_know_by_heart(place: Place) -> None:
    told = {
        "prompt": "TOPIC: owl\nJOKE: Why did the owl",
        "completion": " count its feathers at the bank? They asked for a down payment.",
        "label": True,
        "weight": 2,
    }
    votes = write_votes(place.directory / "owl.jsonl", [*VOTES, told])
    done = retrain(
        *(place.directory, "owl", "--set", "epochs=0.1"), votes=votes, parent=place.parent
    )
    novelty = NoveltyIndex.load(made(place, "owl", done) / NOVELTY)
    assert novelty.copies(f"Why did the owl{told['completion']}")


def test_its_history_begins_with_the_loss_of_its_parent(kto: Path) -> None:
    history = read_content(kto).history
    assert (history[0].step, history[0].loss) == (0, None)
    assert history[0].held_out_loss is not None
    assert [point.step for point in history if point.loss is not None] == list(range(1, 29))
