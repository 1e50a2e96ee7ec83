"""What doctor says of a cluster."""

import json

from bot.findings import State
from bot.generation.cluster.examining import understood


def application(**changes: object) -> dict[str, object]:
    usual = {
        "name": "punchline-funny-1",
        "status": "RUNNING",
        "running": 1,
        "replicas": 1,
        "trouble": "",
        "bots": 1,
    }
    return {**usual, **changes}


def test_a_cluster_that_answers_is_well_and_so_is_what_serves_on_it() -> None:
    output = json.dumps([application()]).encode()
    ray, version = understood(output, b"", address="auto")
    assert (ray.state, version.state) == (State.OK, State.OK)
    assert "auto" in ray.seen
    assert version.seen == "punchline-funny-1: 1 of 1 replicas run"


def test_a_version_that_does_not_serve_is_shown_with_its_trouble() -> None:
    waiting = application(status="DEPLOYING", running=0, trouble="no node\n has  a GPU")
    _, version = understood(json.dumps([waiting]).encode(), b"", address="auto")
    assert version.state is State.NOTE
    assert version.seen == "punchline-funny-1: 0 of 1 replicas run; no node has a GPU"


def test_an_empty_cluster_is_well() -> None:
    (ray,) = understood(b"[]", b"", address="auto")
    assert ray.state is State.OK


def test_where_there_is_none_its_last_words_say_so_and_what_to_do() -> None:
    complaint = b"something else\nThere is no Ray to join at auto (ray.address): none runs\n"
    (ray,) = understood(b"", complaint, address="auto")
    assert ray.state is State.FAIL
    assert ray.seen == "There is no Ray to join at auto (ray.address): none runs"
    assert "ray start --head" in ray.mend


def test_one_of_this_machines_own_need_not_run_before_the_bot_does() -> None:
    (ray,) = understood(b"", b"No Ray of this machine's own runs", address="local")
    assert ray.state is State.NOTE
