"""`punchline models` as people use it: a process, a database, versions with files and without."""

import asyncio
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from transformers import AutoModelForCausalLM

from bot.learning.known import KnownVersions
from bot.learning.version_listing import show_lineage, show_listing
from bot.settings import load_settings
from bot.store.port import ToldJoke
from bot.store.store import SqlStore
from bot.store.version_port import MadeVersion, Roles, VersionState
from finetune.artifacts import read_manifest
from finetune.shipped import SHIPPED, shipped_version
from tests.bot.program import Program
from tests.bot.store.conftest import ask
from tests.finetune.publishing.material import write_adapter

DAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSED = {
    "passed": True,
    "champion": "tiny",
    "votes_judged": 60,
    "figures": [{"name": "loss", "candidate": 0.87, "low": 0.86, "high": 0.88}],
}
FAILED = {"passed": False, "champion": "punchline-2", "reasons": ["It loops too often: 30 %."]}


def made(number: int, parent: str, **details: Any) -> MadeVersion:
    return MadeVersion(
        name=f"punchline-{number}",
        parent=parent,
        created_at=DAY.replace(day=number),
        **{"state": VersionState.PASSED, "snapshot": f"votes-{number}", "votes": 50, **details},
    )


async def fill(directory: Path) -> None:
    """The second of three versions serves; the first has no files any more, the third failed."""
    store = await SqlStore.open(directory=directory)
    try:
        versions = store.model_versions
        roles = Roles(origin="tiny", champion="punchline-2", previous="tiny", changed_at=DAY)
        await versions.assume(roles, instead_of=None)
        for version in (
            made(1, "tiny", kept=False, verdict=PASSED),
            made(2, "punchline-1", votes=512),
            made(3, "punchline-2", kept=False, state=VersionState.REJECTED, verdict=FAILED),
        ):
            await versions.add(version, voters={})
        for number in range(4):
            joke_id = await store.open_request(ask())
            joke = ToldJoke(
                text=f"Joke number {number}.",
                fingerprint=None,
                model_version="punchline-2",
                sampling={},
                score=0.0,
                tokens=3,
                seconds=0.1,
            )
            assert await store.mark_told(joke_id, joke)
            await store.vote(joke_id, "ann", 1 if number else -1)
    finally:
        await store.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, tiny_version: Path) -> Program:
    """An instance that began with a base alone and has learned twice."""
    program = Program(tmp_path_factory.mktemp("models"), model=tiny_version)
    asyncio.run(fill(program.data))
    write_adapter(
        program.data / "models" / "punchline-2",
        base=tiny_version,
        named=str(tiny_version),
        votes=True,
        version="punchline-2",
    )
    return program


@pytest.fixture(scope="module")
def known(program: Program) -> KnownVersions:
    """The same as this process sees it."""
    settings = load_settings(path=program.configuration, environment={"HOME": "/"})

    async def read() -> KnownVersions:
        store = await SqlStore.open(directory=program.data)
        try:
            return await KnownVersions.read(settings, store)
        finally:
            await store.close()

    return asyncio.run(read())


def test_the_list_is_lines_in_a_pipe_and_objects_for_programs(program: Program) -> None:
    done = program.call("models", "list")
    assert (done.code, done.err) == (0, "")
    heading, champion, *others = done.out.splitlines()
    assert heading.split() == [
        *("version", "role", "from", "learned", "liked", "told", "made", "files")
    ]
    assert champion.split() == [
        *("punchline-2", "serves", "punchline-1", "512", "75", "%", "(28–95)", "4"),
        *("2026-03-02", "12:00", "UTC", "here"),
    ]
    assert [line.split()[0] for line in others] == ["punchline-3", "punchline-1", "tiny"]
    assert [line.split()[-1] for line in others] == ["gone", "gone", "here"]
    listed = json.loads(program.call("models", "list", "--json").out)
    assert listed[0]["liked"] == 0.75
    assert (listed[0]["up"], listed[0]["down"], listed[0]["jokes"]) == (3, 1, 4)
    assert (listed[0]["low"], listed[0]["high"]) == (
        pytest.approx(0.28, abs=0.01),
        pytest.approx(0.95, abs=0.01),
    )
    assert listed[0]["made_at"] == "2026-03-02T12:00:00+00:00"
    assert {each["version"]: each["role"] for each in listed} == {
        "punchline-2": "champion",
        "punchline-3": "pruned",
        "punchline-1": "pruned",
        "tiny": "previous",
    }
    assert [each["kept"] for each in listed] == [True, False, False, True]


def test_a_fresh_instance_has_the_version_that_ships(tmp_path: Path) -> None:
    program = Program(tmp_path / "fresh", model=Path("starter"))
    (line,) = json.loads(program.call("models", "list", "--json").out)
    assert (line["version"], line["role"], line["parent"]) == (SHIPPED, "champion", "starter")
    assert line["kept"] is True


