"""What is published loads with plain libraries, says what it says here, and tells no secrets."""

import contextlib
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.artifacts import (
    MANIFEST,
    BrokenVersionError,
    read_manifest,
    verify,
    write_version,
)
from finetune.models import load_model, quiet_transformers
from finetune.novelty import NOVELTY
from finetune.publishing.repository import Repository
from finetune.publishing.target import PublishingError
from finetune.report.content import TRAINING, ReportError, read_content
from finetune.versions import find_version
from tests.finetune.publishing.material import (
    CPU,
    PROMPTS,
    SECRETS,
    continued,
    hub_base,
    write_adapter,
)

BASE = "somebody/tiny"


@pytest.fixture(scope="module", autouse=True)
def no_bars() -> None:
    """The program switches bars off for its process, which is ours here."""
    quiet_transformers()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_version: Path) -> Path:
    """Adapters on a base from the hub, with votes and without, and one on a base of our own."""
    place = tmp_path_factory.mktemp("publishing")
    hub_base(tiny_version, place / "cache", BASE)
    write_adapter(place / "plain", base=tiny_version, named=BASE)
    write_adapter(place / "voted", base=tiny_version, named=BASE, votes=True)
    write_adapter(place / "own", base=tiny_version, named=str(tiny_version))
    return place


def published(
    place: Path, version: str, target: Path, *, merged: bool = True, name: str | None = None
) -> Path:
    """The directory with a version, written without telling how far it is."""
    stages: list[tuple[int, int]] = []
    found = find_version(
        str(place / version), cache=place / "cache", progress=lambda stage, step, of: None
    )
    Repository(found=found, merged=merged, name=name).write(
        target, progress=lambda stage, step, of: stages.append((step, of))
    )
    assert stages == sorted(stages)
    assert stages[-1][0] == stages[-1][1]
    return target


def as_served(place: Path, version: str, base: Path) -> Sequence[Sequence[int]]:
    """What the version itself says, loaded as a worker does."""
    loaded = load_model(
        place / version, name=version, device=CPU, dtype=torch.float32, base_directory=base
    )
    return continued(loaded.model, loaded.tokenizer)


def test_merged_it_loads_by_itself_and_says_the_same(
    place: Path, tmp_path: Path, tiny_version: Path
) -> None:
    target = published(place, "plain", tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(target)
    said = continued(model, AutoTokenizer.from_pretrained(target))
    assert said == as_served(place, "plain", tiny_version)
    untaught = AutoModelForCausalLM.from_pretrained(tiny_version)
    assert said != continued(untaught, AutoTokenizer.from_pretrained(target))
    assert not list(target.glob("adapter*"))
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in target.iterdir())


