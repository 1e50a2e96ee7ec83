"""A version that was just taught is judged beside what it came from."""

from pathlib import Path

import torch

from finetune.corpus.corpus import open_corpus
from finetune.evaluation.evaluate import REAL_JOKES
from finetune.template import Template, TemplateKind
from finetune.training.proof import BASE, PARENT, THIS, Examiner, Proof
from finetune.versions import Found
from tests.finetune.training.material import CPU, write_corpus
from tests.tiny import write_tiny_adapter


def examined(examiner: Examiner, tiny_version: Path, place: Path, *, parent: bool) -> Proof:
    """An adapter that changes nothing, judged beside its base and perhaps itself as its parent."""
    staging = write_tiny_adapter(place / "adapter", base=tiny_version)
    itself = Found(name="it", directory=staging, base_directory=tiny_version, manifest=None)
    return examiner.examine(
        staging,
        template=Template(kind=TemplateKind.PLAIN),
        corpus=open_corpus(write_corpus(place / "corpus")),
        base=Found(name="tiny", directory=tiny_version, base_directory=None, manifest=None),
        parent=itself if parent else None,
        device=CPU,
        dtype=torch.float32,
        progress=lambda stage, step, of: None,
    )


def test_all_columns_have_the_same_figures_for_the_same_weights(
    tiny_version: Path, tmp_path: Path
) -> None:
    proof = examined(Examiner(jokes=12, topics=2), tiny_version, tmp_path, parent=True)
    assert list(proof.metrics) == [THIS, BASE, PARENT, REAL_JOKES]
    own = dict(proof.metrics[THIS])
    change = own.pop("loss_change")
    assert (change["value"], change["low"], change["high"]) == (0.0, 0.0, 0.0)
    assert own == proof.metrics[PARENT] == proof.metrics[BASE]
    assert own["complete"]["value"] == 1.0
    assert "complete" not in proof.metrics[REAL_JOKES]


def test_samples_are_told_with_and_without_a_topic(tiny_version: Path, tmp_path: Path) -> None:
    proof = examined(Examiner(jokes=2, topics=1), tiny_version, tmp_path, parent=False)
    topics = [sample.topic for sample in proof.samples]
    assert None in topics
    assert any(topics)
    assert all(sample.text for sample in proof.samples)


def test_without_jokes_only_the_losses_are_taken(tiny_version: Path, tmp_path: Path) -> None:
    proof = examined(Examiner(jokes=0), tiny_version, tmp_path, parent=False)
    assert list(proof.metrics) == [THIS, BASE]
    assert set(proof.metrics[BASE]) == {"loss_per_character", "loss_per_word"}
    assert not proof.samples