def test_a_version_goes_back_to_its_base(program: Program, tiny_version: Path) -> None:
    done = program.call("models", "show", "punchline-2")
    assert (done.code, done.err) == (0, "")
    assert [line for line in done.out.splitlines() if not line.startswith("    ")] == [
        "punchline-2 (serves)",
        "  made 2026-03-02 12:00 UTC",
        f"  files in {program.data / 'models' / 'punchline-2'}",
        f"  learned from 512 votes: votes-2, sha256 {'ab' * 32}",
        "  recipe: learning kto, method lora",
        "  told 4 jokes, 75 % (28–95) liked, 4 votes",
        "  from punchline-1 (cleared away)",
    ]
    assert [line for line in done.out.splitlines() if line.startswith("    ")] == [
        "    made 2026-03-01 12:00 UTC",
        "    its files are not here any more",
        "    learned from 50 votes: votes-1",
        "    gate: passed beside tiny, judged on 60 held-out votes",
        "    held-out loss: 0.870 nats per character (0.860 to 0.880)",
        "    from tiny (served before)",
        f"      files in {tiny_version}",
    ]


def test_the_version_that_ships_can_always_be_shown(known: KnownVersions) -> None:
    shown = plain(known, SHIPPED)
    manifest = read_manifest(shipped_version())
    assert shown[0] == SHIPPED
    assert (
        f"  taught 18,766 jokes: train.jsonl, sha256 {manifest.data['sha256']['train.jsonl']}"
        in (shown)
    )
    assert "  held-out loss: 0.852 nats per character (0.839 to 0.865)" in shown
    assert shown[-2:] == [
        "  from starter",
        "    base model, published as HuggingFaceTB/SmolLM2-135M-Instruct",
    ]


def test_a_version_that_failed_says_why(known: KnownVersions) -> None:
    assert "  gate: did not pass. It loops too often: 30 %." in plain(known, "punchline-3")


def test_a_base_alone_is_its_whole_lineage(known: KnownVersions) -> None:
    assert plain(known, "starter") == [
        "starter",
        "  base model, published as HuggingFaceTB/SmolLM2-135M-Instruct",
    ]


def plain(known: KnownVersions, name: str) -> list[str]:
    """What `show` prints into a pipe."""
    found = known.find(name)
    assert found is not None
    output = io.StringIO()
    show_lineage(known.lineage(found), console=Console(file=output))
    return output.getvalue().splitlines()


def test_on_a_terminal_there_are_a_tree_and_a_table(known: KnownVersions) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=120, color_system=None)
    found = known.find("punchline-2")
    assert found is not None
    show_lineage(known.lineage(found), console=console)
    assert "    └── from tiny (served before)" in output.getvalue()
    show_listing(known.listed, console=console)
    assert "75 % (28–95)" in output.getvalue()


def test_versions_that_are_their_own_forebears_end(tmp_path: Path, tiny_version: Path) -> None:
    program = Program(tmp_path / "circle", model=tiny_version)

    async def turn() -> None:
        store = await SqlStore.open(directory=program.data)
        for version in (made(1, "punchline-2"), made(2, "punchline-1")):
            await store.model_versions.add(version, voters={})
        await store.close()

    asyncio.run(turn())
    done = program.call("models", "show", "punchline-1")
    assert done.code == 0
    assert [line.strip() for line in done.out.splitlines() if "from punchline" in line] == [
        "from punchline-2 (passed)"
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "punchline-9"), "There is no version punchline-9; there are punchline-2, "),
        (("publish", "../models", "--to", "./x"), "There is no version ../models; there are "),
        (
            ("publish", "punchline-1", "--to", "./x"),
            "The files of punchline-1 are not here any more, so it cannot be published.",
        ),
        (("publish", "punchline-2", "--to", "x"), "x is neither a directory nor a hub id;"),
        (("publish", "punchline-2", "--to", "ann/x"), "The hub asks who publishes;"),
    ],
    ids=["unknown", "path", "pruned", "unclear", "nobody"],
)
def test_what_goes_wrong_is_said_in_one_sentence(
    program: Program, arguments: tuple[str, ...], sentence: str
) -> None:
    done = program.call("models", *arguments)
    assert (done.code, done.out) == (1, "")
    said = done.err.splitlines()[-1]
    assert said.startswith(sentence)
    assert not (program.directory / "x").exists()


def test_a_version_is_published_into_a_directory(program: Program) -> None:
    done = program.call("models", "publish", "punchline-2", "--to", "./given/away")
    assert (done.code, done.out) == (0, "Published: given/away\n")
    target = program.directory / "given" / "away"
    assert AutoModelForCausalLM.from_pretrained(target).num_parameters() > 0
    assert (target / "README.md").read_text().startswith("---\n")
