"""A model version is on disk as a whole or not at all, and damage is noticed before it serves."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.artifacts import (
    MANIFEST,
    SCHEMA,
    BrokenVersionError,
    Manifest,
    read_manifest,
    slug,
    verify,
    write_version,
)

MANIFEST_OF_ONE = Manifest(version="one", base="tiny", template={"kind": "plain"})
KILLED_ROUNDS = 12


def fill(directory: Path) -> None:
    """Two small files, one of them in a folder."""
    (directory / "weights").mkdir()
    (directory / "weights" / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    (directory / "tokenizer.json").write_text("{}")


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A sound version."""
    return write_version(directory=tmp_path / "one", manifest=MANIFEST_OF_ONE, fill=fill)[0]


def rewrite(version: Path, /, **changes: Any) -> None:
    """Change what the manifest says."""
    content = {**asdict(read_manifest(version)), **changes}
    (version / MANIFEST).write_text(json.dumps(content))


def test_a_version_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = replace(MANIFEST_OF_ONE, parent="zero", metrics={"loss": 1.5})
    directory, written = write_version(directory=tmp_path / "one", manifest=manifest, fill=fill)
    assert verify(directory) == read_manifest(directory) == written
    assert written.files.keys() == {"weights/model.safetensors", "tokenizer.json"}
    assert replace(written, files={}) == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_failure_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(directory: Path) -> None:
        fill(directory)
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_version(directory=tmp_path / "one", manifest=MANIFEST_OF_ONE, fill=fail)
    assert list(tmp_path.iterdir()) == []


def test_of_two_writers_of_one_version_the_first_wins_and_both_get_a_whole_one(
    tmp_path: Path,
) -> None:
    together = threading.Barrier(2, timeout=30)
    results: list[tuple[Path, Manifest]] = []

    def write(base: str) -> None:
        def fill_together(directory: Path) -> None:
            fill(directory)
            together.wait()

        manifest = replace(MANIFEST_OF_ONE, base=base)
        results.append(
            write_version(directory=tmp_path / "one", manifest=manifest, fill=fill_together)
        )

    writers = [threading.Thread(target=write, args=(base,)) for base in ("first", "second")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert results[0] == results[1]
    assert verify(tmp_path / "one") == results[0][1]
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_directory_that_is_no_version_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "diary.txt").write_text("dear diary")
    with pytest.raises(OSError, match="not empty"):
        write_version(directory=tmp_path / "one", manifest=MANIFEST_OF_ONE, fill=fill)
    assert [path.name for path in tmp_path.rglob("*")] == ["one", "diary.txt"]


WRITER = """
import itertools, sys
from pathlib import Path
from finetune.artifacts import Manifest, write_version

def fill(directory):
    for number in range(20):
        (directory / f"{number}.bin").write_bytes(bytes(100_000))

print("ready", flush=True)
for number in itertools.count():
    manifest = Manifest(version=str(number), base="tiny", template={})
    write_version(directory=Path(sys.argv[1]) / str(number), manifest=manifest, fill=fill)
"""


def test_a_writer_killed_at_any_moment_never_leaves_half_a_version(tmp_path: Path) -> None:
    moments = random.Random(20)
    seen = 0
    for number in range(KILLED_ROUNDS):
        models = tmp_path / str(number)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(models)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.15))
            writer.send_signal(signal.SIGKILL)
        whole = [path for path in models.glob("*") if not path.name.startswith(".")]
        seen += len(whole)
        for version in whole:
            assert len(verify(version).files) == 20
    assert seen > 0


def flip_a_byte(version: Path) -> None:
    path = version / "weights" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


def cut_off(version: Path) -> None:
    os.truncate(version / "weights" / "model.safetensors", 100)


def delete(version: Path) -> None:
    (version / "tokenizer.json").unlink()


def put_a_folder_in_its_place(version: Path) -> None:
    delete(version)
    (version / "tokenizer.json").mkdir()


def link_to_itself(version: Path) -> None:
    delete(version)
    (version / "tokenizer.json").symlink_to("tokenizer.json")


def link_to_outside(version: Path) -> None:
    outside = version.parent / "outside.json"
    (version / "tokenizer.json").rename(outside)
    (version / "tokenizer.json").symlink_to(outside)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (flip_a_byte, "is damaged"),
        (cut_off, "is damaged"),
        (delete, "is missing"),
        (put_a_folder_in_its_place, "is missing"),
        (link_to_itself, "cannot be checked|is missing"),
        (link_to_outside, "outside its directory"),
    ],
)
def test_damage_is_noticed(version: Path, damage: Callable[[Path], None], sentence: str) -> None:
    damage(version)
    with pytest.raises(BrokenVersionError, match=sentence):
        verify(version)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "weights/../../secret", "a\x00b", "a" * 5000, "", "."]
)
def test_a_manifest_can_only_name_files_of_its_own_version(version: Path, name: str) -> None:
    (version.parent / "secret").write_text("s3cr3t")
    rewrite(version, files={name: "0" * 64})
    with pytest.raises(BrokenVersionError) as refusal:
        verify(version)
    assert "s3cr3t" not in str(refusal.value)


def test_a_manifest_without_files_vouches_for_nothing(version: Path) -> None:
    rewrite(version, files={})
    with pytest.raises(BrokenVersionError, match="lists no files"):
        verify(version)


def test_a_version_of_a_newer_punchline_asks_for_an_upgrade(version: Path) -> None:
    rewrite(version, schema=SCHEMA + 1, novelty="unheard of")
    with pytest.raises(BrokenVersionError, match="newer Punchline"):
        read_manifest(version)


def test_a_directory_without_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenVersionError, match=f"no {MANIFEST}"):
        read_manifest(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = st.dictionaries(st.sampled_from(sorted(asdict(MANIFEST_OF_ONE))), json_values)
garbage = (
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | fields.map(
        lambda changes: json.dumps(
            {**asdict(MANIFEST_OF_ONE), "files": {"x": "y"}, **changes}
        ).encode()
    )
)


@given(content=garbage)
def test_a_garbage_manifest_is_refused_in_a_sentence(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    version = tmp_path_factory.getbasetemp() / "garbage"
    version.mkdir(exist_ok=True)
    (version / MANIFEST).write_bytes(content)
    with pytest.raises(BrokenVersionError) as refusal:
        verify(version)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"files": ["tokenizer.json"]},
        {"files": {"tokenizer.json": 5}},
        {"template": "plain"},
        {"metrics": None},
        {"version": 3},
        {"base": ["tiny"]},
    ],
    ids=str,
)
def test_a_manifest_with_something_of_the_wrong_kind_is_refused(
    version: Path, changes: dict[str, Any]
) -> None:
    rewrite(version, **changes)
    with pytest.raises(BrokenVersionError, match="must be"):
        verify(version)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"schema": true}', '{"schema": "1"}'])
def test_a_manifest_no_parser_can_read_is_refused(version: Path, content: str) -> None:
    (version / MANIFEST).write_text(content)
    with pytest.raises(BrokenVersionError):
        verify(version)


@given(st.text())
def test_any_name_becomes_one_that_is_safe_as_a_directory(name: str) -> None:
    safe = slug(name)
    assert safe == Path(safe).name
    assert safe.isascii()
    assert slug(safe) == safe
    assert not safe.startswith(".")
