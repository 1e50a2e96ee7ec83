"""A repository on the hub gets whole versions, one commit each; refusals are one sentence."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.publishing.hub import Hub
from finetune.publishing.target import PublishingError
from tests.finetune.publishing.hub_server import READER, WRITER, LocalHub, running_hub

NAME = "ann/jokes"
UNKNOWN = "hf_unknown_to_anybody"


@pytest.fixture
def local() -> Iterator[LocalHub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """Files like those of a version; what is in them does not matter here."""
    directory = tmp_path / "version"
    directory.mkdir()
    (directory / "punchline.json").write_text("{}")
    (directory / "README.md").write_text("# Jokes\n")
    (directory / "model.safetensors").write_bytes(bytes(range(256)))
    return directory


def push(local: LocalHub, version: Path, *, token: str = WRITER, private: bool = False) -> str:
    hub = Hub(token=token, endpoint=local.address)
    hub.require_free(NAME)
    return hub.push(version, NAME, private=private, message="Punchline version funny-7")


def test_a_new_repository_has_the_files_and_no_others(local: LocalHub, version: Path) -> None:
    assert push(local, version) == f"{local.address}/{NAME}"
    there = local.repositories[NAME]
    assert {name: there[name] for name in there if name != ".gitattributes"} == {
        path.name: path.read_bytes() for path in version.iterdir()
    }
    assert local.commits == [(NAME, "Punchline version funny-7")]
    assert not local.private


def test_a_private_one_is_private(local: LocalHub, version: Path) -> None:
    push(local, version, private=True)
    assert local.private == {NAME}


def test_the_next_version_takes_the_place_of_the_one_before(local: LocalHub, version: Path) -> None:
    push(local, version)
    (version / "model.safetensors").rename(version / "adapter_model.safetensors")
    push(local, version)
    assert set(local.repositories[NAME]) == {
        ".gitattributes",
        *("README.md", "adapter_model.safetensors", "punchline.json"),
    }
    assert len(local.commits) == 2


def test_what_is_no_version_is_left_alone(local: LocalHub, version: Path) -> None:
    precious = {"thesis.pdf": b"years"}
    local.repositories[NAME] = dict(precious)
    with pytest.raises(PublishingError, match="holds something on the hub that is no Punchline"):
        push(local, version)
    assert local.repositories[NAME] == precious


def refused(local: LocalHub, version: Path, *, token: str) -> str:
    with pytest.raises(PublishingError) as refusal:
        push(local, version, token=token)
    assert token not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert not local.commits
    return str(refusal.value)


def test_an_unknown_token(local: LocalHub, version: Path) -> None:
    assert refused(local, version, token=UNKNOWN).startswith("The hub does not know this token;")


def test_a_token_that_may_only_read(local: LocalHub, version: Path) -> None:
    assert refused(local, version, token=READER) == (
        "The token in hub.token may not write to ann/jokes; allow it that on the hub."
    )


def test_a_token_that_can_be_no_header(local: LocalHub, version: Path) -> None:
    assert "was not published" in refused(local, version, token="hf_one\nX-Other: two")


@pytest.mark.parametrize(("status", "said"), [(500, "trouble of its own"), (410, "refused")])
def test_a_hub_that_fails(version: Path, status: int, said: str) -> None:
    with running_hub(broken=status) as local:
        assert said in refused(local, version, token=WRITER)


def test_a_hub_that_is_not_there(version: Path) -> None:
    nowhere = LocalHub(address="http://127.0.0.1:1")
    began = time.monotonic()
    said = refused(nowhere, version, token=WRITER)
    assert said.startswith("The hub could not be reached (ConnectError)")
    assert time.monotonic() - began < 60
