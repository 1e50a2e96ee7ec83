"""`publish` writes a version into a directory or brings it to a hub, or says why not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.models import load_model
from tests.finetune.publishing.hub_server import WRITER, running_hub
from tests.finetune.publishing.material import CPU, continued, hub_base, write_adapter

BASE = "somebody/tiny"
# Importing what merges takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_version: Path) -> Path:
    """An adapter that learned from votes, and its base in the cache."""
    place = tmp_path_factory.mktemp("publish")
    hub_base(tiny_version, place / "cache", BASE)
    write_adapter(place / "voted", base=tiny_version, named=BASE, votes=True)
    return place


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """The program silences libraries for its process, which is ours here, and reads a token."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_HUB_VERBOSITY"):
            patch.setenv(name, "1")
        patch.delenv("PUNCHLINE_HUB__TOKEN", raising=False)
        yield


def arguments(place: Path, *more: str) -> list[str]:
    return [
        *("publish", str(place / "voted"), *more),
        *("--cache", str(place / "cache"), "--progress", "json"),
    ]


def publish(place: Path, *more: str) -> Result:
    """The command inside this process."""
    return CliRunner().invoke(app, arguments(place, *more))


def test_a_directory(place: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "model"
    done = publish(place, "--to", str(target))
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1] == {"stage": "done", "where": str(target)}
    assert {line["stage"] for line in lines} >= {"gathering the weights", "writing the report"}
    before = {path: path.read_bytes() for path in target.iterdir()}
    again = publish(place, "--to", str(target))
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == f"{target} is not empty; name a new directory.\n"
    assert {path: path.read_bytes() for path in target.iterdir()} == before


def test_an_empty_directory_is_filled_and_its_siblings_left_alone(
    place: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "sibling").write_text("precious")
    assert publish(place, "--to", str(tmp_path / "empty"), "--adapter").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "sibling"}
    assert (tmp_path / "empty" / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("jokes", "jokes is neither a directory nor a hub id;"),
        ("ann/jokes", "The hub asks who publishes; set PUNCHLINE_HUB__TOKEN"),
        ("/proc/none/model", "The disk refused"),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence(place: Path, target: str, sentence: str) -> None:
    done = publish(place, "--to", target)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(sentence)


def on_hub(place: Path, address: str, token: str) -> "subprocess.CompletedProcess[str]":
    """The command as a process, which is told where the hub is before it begins."""
    return subprocess.run(
        [sys.executable, "-m", "finetune", *arguments(place, "--to", "ann/jokes", "--private")],
        env={
            **os.environ,
            "HF_ENDPOINT": address,
            # The storage behind the hub has a protocol of its own, which is not spoken here.
            "HF_HUB_DISABLE_XET": "1",
            "PUNCHLINE_HUB__TOKEN": token,
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_hub_gets_a_version_that_loads(place: Path, tmp_path: Path, tiny_version: Path) -> None:
    with running_hub(large=(".safetensors", ".json")) as hub:
        done = on_hub(place, hub.address, WRITER)
    assert (done.returncode, done.stderr) == (0, "")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last == {"stage": "done", "where": f"{hub.address}/ann/jokes"}
    assert hub.private == {"ann/jokes"}
    assert hub.commits == [("ann/jokes", "Punchline version funny-7")]
    assert hub.uploads
    assert WRITER not in done.stdout
    assert not list((place / "cache").glob("publishing-*"))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, held in hub.repositories["ann/jokes"].items():
        (copy / name).write_bytes(held)
    here = load_model(
        place / "voted", name="x", device=CPU, dtype=torch.float32, base_directory=tiny_version
    )
    there = load_model(copy, name="x", device=CPU, dtype=torch.float32)
    assert continued(there.model, there.tokenizer) == continued(here.model, here.tokenizer)


def test_a_hub_out_of_reach_is_one_sentence_without_the_token(place: Path) -> None:
    done = on_hub(place, "http://127.0.0.1:1", "hf_secret")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("The hub could not be reached (ConnectError)")
    assert "hf_secret" not in done.stdout + done.stderr
