"""Weights at a URL: whole or not there, fetched once, and never served damaged."""

import threading
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from bot.generation.cluster.application import Kept
from bot.generation.cluster.depot import DepotError, fetched, kept, put
from finetune.artifacts import MANIFEST, BrokenVersionError, Manifest, verify, write_version


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A small version with a file in a folder of its own."""

    def fill(target: Path) -> None:
        (target / "weights.safetensors").write_bytes(b"weights")
        (target / "more").mkdir()
        (target / "more" / "words.json").write_text("{}")

    manifest = Manifest(version="funny", base="base", template={})
    return write_version(directory=tmp_path / "here" / "funny", manifest=manifest, fill=fill)[0]


@pytest.fixture(params=["path", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A shared path, and a file system that fsspec knows by a URL."""
    return f"memory://{uuid4().hex}" if request.param == "memory" else str(tmp_path / "shared")


def test_a_node_gets_what_was_put_there_and_it_is_a_whole_version(
    version: Path, url: str, tmp_path: Path
) -> None:
    what = kept(version, url=url)
    assert put(what)
    here = fetched(what, cache=tmp_path / "node")
    assert here != version
    assert verify(here).version == "funny"
    assert (here / "more" / "words.json").read_text() == "{}"


def test_what_is_there_already_is_neither_put_nor_fetched_again(
    version: Path, url: str, tmp_path: Path
) -> None:
    what = kept(version, url=url)
    put(what)
    first = fetched(what, cache=tmp_path / "node")
    stamp = (first / MANIFEST).stat().st_mtime_ns
    assert not put(what)
    assert fetched(what, cache=tmp_path / "node") == first
    assert (first / MANIFEST).stat().st_mtime_ns == stamp


def test_replicas_that_begin_together_on_a_node_fetch_once(version: Path, tmp_path: Path) -> None:
    what = kept(version, url=str(tmp_path / "shared"))
    put(what)
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetched(what, cache=tmp_path / "node")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert [path.name for path in (tmp_path / "node" / "versions").iterdir() if path.is_dir()] == [
        what.key
    ]


def test_without_a_url_the_nodes_have_the_same_paths(version: Path, tmp_path: Path) -> None:
    what = kept(version, url="")
    assert not put(what)
    assert fetched(what, cache=tmp_path / "node") == version
    assert not (tmp_path / "node").exists()


def test_other_weights_of_the_same_name_have_another_key(version: Path, tmp_path: Path) -> None:
    first = kept(version, url=str(tmp_path))
    (version / MANIFEST).write_text((version / MANIFEST).read_text().replace("base", "other"))
    assert kept(version, url=str(tmp_path)).key != first.key


def test_a_base_without_a_manifest_is_known_by_all_its_files(tmp_path: Path, url: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"one")
    first = kept(base, url=url)
    assert put(first)
    assert (fetched(first, cache=tmp_path / "node") / "model.safetensors").read_bytes() == b"one"
    (base / "model.safetensors").write_bytes(b"two")
    assert kept(base, url=url).key != first.key


def test_a_file_that_was_damaged_on_the_way_is_not_served(
    version: Path, url: str, tmp_path: Path
) -> None:
    what = kept(version, url=url)
    put(what)
    files, root = fsspec.core.url_to_fs(url)
    files.pipe_file(f"{root}/{what.key}/weights.safetensors", b"other bytes")
    with pytest.raises(BrokenVersionError, match="damaged"):
        fetched(what, cache=tmp_path / "node")
    assert not [each for each in (tmp_path / "node" / "versions").iterdir() if each.is_dir()]


def test_a_list_that_names_a_file_outside_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "shared" / "evil"
    place.mkdir(parents=True)
    (place / "files.json").write_text('{"../../escaped": "0"}')
    what = Kept(path="", key="evil", url=str(tmp_path / "shared"))
    with pytest.raises(BrokenVersionError, match="outside"):
        fetched(what, cache=tmp_path / "node")
    assert not (tmp_path / "escaped").exists()


def test_what_was_only_half_put_there_does_not_count_as_there(
    version: Path, url: str, tmp_path: Path
) -> None:
    what = kept(version, url=url)
    put(what)
    files, root = fsspec.core.url_to_fs(url)
    files.rm_file(f"{root}/{what.key}/files.json")
    with pytest.raises(DepotError, match=r"ray\.models_url|There is no"):
        fetched(what, cache=tmp_path / "node")
    assert put(what)
    assert fetched(what, cache=tmp_path / "node").is_dir()


def test_a_url_of_no_known_kind_is_refused_in_one_sentence(version: Path) -> None:
    with pytest.raises(DepotError) as refused:
        put(kept(version, url="nowhere://models"))
    assert "ray.models_url" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