def test_as_an_adapter_it_loads_on_its_base_and_says_the_same(
    place: Path, tmp_path: Path, tiny_version: Path
) -> None:
    target = published(place, "plain", tmp_path / "out", merged=False)
    base = AutoModelForCausalLM.from_pretrained(tiny_version)
    model = PeftModel.from_pretrained(base, target)
    said = continued(model, AutoTokenizer.from_pretrained(target))
    assert said == as_served(place, "plain", tiny_version)
    config = json.loads((target / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == BASE
    assert not list(target.glob("model*.safetensors"))


@pytest.mark.parametrize("merged", [True, False])
def test_punchline_serves_what_was_published(place: Path, tmp_path: Path, merged: bool) -> None:
    target = published(place, "plain", tmp_path / "out", merged=merged)
    verify(target)
    found = find_version(str(target), cache=place / "cache", progress=lambda *_: None)
    assert found.name == "funny-7"
    assert (found.base_directory is None) == merged
    loaded = load_model(
        target,
        name="x",
        device=CPU,
        dtype=torch.float32,
        base_directory=found.base_directory,
    )
    assert loaded.template.to_json() == read_manifest(place / "plain").template


def test_a_version_of_whole_weights_is_copied(tmp_path: Path, place: Path) -> None:
    whole = published(place, "plain", tmp_path / "whole")
    again = published(tmp_path, "whole", tmp_path / "again")
    weights = [(each / "model.safetensors").read_bytes() for each in (whole, again)]
    assert weights[0] == weights[1]


def test_the_precision_is_that_of_the_adapter(
    place: Path, tmp_path: Path, tiny_version: Path
) -> None:
    def fill(directory: Path) -> None:
        shutil.copytree(place / "plain", directory, dirs_exist_ok=True)
        (directory / MANIFEST).unlink()
        weights = directory / "adapter_model.safetensors"
        save_file({name: t.bfloat16() for name, t in load_file(weights).items()}, weights)

    write_version(directory=tmp_path / "half", manifest=read_manifest(place / "plain"), fill=fill)
    shutil.copytree(place / "cache", tmp_path / "cache")
    target = published(tmp_path, "half", tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(target)
    assert model.dtype == torch.bfloat16
    served = load_model(
        tmp_path / "half",
        name="half",
        device=CPU,
        dtype=torch.bfloat16,
        base_directory=tiny_version,
    )
    assert continued(model, served.tokenizer) == continued(served.model, served.tokenizer)


@pytest.mark.parametrize("merged", [True, False])
def test_nothing_of_members_or_training_text_leaves(
    place: Path, tmp_path: Path, merged: bool
) -> None:
    target = published(place, "voted", tmp_path / "out", merged=merged)
    everything = {path.name: path.read_bytes() for path in target.iterdir()}
    for secret in SECRETS:
        assert not [name for name, held in everything.items() if secret.encode() in held]
    assert NOVELTY not in everything
    assert "notes.log" not in everything
    votes = read_content(target).data["votes"]
    assert set(votes) == {"sha256", "liked", "disliked"}
    assert read_manifest(target).data["votes"] == votes
    assert "would tell what was liked" in everything["README.md"].decode()


def test_the_index_of_a_public_corpus_comes_along(place: Path, tmp_path: Path) -> None:
    target = published(place, "plain", tmp_path / "out")
    assert (target / NOVELTY).read_bytes() == (place / "plain" / NOVELTY).read_bytes()
    assert "would tell what was liked" not in (target / "README.md").read_text()


def test_no_path_of_this_machine_leaves(place: Path, tmp_path: Path, tiny_version: Path) -> None:
    target = published(place, "own", tmp_path / "out")
    here = [str(path).encode() for path in (tiny_version, place, tmp_path)]
    for path in target.iterdir():
        held = path.read_bytes()
        assert not [each for each in here if each in held], path.name
    assert read_manifest(target).base == tiny_version.name


def test_an_adapter_of_a_base_that_nobody_else_has_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="is only on this machine"):
        published(place, "own", tmp_path / "out", merged=False)
    assert not list(tmp_path.iterdir())


def test_the_card_is_about_what_is_there(place: Path, tmp_path: Path) -> None:
    whole = (published(place, "plain", tmp_path / "whole") / "README.md").read_text()
    adapter = published(place, "plain", tmp_path / "adapter", merged=False, name="ann/my_jokes")
    said = (adapter / "README.md").read_text()
    assert "library_name: transformers" in whole
    assert "library_name: peft" in said
    assert f'base_model: "{BASE}"' in whole
    assert 'hf download "ann/my_jokes" --local-dir' in said
    assert 'directory = "ann/my_jokes"' in said
    code = whole.partition("```python\n")[2].partition("```")[0]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(  # noqa: S102 - the card's own code, to see that it works
            code.replace("path/to/this/directory", str(tmp_path / "whole")), {}
        )
    assert output.getvalue().strip()


def test_a_damaged_version_is_refused(place: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(place / "plain", tmp_path / "broken")
    (broken / "tokenizer.json").write_text("{}")
    shutil.copytree(place / "cache", tmp_path / "cache")
    with pytest.raises(BrokenVersionError, match="damaged"):
        published(tmp_path, "broken", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_without_a_report_is_refused(tiny_version: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=TRAINING):
        published(tiny_version.parent, tiny_version.name, tmp_path / "out")


def test_a_base_is_refused(place: Path, tmp_path: Path) -> None:
    found = find_version(BASE, cache=place / "cache", progress=lambda *_: None)
    with pytest.raises(PublishingError, match="is a base and no version"):
        Repository(found=found, merged=True).write(tmp_path / "out", progress=lambda *_: None)


def test_the_prompts_of_these_tests_are_those_of_the_template(place: Path) -> None:
    loaded = load_model(
        place / "plain",
        name="x",
        device=CPU,
        dtype=torch.float32,
        base_directory=find_version(
            BASE, cache=place / "cache", progress=lambda *_: None
        ).directory,
    )
    prompt = loaded.template.prompt(loaded.tokenizer, topic="cat", opening=None)
    assert loaded.tokenizer.decode(prompt) == PROMPTS[1]
