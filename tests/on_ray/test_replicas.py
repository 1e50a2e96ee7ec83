"""Replicas on a real Ray: the same jokes as a worker here, and nothing lost when they die."""

import asyncio
import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.generation.cluster.application import Application, application_name
from bot.generation.cluster.building import application_of, cluster_directory
from bot.generation.fleet import Fleet, VersionUnservableError
from bot.generation.port import Generation, GenerationError
from bot.generation.protocol import KnownJoke, Sampling
from bot.generation.supervisor import WorkerState
from bot.jokes import Reason
from finetune.candidates import Candidate
from tests.bot.generation.pools import model_command, pool_of, request_for
from tests.campaigns.waiting import until
from tests.on_ray.clusters import PATIENCE, Machine, fleet_on, machine_in

pytest.importorskip("ray", reason="Ray is not installed: pip install 'punchline[ray]'")
pytestmark = pytest.mark.timeout(4 * PATIENCE)

LONG = Sampling(temperature=80.0, top_k=0, top_p=1.0, max_tokens=400)


@pytest.fixture(scope="module")
def machine(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    yield from machine_in(tmp_path_factory.mktemp("machine"), tiny=tiny_version)


async def told(fleet: Fleet, topic: str | None = "cat", **changes: object) -> Generation | Reason:
    """What a request gets, or why it gets nothing."""
    try:
        return await fleet.generate(request_for(topic, deadline=PATIENCE, **changes))
    except GenerationError as error:
        return error.reason


def without_features(generation: Generation) -> list[tuple[str, int, bool]]:
    return [(each.text, each.tokens, each.complete) for each in generation.candidates]


async def test_the_same_seeds_give_the_same_jokes_as_a_worker_here(machine: Machine) -> None:
    requests = [
        request_for(topic, seed=seed, count=2)
        for topic, seed in itertools.product(("cat", None), (3, 4))
    ]
    async with pool_of(model_command(machine.origin.directory)) as pool:
        here = [await pool.generate(each) for each in requests]
        known = [KnownJoke(text=here[0].candidates[0].text, topic="cat")]
        read_here = await pool.embed(known)
    async with fleet_on(machine, machine.settings()) as fleet:
        there = await asyncio.gather(*map(fleet.generate, requests))
        read_there = await fleet.embed(known)
    for ours, theirs in zip(here, there, strict=True):
        assert without_features(ours) == without_features(theirs)
        for one, other in zip(ours.candidates, theirs.candidates, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert numbers(one) == pytest.approx(numbers(other), rel=2e-2, abs=2e-2)
    assert read_here.features == read_there.features


def numbers(candidate: Candidate) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    assert candidate.features is not None
    return np.frombuffer(candidate.features, dtype="<f2").astype("float32")


async def test_requests_of_a_replica_that_is_killed_are_answered_by_the_next(
    machine: Machine,
) -> None:
    async with fleet_on(machine, machine.settings()) as fleet:
        asking = [asyncio.create_task(told(fleet, seed=seed, sampling=LONG)) for seed in range(4)]
        await until(lambda: fleet.status.running == 2, seconds=PATIENCE)
        (killed,) = machine.kill()
        outcomes = await asyncio.gather(*asking)
        assert all(isinstance(each, Generation) for each in outcomes)
        assert killed not in machine.replicas()


async def test_a_replica_that_stands_still_is_replaced(machine: Machine) -> None:
    async with fleet_on(machine, machine.settings(heartbeat_seconds=3.0)) as fleet:
        await until(lambda: len(machine.replicas()) == 1, seconds=PATIENCE)
        (stopped,) = machine.kill(signal.SIGSTOP)
        assert isinstance(await told(fleet), Generation)
        assert set(machine.replicas()) - {stopped}
        # It is first asked to finish what it has.
        await until(lambda: stopped not in machine.replicas(), seconds=PATIENCE)


async def test_a_swap_under_load_drops_nothing_and_deletes_what_serves_no_more(
    machine: Machine,
) -> None:
    machine.write_version("tiny-two")
    settings = machine.settings()
    async with fleet_on(machine, settings) as fleet:
        swapped = asyncio.Event()
        outcomes: list[Generation | Reason] = []

        async def keep_asking(member: int) -> None:
            for seed in itertools.count():
                if swapped.is_set() and seed:
                    return
                outcomes.append(await told(fleet, seed=seed, member=f"member {member}"))

        members = [asyncio.create_task(keep_asking(member)) for member in range(4)]
        await fleet.serve("tiny-two")
        outcomes.append(await told(fleet))
        swapped.set()
        await asyncio.gather(*members)
        versions = [each.model_version for each in outcomes if isinstance(each, Generation)]
        assert len(versions) == len(outcomes)
        assert set(versions) == {"tiny", "tiny-two"}
        await until(lambda: len(machine.replicas()) == 1, seconds=PATIENCE)
        names = machine.cluster("status").stdout
        assert application_of(settings, machine.origin).name not in names
        assert "punchline-tiny-two-" in names


async def test_bots_share_an_application_which_outlives_them(machine: Machine) -> None:
    settings = machine.settings()
    name = application_of(settings, machine.origin).name
    async with fleet_on(machine, settings) as first:
        assert isinstance(await told(first), Generation)
        (replica,) = machine.replicas(name)
        async with fleet_on(machine, settings) as second:
            assert isinstance(await told(second), Generation)
            refused = machine.cluster("down")
            assert refused.returncode == 1
            assert f"2 bots use {name}" in refused.stderr
        assert isinstance(await told(first), Generation)
    assert machine.replicas(name) == [replica]


async def test_a_version_that_is_damaged_is_refused_and_leaves_nothing_behind(
    machine: Machine,
) -> None:
    machine.write_version("tiny-broken", damaged=True)
    settings = machine.settings()
    # The bot would see it before it asks the cluster; a node may have other files than the bot.
    async with fleet_on(machine, settings) as fleet:
        with pytest.raises(VersionUnservableError, match="damaged"):
            await fleet.serve("tiny-broken")
        assert isinstance(await told(fleet), Generation)


def crowd(machine: Machine, application: Application, *, orders: int) -> str:
    """What comes of an application that another program deploys and asks all at once."""
    directory = cluster_directory(machine.settings())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.on_ray.crowding"),
            *(application.encoded(), str(directory), str(orders)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def test_a_crowd_beyond_what_may_wait_is_told_that_it_is_busy(machine: Machine) -> None:
    settings = machine.settings(max_ongoing_requests=1, max_queued_requests=1)
    usual = application_of(settings, machine.origin)
    apart = replace(usual, name=application_name("tiny-crowd", keys=("crowd",)))
    outcomes = crowd(machine, apart, orders=6).split()
    assert (len(outcomes), set(outcomes)) == (6, {"busy", "told"})


def test_a_version_that_no_node_has_is_refused_in_the_words_of_a_replica(machine: Machine) -> None:
    usual = application_of(machine.settings(), machine.origin)
    version = replace(usual.plan.version, path="/nowhere/tiny-lost")
    lost = replace(
        usual,
        name=application_name("tiny-lost", keys=("lost",)),
        plan=replace(usual.plan, version=version),
    )
    said = crowd(machine, lost, orders=1)
    assert said.startswith("refused: /nowhere/tiny-lost ")
    assert len(said.splitlines()) == 1


async def test_an_application_that_is_deleted_under_a_bot_comes_back(machine: Machine) -> None:
    async with fleet_on(machine, machine.settings()) as fleet:
        assert machine.cluster("down", "--force").returncode == 0
        await until(lambda: fleet.status.worker.state is not WorkerState.SERVING, seconds=PATIENCE)
        assert isinstance(await told(fleet), Generation)
    assert machine.cluster("down", "--force").returncode == 0
    assert machine.replicas() == []
