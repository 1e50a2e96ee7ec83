"""How things stand at the moment somebody asks: lines, workers, shelves, versions, runs."""

import asyncio
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib import metadata
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.generation.fleet import Fleet
from bot.generation.supervisor import WorkerState
from bot.learning.port import RunReport
from bot.monitoring.remembered import Memories
from bot.shelf.shelf import Shelf
from bot.store.version_port import Ending, Stage

__all__ = ["Standing", "standing_families"]

_IDLE = "none"


class Standing(Collector):
    """Gauges that are worked out when they are asked for, so that they cost nothing before.

    `fronts` are the names of the front-ends that were started; `memories` gives what was last
    looked up in the database. It belongs to the event loop.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        shelf: Shelf | None,
        fronts: Collection[str],
        memories: Callable[[], Memories],
    ) -> None:
        self._fleet = fleet
        self._shelf = shelf
        self._fronts = fronts
        self._memories = memories

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Names and meanings, without values; without it registering would ask for values."""
        yield from standing_families().values()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All values now."""
        families = standing_families()
        memories = self._memories()
        self._add_program(families)
        self._add_generation(families)
        self._add_shelf(families)
        _add_votes(families, memories)
        _add_run(families, memories.run)
        _add_gate(families, memories)
        yield from families.values()

    def _add_program(self, families: dict[str, GaugeMetricFamily]) -> None:
        python = ".".join(map(str, sys.version_info[:3]))
        families["punchline_build"].add_metric([metadata.version("punchline"), python], 1)
        living = {task.get_name() for task in asyncio.all_tasks()}
        for front in self._fronts:
            families["punchline_front_up"].add_metric([front], front in living)

    def _add_generation(self, families: dict[str, GaugeMetricFamily]) -> None:
        fleet = self._fleet
        for role, version in (("champion", fleet.champion), ("challenger", fleet.challenger)):
            if version is not None:
                families["punchline_model"].add_metric([role, version], 1)
        waiting = running = 0
        up: dict[str, bool] = {}
        for version, pool in fleet.pools.items():
            waiting, running = waiting + pool.waiting, running + pool.running
            # For a moment there may be two pools of one version.
            up[version] = up.get(version, False) or pool.worker.state is WorkerState.SERVING
        families["punchline_queue_length"].add_metric([], waiting)
        families["punchline_requests_running"].add_metric([], running)
        for version, serving in up.items():
            families["punchline_worker_up"].add_metric([version], serving)

    def _add_shelf(self, families: dict[str, GaugeMetricFamily]) -> None:
        if self._shelf is None:
            return
        for version in dict.fromkeys((self._fleet.champion, self._fleet.challenger)):
            if version is not None:
                stock = self._shelf.stock(version)
                families["punchline_shelf_jokes"].add_metric([version], stock)


def _add_votes(families: dict[str, GaugeMetricFamily], memories: Memories) -> None:
    for record in memories.versions:
        families["punchline_version_jokes"].add_metric([record.version], record.jokes)
        for value, votes in (("up", record.up), ("down", record.down)):
            families["punchline_version_votes"].add_metric([record.version, value], votes)


def _add_run(families: dict[str, GaugeMetricFamily], report: RunReport | None) -> None:
    stage, ending = _IDLE, _IDLE
    if report is not None and report.run.ending is None:
        stage = report.run.stage.value
        progress = report.step / report.of if report.of else 0.0
        families["punchline_run_progress_ratio"].add_metric([], progress)
    elif report is not None and report.run.ending is not None:
        ending = report.run.ending.value
    if report is not None and report.run.ended_at is not None:
        at = report.run.ended_at.timestamp()
        families["punchline_run_end_timestamp_seconds"].add_metric([], at)
    _add_state(families["punchline_run_stage"], stage, (_IDLE, *(each.value for each in Stage)))
    _add_state(families["punchline_run_ending"], ending, (_IDLE, *(each.value for each in Ending)))
    if report is not None and report.trial is not None and not report.ended:
        families["punchline_trial_probability"].add_metric([], report.trial.probability)


def _add_state(family: GaugeMetricFamily, now: str, states: Sequence[str]) -> None:
    for state in states:
        family.add_metric([state], state == now)


def _add_gate(families: dict[str, GaugeMetricFamily], memories: Memories) -> None:
    verdict = memories.verdict
    if verdict is None:
        return
    families["punchline_gate_passed"].add_metric([memories.judged], bool(verdict.get("passed")))
    for figure in verdict.get("figures", ()):
        for of in ("champion", "candidate", "low", "high", "limit"):
            value: Any = figure.get(of)
            if value is not None:
                families["punchline_gate_figure"].add_metric([figure["name"], of], value)


def standing_families() -> dict[str, GaugeMetricFamily]:
    """Every gauge by its name, without values."""
    families = [
        GaugeMetricFamily(
            "punchline_build",
            "Always 1: the program that runs.",
            labels=("version", "python"),
        ),
        GaugeMetricFamily(
            "punchline_model",
            "Always 1: which version is champion and which challenger.",
            labels=("role", "version"),
        ),
        GaugeMetricFamily(
            "punchline_front_up",
            "Whether a front-end that was started still runs.",
            labels=("front",),
        ),
        GaugeMetricFamily(
            "punchline_worker_up",
            "Whether a version's worker has loaded its model and lives.",
            labels=("version",),
        ),
        GaugeMetricFamily("punchline_queue_length", "Requests that wait in the line.", labels=()),
        GaugeMetricFamily(
            "punchline_requests_running", "Requests that a worker has in hand.", labels=()
        ),
        GaugeMetricFamily(
            "punchline_shelf_jokes",
            "Jokes on the shelf of a version that serves; no series where it is switched off.",
            labels=("version",),
        ),
        GaugeMetricFamily(
            "punchline_version_jokes",
            "Jokes a version told, of the 20 versions that told one last.",
            labels=("version",),
        ),
        GaugeMetricFamily(
            "punchline_version_votes",
            "Votes on the jokes of a version, those that were withdrawn left out.",
            labels=("version", "value"),
        ),
        GaugeMetricFamily(
            "punchline_run_stage",
            "1 for the stage that a run has come to, none while nothing is being learned.",
            labels=("stage",),
        ),
        GaugeMetricFamily(
            "punchline_run_progress_ratio",
            "How far its stage is, from 0 to 1; only while something is being learned.",
            labels=(),
        ),
        GaugeMetricFamily(
            "punchline_run_ending",
            "1 for how the latest run ended, none while it goes on.",
            labels=("ending",),
        ),
        GaugeMetricFamily(
            "punchline_run_end_timestamp_seconds",
            "When the latest run ended, once it has.",
            labels=(),
        ),
        GaugeMetricFamily(
            "punchline_trial_probability",
            "How sure it is that the challenger is better; only in a trial.",
            labels=(),
        ),
        GaugeMetricFamily(
            "punchline_gate_passed",
            "Whether the version that was judged last passed the gate.",
            labels=("version",),
        ),
        GaugeMetricFamily(
            "punchline_gate_figure",
            "Its figures: of champion and candidate, the candidate's interval, the limit.",
            labels=("figure", "of"),
        ),
    ]
    return {family.name: family for family in families}
