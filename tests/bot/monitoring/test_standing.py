"""How things stand: what a fleet, a shelf and the database say, as series."""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bot.app import open_app
from bot.learning.port import RunReport, TrialReport
from bot.model import ServedModel
from bot.monitoring.building import monitored
from bot.monitoring.remembered import Memories, Remembered
from bot.monitoring.standing import Standing
from bot.monitoring.vitals import Vitals, supervised_tasks
from bot.settings import load_settings
from bot.store.port import StoreUnavailable, VersionRecord
from bot.store.version_port import Ending, MadeVersion, Run, Stage, VersionState
from finetune.gate.verdict import GateFigure, Verdict
from tests.campaigns.waiting import until
from tests.twins.front import MemoryFront
from tests.twins.learner import ScriptedLearner

SECONDS = 100.0
LAG = "punchline_loop_lag_seconds_count"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
FIGURE = GateFigure(
    name="held_out_loss",
    title="Loss",
    share=False,
    higher_is_better=False,
    champion=2.0,
    candidate=2.1,
    low=2.05,
    high=2.15,
    limit=None,
    passed=True,
    explanation="",
)
VERDICT = Verdict(passed=True, candidate="new", champion="old", figures=(FIGURE,))


class NoFleet:
    """A fleet with a champion that has no worker yet."""

    champion = "old"
    challenger = "new"
    pools: Mapping[str, object] = {}


def series(memories: Memories) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(
        Standing(
            fleet=NoFleet(),  # type: ignore[arg-type]
            shelf=None,
            fronts=("memory",),
            memories=lambda: memories,
        )
    )
    return registry


async def test_versions_have_their_votes_and_jokes() -> None:
    record = VersionRecord(version="old", jokes=9, up=5, down=2, last_told=NOW)
    now = series(Memories(versions=(record,)))
    assert now.get_sample_value("punchline_version_jokes", {"version": "old"}) == 9
    votes = [
        now.get_sample_value("punchline_version_votes", {"version": "old", "value": value})
        for value in ("up", "down")
    ]
    assert votes == [5, 2]


async def test_a_run_that_goes_on_has_a_stage_and_progress() -> None:
    run = Run(id=1, stage=Stage.TRIAL, parent="old", began_at=NOW)
    trial = TrialReport(
        champion="old",
        challenger="new",
        champion_votes=1,
        challenger_votes=1,
        votes_needed=20,
        probability=0.75,
        waits_for_admin=False,
    )
    now = series(Memories(run=RunReport(run=run, step=3, of=4, trial=trial)))
    assert now.get_sample_value("punchline_run_stage", {"stage": "trial"}) == 1
    assert now.get_sample_value("punchline_run_stage", {"stage": "none"}) == 0
    assert now.get_sample_value("punchline_run_ending", {"ending": "none"}) == 1
    assert now.get_sample_value("punchline_run_progress_ratio") == 0.75
    assert now.get_sample_value("punchline_trial_probability") == 0.75


async def test_a_run_that_has_ended_has_an_ending_and_no_progress() -> None:
    run = Run(
        id=1, stage=Stage.GATE, parent="old", began_at=NOW, ending=Ending.REJECTED, ended_at=NOW
    )
    now = series(Memories(run=RunReport(run=run)))
    assert now.get_sample_value("punchline_run_stage", {"stage": "none"}) == 1
    assert now.get_sample_value("punchline_run_ending", {"ending": "rejected"}) == 1
    assert now.get_sample_value("punchline_run_end_timestamp_seconds") == NOW.timestamp()
    assert now.get_sample_value("punchline_run_progress_ratio") is None


async def test_the_gates_figures_are_shown_as_far_as_there_are_any() -> None:
    now = series(Memories(judged="new", verdict=VERDICT.to_json()))
    assert now.get_sample_value("punchline_gate_passed", {"version": "new"}) == 1
    figure = {of: {"figure": "held_out_loss", "of": of} for of in ("candidate", "limit")}
    assert now.get_sample_value("punchline_gate_figure", figure["candidate"]) == 2.1
    assert now.get_sample_value("punchline_gate_figure", figure["limit"]) is None


async def test_a_front_end_that_has_ended_is_down() -> None:
    registry = series(Memories())
    task = asyncio.create_task(asyncio.sleep(SECONDS), name="memory")
    up = [registry.get_sample_value("punchline_front_up", {"front": "memory"})]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    up.append(registry.get_sample_value("punchline_front_up", {"front": "memory"}))
    assert up == [1, 0]


async def test_only_the_versions_that_told_a_joke_last_are_remembered() -> None:
    async def told() -> list[VersionRecord]:
        return [
            VersionRecord(version=f"v{number}", jokes=1, up=0, down=0, last_told=NOW)
            for number in range(100)
        ]

    async def made() -> list[MadeVersion]:
        usual = {"parent": "old", "state": VersionState.PASSED, "snapshot": "", "votes": 1}
        return [
            MadeVersion(name="newest", created_at=NOW, **usual),  # type: ignore[arg-type]
            MadeVersion(
                name="judged",
                created_at=NOW,
                verdict=VERDICT.to_json(),
                **usual,  # type: ignore[arg-type]
            ),
        ]

    remembered = Remembered(learner=ScriptedLearner(), told=told, made=made)
    await remembered.look()
    latest = remembered.latest
    assert [record.version for record in latest.versions] == [f"v{n}" for n in range(20)]
    assert latest.judged == "judged"
    assert latest.verdict == VERDICT.to_json()


async def test_a_database_out_of_reach_leaves_what_was_remembered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = 0

    async def told() -> list[VersionRecord]:
        nonlocal asked
        asked += 1
        raise StoreUnavailable("The database is locked.")

    async def made() -> list[MadeVersion]:
        return []

    remembered = Remembered(learner=ScriptedLearner(), told=told, made=made)
    looking = asyncio.create_task(remembered.run())
    await until(lambda: asked == 1, seconds=SECONDS)
    assert not looking.done()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert remembered.latest == Memories()
    assert "The database is locked." in caplog.text


async def test_a_whole_program_has_every_task_that_must_live_and_misses_each(
    tmp_path: Path, tiny_version: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[store]\ndirectory = "data"\n[generation]\nthreads = 1\n', encoding="utf-8")
    settings = load_settings(path=file, environment={"HOME": str(tmp_path)})
    names = supervised_tasks(settings)
    vitals = Vitals(names)
    model = ServedModel(name="tiny", directory=tiny_version)
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with monitored(app, fronts=[MemoryFront()], listener=listener):
                assert list(vitals.missing()) == []
                value = app.measures.registry.get_sample_value
                await until(lambda: bool(value(LAG)), seconds=SECONDS)
                assert value("punchline_queue_length") == 0
        (roster,) = (task for task in asyncio.all_tasks() if task.get_name() == "roster")
        roster.cancel()
        await asyncio.gather(roster, return_exceptions=True)
        assert list(vitals.missing()) == ["roster"]
    assert list(vitals.missing()) == list(names)
