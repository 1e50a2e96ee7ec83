"""A GGUF file becomes a directory with the same model in it; what can't be converted says why."""

from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.artifacts import verify
from finetune.bases import BaseModelError, locate
from finetune.conversion import prepare
from finetune.models import load_model
from tests.finetune.gguf_file import tiny_source, write_gguf
from tests.tiny import tiny_jokes, tiny_tokenizer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny GGUF file."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny model.gguf", tiny_source())


def silent(stage: str, step: int, of: int) -> None:
    """Progress that nobody looks at."""


def test_a_gguf_file_becomes_a_version_that_computes_the_same(source: Path, tmp_path: Path) -> None:
    directory = prepare(str(source), cache=tmp_path, progress=silent)
    assert locate(str(source), cache=tmp_path) == directory
    manifest = verify(directory)
    assert (manifest.version, manifest.base) == ("tiny-model", str(source))
    assert any(name.endswith(".safetensors") for name in manifest.files)
    loaded = load_model(directory, name="unused", device=CPU, dtype=torch.float32)
    ids = torch.arange(2, 400).view(2, -1)
    with torch.inference_mode():
        torch.testing.assert_close(
            loaded.model(input_ids=ids).logits, tiny_source()(input_ids=ids).logits
        )


def test_its_tokenizer_reads_and_writes_as_before(source: Path, tmp_path: Path) -> None:
    directory = prepare(str(source), cache=tmp_path, progress=silent)
    loaded = load_model(directory, name="unused", device=CPU, dtype=torch.float32)
    before: Any = tiny_tokenizer()
    for text in (*tiny_jokes(), "TOPIC: Überraschung 👩\u200d💻\nJOKE:", "<|endoftext|>  two"):
        ids = loaded.tokenizer.encode(text, add_special_tokens=False)
        assert ids == before.encode(text)
        assert loaded.tokenizer.decode(ids) == text
    assert loaded.tokenizer.eos_token_id == 0
    assert 0 in loaded.template.end_ids(loaded.tokenizer)


def test_converting_shows_its_steps_and_happens_once(source: Path, tmp_path: Path) -> None:
    shown: list[tuple[str, int, int]] = []
    prepare(str(source), cache=tmp_path, progress=lambda *step: shown.append(step))
    steps = [step for _, step, _ in shown]
    assert steps == sorted(steps)
    assert steps[-1] == shown[-1][2]
    assert "writing safetensors" in [stage for stage, _, _ in shown]
    shown.clear()
    prepare(str(source), cache=tmp_path, progress=lambda *step: shown.append(step))
    assert shown == []


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF" + bytes(100)])
def test_a_file_that_is_no_gguf_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(BaseModelError, match=r"^.*broken\.gguf has no tokenizer.*$"):
        prepare(str(path), cache=tmp_path, progress=silent)
    assert [left.name for left in tmp_path.iterdir()] == ["broken.gguf"]


def test_a_gguf_file_that_ends_too_early_is_refused(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(source.read_bytes()[:-10_000])
    with pytest.raises(BaseModelError, match=r"cut\.gguf has no"):
        prepare(str(path), cache=tmp_path, progress=silent)


def test_a_cache_that_cannot_be_written_is_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "bases").write_text("a file where a directory should be")
    with pytest.raises(BaseModelError, match="could not be converted into"):
        prepare(str(source), cache=tmp_path, progress=silent)
