"""What a training run learns from is frozen and described."""

import hashlib
import json
import random
from pathlib import Path

import pytest

from bot.settings import LearningSettings
from bot.votes.choosing import TooFewVotesError
from bot.votes.floods import Flood
from bot.votes.rows import VoteRow
from bot.votes.snapshot import Snapshot, freeze
from finetune.retraining.votes import read_votes
from tests.bot.votes.material import crowd, vote

RULES = LearningSettings(held_out=0.3, flood_votes=20)
LATE = 10 * 24 * 60.0


def frozen(
    directory: Path, rows: list[VoteRow], rules: LearningSettings = RULES
) -> tuple[Snapshot, dict[str, object]]:
    snapshot = freeze(rows, rules=rules, directory=directory)
    return snapshot, json.loads(snapshot.description.read_text("utf-8"))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_is_what_the_trainer_reads(tmp_path: Path) -> None:
    rows = [
        vote(1, topic="cats", opening="Why do", text="Why do cats purr?", value=-1),
        *(vote(number, "bob") for number in range(2, 9)),
    ]
    rules = LearningSettings(minimum_votes=8, held_out=0.0)
    snapshot, _ = frozen(tmp_path, rows, rules)
    first, second, *_ = lines(snapshot.train.path)
    assert first == {
        "prompt": "TOPIC: cats\nJOKE: Why do",
        "completion": " cats purr?",
        "label": False,
        "weight": 4.0,
        "joke_id": 1,
        "model_version": "starter",
        "told_at": "2024-02-29T12:00:00+00:00",
    }
    assert (second["prompt"], second["completion"]) == ("JOKE:", " Joke number 2.")
    read = read_votes(snapshot.train.path)
    assert read.sha256 == snapshot.train.sha256
    assert [one.label for one in read.votes] == [False] + [True] * 7


@pytest.mark.parametrize("text", ["Cats do.", "Why do"])
def test_a_joke_that_does_not_go_on_from_its_opening_is_taken_without_it(
    tmp_path: Path, text: str
) -> None:
    rows = [vote(1, opening="Why do", text=text), vote(2, value=-1)]
    snapshot, _ = frozen(tmp_path, rows, LearningSettings(minimum_votes=2, held_out=0.0))
    first = lines(snapshot.train.path)[0]
    assert (first["prompt"], first["completion"]) == ("JOKE:", f" {text}")


def test_what_is_beside_the_votes_says_what_they_are(tmp_path: Path) -> None:
    flood = [vote(5, f"new{number}", minutes=LATE + number / 10) for number in range(25)]
    rows = [*crowd(), *flood, vote(99, withheld=True, minutes=5000)]
    snapshot, described = frozen(tmp_path, rows)
    for side, votes in (("train", snapshot.train), ("held_out", snapshot.held_out)):
        file = described[side]
        assert isinstance(file, dict)
        assert file["path"] == votes.path.name
        assert file["sha256"] == hashlib.sha256(votes.path.read_bytes()).hexdigest()
        assert file["votes"] == file["up"] + file["down"] == len(lines(votes.path)) > 0
        assert file["members"] == 30
        assert file["jokes"] * 30 == file["votes"]
    assert snapshot.train.votes + snapshot.held_out.votes == 300
    assert described["parameters"] == RULES.model_dump(mode="json")
    assert described["top_voters"] == {
        "before": {"member": pytest.approx(1 / 30), "clique": pytest.approx(1 / 6)},
        "after": {"member": pytest.approx(1 / 30), "clique": pytest.approx(1 / 6)},
    }
    assert described["set_aside"] == {
        "hidden_or_offensive": 1,
        "flooded": 25,
        "floods": [
            {
                "front": "discord",
                "community": "1",
                "from": "2024-03-10T12:00:00+00:00",
                "to": "2024-03-10T12:02:24+00:00",
                "members": 25,
                "up": 25,
                "down": 0,
            }
        ],
    }
    assert [type(flood) for flood in snapshot.floods] == [Flood]


def test_no_file_says_who_voted(tmp_path: Path) -> None:
    frozen(tmp_path, crowd())
    assert len(list(tmp_path.iterdir())) == 3
    for file in tmp_path.iterdir():
        assert "member1" not in file.read_text("utf-8")


def test_the_same_votes_make_the_same_files_and_others_make_others(tmp_path: Path) -> None:
    rows = crowd()
    first, _ = frozen(tmp_path, rows)
    contents = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again, _ = frozen(tmp_path, random.Random(3).sample(rows, len(rows)))
    assert again == first
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents
    others = [
        frozen(tmp_path, rows[1:])[0],
        frozen(tmp_path, [*rows, vote(99, withheld=True)])[0],
        frozen(tmp_path, rows, LearningSettings(held_out=0.3, flood_votes=21))[0],
    ]
    assert len({first.name, *(other.name for other in others)}) == 4
    assert all(path.read_bytes() == content for path, content in contents.items())


def test_frozen_files_are_not_to_be_written(tmp_path: Path) -> None:
    snapshot, _ = frozen(tmp_path, crowd())
    for path in (snapshot.train.path, snapshot.held_out.path, snapshot.description):
        assert path.stat().st_mode & 0o777 == 0o444


def test_the_clique_is_held_down_in_what_is_learned_from(tmp_path: Path) -> None:
    clique = [vote(100 + n, f"clique{n % 5}", -1, minutes=n) for n in range(300)]
    snapshot, _ = frozen(tmp_path, [*crowd(), *clique], LearningSettings())
    assert snapshot.weighing.before.clique > 0.45
    assert snapshot.weighing.after.clique == pytest.approx(0.25)
    down = [one for one in lines(snapshot.train.path) if int(str(one["joke_id"])) >= 100]
    weight = sum(float(str(one["weight"])) for one in down)
    assert weight / snapshot.train.votes == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "There are 0 votes to learn from; needed: at least 100 more votes"),
        ([vote(n) for n in range(1, 121)], "needed: at least 5 more downvotes"),
    ],
    ids=["none", "one kind"],
)
def test_too_few_votes_or_one_kind_are_refused_and_nothing_is_written(
    tmp_path: Path, rows: list[VoteRow], sentence: str
) -> None:
    with pytest.raises(TooFewVotesError, match=sentence) as refused:
        freeze(rows, rules=RULES, directory=tmp_path)
    assert refused.value.shortage.missing_down == 5
    assert list(tmp_path.iterdir()) == []
