"""What a worker on a cluster reports is reported where the command was typed."""

import json
from dataclasses import asdict

from finetune.cluster.desk import Desk
from finetune.cluster.lines import LinesReporter, report
from finetune.training.reporting import TrainingStep
from tests.finetune.training.material import Listener


def test_all_that_a_reporter_hears_arrives_through_the_desk_in_order() -> None:
    now = TrainingStep(
        step=3,
        of=9,
        epoch=0.3,
        loss=2.5,
        held_out_loss=None,
        tokens_per_second=7.0,
        seconds_left=4.0,
    )
    desk, heard = Desk(), Listener()
    worker = LinesReporter(tell=desk.tell)
    worker.stage("loading the model", 0, 0)
    worker.training(now)
    worker.samples(1.0, ["Why did the cat?\nIt was a joke."])
    for line in desk.told():
        report(json.loads(line), heard)
    assert heard.stages == ["loading the model"]
    assert [asdict(each) for each in heard.steps] == [asdict(now)]
    assert heard.epochs == [1.0]
    assert desk.told() == []


def test_a_line_that_is_no_progress_is_passed_over() -> None:
    heard = Listener()
    report({"ended": {"version": None}}, heard)
    assert heard == Listener()


def test_the_desk_knows_whether_workers_are_the_first_and_whether_to_stop() -> None:
    desk = Desk()
    assert [desk.begin(), desk.begin()] == [False, True]
    assert desk.signal() == 0
    desk.stop(15)
    assert desk.signal() == 15
