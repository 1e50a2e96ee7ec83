"""`python -m finetune train` makes a version that anything can load, or says why not."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.artifacts import BrokenVersionError, Manifest, read_manifest, verify
from finetune.corpus.jokes import SUMMARY
from finetune.models import load_model
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.report.content import TRAINING, read_content
from finetune.template import Template, TemplateKind
from tests.finetune.training.material import CPU, small_jokes, write_base, write_corpus
from tests.tiny import tiny_model

IDS = torch.tensor([[5, 80, 90, 100, 110, 7, 300]])
# Importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base, a corpus and a recipe."""
    place = tmp_path_factory.mktemp("lesson")
    write_base(place / "base")
    write_corpus(place / "corpus")
    (place / "small.toml").write_text(
        f'base = "{place / "base"}"\nmethod = "full"\nsequence_tokens = 64\nsequences = 8\n'
        'epochs = 1\nevaluations = 1\nlearning_rate = 1e-2\nlog_steps = 1\ndtype = "float32"\n'
        "samples = 0\nlora.rank = 2\nlora.alpha = 8\n"
    )
    return place


@pytest.fixture(scope="module", autouse=True)
def no_bars() -> Iterator[None]:
    """The program switches bars off for its process, which is ours here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


def train(place: Path, out: str, *more: str, data: str = "corpus", recipe: str = "") -> Result:
    """The command inside this process."""
    return CliRunner().invoke(
        app,
        [
            *("train", "--recipe", recipe or str(place / "small.toml"), "--proof", "0"),
            *("--data", str(place / data), "--out", str(place / out), "--device", "cpu", *more),
        ],
    )


@pytest.fixture(scope="module")
def full(place: Path) -> Path:
    """A version with all weights."""
    done = train(place, "full", "--progress", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "stage": "done",
        "directory": str(place / "full"),
    }
    return place / "full"


@pytest.fixture(scope="module")
def adapter(place: Path) -> Path:
    """A version that is an adapter on the base."""
    done = train(place, "adapter", "--set", "method=lora")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{place / 'adapter'}: see {place / 'adapter' / 'report.html'}\n"
    return place / "adapter"


@pytest.fixture(scope="module")
def grandchild(place: Path, adapter: Path) -> Path:
    """The adapter, taught further."""
    done = train(place, "further", "--set", "method=lora", "--parent", str(adapter))
    assert done.exit_code == 0, done.stderr
    return place / "further"


def logits(model: object) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model(IDS).logits  # type: ignore[operator]
    return result


def test_a_version_is_whole_and_holds_what_belongs_to_it(full: Path) -> None:
    manifest = verify(full)
    assert {
        *("model.safetensors", "config.json", "tokenizer.json", "README.md", "report.html"),
        *(TRAINING, NOVELTY),
    } <= manifest.files.keys()
    assert not list(full.parent.glob(".*")), "nothing half-written is left"
    assert not list(full.rglob("*.bin"))


def test_its_manifest_says_where_it_comes_from(place: Path, full: Path) -> None:
    manifest: Manifest = read_manifest(full)
    summary = json.loads((place / "corpus" / SUMMARY).read_text())
    assert (manifest.version, manifest.base) == ("full", str(place / "base"))
    assert manifest.parent is None
    assert Template.from_json(manifest.template) == Template(kind=TemplateKind.PLAIN)
    assert manifest.recipe["learning_rate"] == 1e-2
    assert manifest.data == {"jokes": summary["jokes"], "sha256": summary["sha256"]}
    assert manifest.metrics["loss_change"]["value"] < 0


def test_it_knows_which_jokes_it_was_taught(full: Path) -> None:
    novelty = NoveltyIndex.load(full / NOVELTY)
    assert novelty.copies(small_jokes()[0].text)
    assert not novelty.copies("A sentence about nothing of which the model was ever taught a word.")


def test_it_keeps_its_history_for_the_report(full: Path) -> None:
    content = read_content(full)
    assert [point.step for point in content.history if point.loss is not None] == [1, 2, 3]
    assert content.history[-1].held_out_loss is not None
    assert "</html>" in (full / "report.html").read_text()


def test_plain_transformers_loads_a_full_version(full: Path) -> None:
    plain = AutoModelForCausalLM.from_pretrained(full)
    ours = load_model(full, name="full", device=CPU, dtype=torch.float32)
    torch.testing.assert_close(logits(ours.model), logits(plain), atol=0, rtol=0)
    assert AutoTokenizer.from_pretrained(full).eos_token_id == ours.tokenizer.eos_token_id
    assert not torch.allclose(logits(plain), logits(tiny_model()), atol=1e-3)


def test_plain_peft_loads_an_adapter_and_so_do_we(place: Path, adapter: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(place / "base")
    before = logits(base)
    plain = PeftModel.from_pretrained(base, adapter)
    ours = load_model(
        adapter, name="adapter", device=CPU, dtype=torch.float32, base_directory=place / "base"
    )
    torch.testing.assert_close(logits(ours.model), logits(plain), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(logits(plain), before, atol=1e-3)


def test_an_adapter_taught_further_names_its_parent_and_differs_from_it(
    place: Path, adapter: Path, grandchild: Path
) -> None:
    manifest = verify(grandchild)
    assert (manifest.parent, manifest.base) == ("adapter", str(place / "base"))
    assert manifest.recipe["lora"]["rank"] == 2
    first = read_content(adapter).history[0].loss
    further = read_content(grandchild).history[0].loss
    assert first is not None
    assert further is not None
    assert further < first - 1e-3, "it went on from what its parent had learned"


@pytest.mark.parametrize("name", ["model.safetensors", NOVELTY, "tokenizer.json", TRAINING])
def test_a_flipped_byte_is_refused(full: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(full, tmp_path / "copy")
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BrokenVersionError, match="is damaged"):
        load_model(copy, name="copy", device=CPU, dtype=torch.float32)


def refused(place: Path, done: Result, out: str) -> str:
    """The one sentence of a command that left nothing behind."""
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    left = [path for path in place.iterdir() if out in path.name]
    assert left == []
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_an_unknown_recipe_is_a_sentence(place: Path) -> None:
    done = train(place, "no", "--progress", "json", recipe="limerick")
    assert refused(place, done, "no").startswith("There is no recipe limerick; take one of")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("columns.csv", b"a,b\n" + b"1,2\n" * 30),
        ("single.csv", b"ID,Joke\n1,Why did the cat sit on the laptop? To watch the mouse.\n"),
        ("binary.csv", bytes(range(256)) * 40),
        ("binary.json", bytes(range(256)) * 40),
        ("nowhere.csv", None),
    ],
)
def test_data_that_is_none_is_a_sentence(place: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (place / name).write_bytes(content)
    done = train(place, "unmade", "--progress", "json", data=name)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.rstrip().endswith((".", "prepare"))
    assert not [path for path in place.iterdir() if "unmade" in path.name]


def test_a_corpus_that_was_changed_is_refused(place: Path) -> None:
    changed = shutil.copytree(place / "corpus", place / "changed")
    (changed / "train.jsonl").write_text("{}\n")
    done = train(place, "unmade", "--progress", "json", data="changed")
    assert "was changed since it was prepared" in refused(place, done, "unmade")


def test_a_base_without_weights_is_a_sentence(place: Path) -> None:
    bare = shutil.copytree(place / "base", place / "bare")
    (bare / "model.safetensors").unlink()
    done = train(place, "unmade", "--progress", "json", "--set", f"base={bare}")
    assert "holds no safetensors weights" in refused(place, done, "unmade")


def test_a_base_whose_weights_are_damaged_leaves_no_run_behind(place: Path) -> None:
    torn = shutil.copytree(place / "base", place / "torn")
    (torn / "model.safetensors").write_bytes(b"nothing")
    done = train(place, "unmade", "--progress", "json", "--set", f"base={torn}")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be loaded as a model" in done.stderr
    assert not (place / "unmade.run").exists()


def test_jokes_that_fit_into_no_sequence_are_a_sentence(place: Path) -> None:
    done = train(place, "unmade", "--progress", "json", "--set", "sequence_tokens=16")
    assert done.exit_code == 1
    assert "holds no joke that fits into 16 tokens" in done.stderr
    assert not (place / "unmade.run").exists()


def test_a_version_is_never_written_over(place: Path, full: Path) -> None:
    before = verify(full)
    done = train(place, "full", "--restart", "--progress", "json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{full} is a model version already; choose another --out.\n"
    assert verify(full) == before
