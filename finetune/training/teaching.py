"""From raw jokes or a prepared corpus to a published model version, one step after the other."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from finetune.artifacts import MANIFEST, slug
from finetune.corpus.corpus import Corpus, open_corpus
from finetune.corpus.jokes import SUMMARY
from finetune.corpus.preparation import PrepareOptions, prepare_corpus
from finetune.corpus.sources import open_source
from finetune.models import choose_device, choose_dtype
from finetune.recipes.recipe import Recipe
from finetune.training.failures import TrainingError, failing_with_a_sentence
from finetune.training.learner import Learner, learner
from finetune.training.proof import Examiner
from finetune.training.publication import Lineage, publish, stage_weights
from finetune.training.reporting import Reporter
from finetune.training.run import Outcome, TrainingRun
from finetune.training.run_directory import enter_run, left_only_with_checkpoints
from finetune.versions import Found, find_version

__all__ = ["Lesson", "Taught", "Teacher"]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What to teach: `data` is one prepared corpus, or raw sources prepared with `options`.

    `out` is the directory of the version to be made; the checkpoints lie beside it until then, in
    one with `.run` added to its name. `parent` is a version to go on from instead of the recipe's
    base. `resume` and `restart` say what to do with an unfinished run.
    """

    recipe: Recipe
    data: Sequence[str]
    options: PrepareOptions
    out: Path
    parent: str | None
    resume: bool
    restart: bool


@dataclass(frozen=True, kw_only=True)
class Taught:
    """How a lesson ended: with a version, or with the signal that interrupted it at a step."""

    version: Path | None
    step: int
    interrupted_by: int | None


class Teacher:
    """Prepares, trains, examines and publishes; `device` is auto, cpu or cuda."""

    def __init__(self, *, cache: Path, device: str, examiner: Examiner, reporter: Reporter) -> None:
        self._cache = cache
        self._device = choose_device(device)
        self._examiner = examiner
        self._reporter = reporter

    def teach(self, lesson: Lesson) -> Taught:
        """Make a version, or leave whole checkpoints if a signal comes.

        Raises `TrainingError`, `CorpusError`, `BaseModelError` or `BrokenVersionError`.
        """
        if (lesson.out / MANIFEST).exists():
            raise TrainingError(f"{lesson.out} is a model version already; choose another --out.")
        run = lesson.out.with_name(f"{lesson.out.name}.run")
        parent = self._find(lesson.parent) if lesson.parent else None
        recipe = _based_on(lesson.recipe, parent)
        base = self._find(recipe.base, recipe.revision)
        corpus = self._corpus(lesson, run)
        lineage = Lineage(
            version=slug(lesson.out.name),
            base=base,
            parent=parent,
            recipe=recipe,
            data=corpus.summary,
        )
        enter_run(run, record=lineage.record(), resume=lesson.resume, restart=lesson.restart)
        self._reporter.stage("loading the model", 0, 0)
        with left_only_with_checkpoints(run):
            pupil = learner(
                recipe,
                base_directory=base.directory,
                parent=parent.directory if parent else None,
                device=self._device,
                dtype=self._dtype(recipe),
            )
            outcome = TrainingRun(
                recipe=recipe,
                learner=pupil,
                train=corpus.train,
                held_out=corpus.held_out,
                directory=run,
                reporter=self._reporter,
            ).run(resume=lesson.resume)
        if outcome.best is not None:
            with failing_with_a_sentence(kept=lambda: f"The best weights are in {outcome.best}."):
                self._publish(lesson.out, lineage, corpus, pupil, outcome)
        return Taught(
            version=lesson.out if outcome.best else None,
            step=outcome.step,
            interrupted_by=outcome.interrupted_by,
        )

    def _find(self, name: str, revision: str = "") -> Found:
        return find_version(
            name, cache=self._cache, revision=revision, progress=self._reporter.stage
        )

    def _dtype(self, recipe: Recipe) -> torch.dtype:
        return choose_dtype(recipe.dtype, self._device)

    def _corpus(self, lesson: Lesson, run: Path) -> Corpus:
        """The corpus that was named, or one prepared from what was named, kept beside the run."""
        if len(lesson.data) == 1 and (Path(lesson.data[0]) / SUMMARY).is_file():
            return open_corpus(Path(lesson.data[0]))
        return prepare_corpus(
            [source for name in lesson.data for source in open_source(name)],
            out=run.with_name(f"{run.stem}.corpus"),
            options=lesson.options,
            overwrite=True,
            progress=self._reporter.stage,
        )

    def _publish(
        self,
        out: Path,
        lineage: Lineage,
        corpus: Corpus,
        pupil: Learner,
        outcome: Outcome,
    ) -> None:
        if outcome.best is None:
            raise TrainingError("A run without best weights cannot be published.")
        run = outcome.best.parent
        dtype = self._dtype(lineage.recipe)
        staging = run / "version"
        stage_weights(
            staging,
            best=outcome.best,
            base=lineage.recipe.base,
            tokenizer=pupil.tokenizer,
            train=corpus.train,
            dtype=dtype,
        )
        template = pupil.template
        pupil.model.to("meta")  # the examiner loads what was written, and needs the memory
        proof = self._examiner.examine(
            staging,
            template=template,
            corpus=corpus,
            base=lineage.base,
            parent=lineage.parent,
            device=self._device,
            dtype=dtype,
            progress=self._reporter.stage,
        )
        publish(
            out,
            staging=staging,
            lineage=lineage,
            template=template,
            history=outcome.history,
            proof=proof,
            device=self._device,
        )
        for name in ("version", "best", *(each.name for each in run.glob("checkpoint-*"))):
            shutil.rmtree(run / name, ignore_errors=True)
        (run / "run.json").unlink(missing_ok=True)


def _based_on(recipe: Recipe, parent: Found | None) -> Recipe:
    """The recipe with the base of the version it goes on from."""
    if parent is None:
        return recipe
    if parent.manifest is None:
        raise TrainingError(f"{parent.name} is a base and no version; name it as recipe.base.")
    recorded: dict[str, Any] = {
        "base": parent.manifest.base,
        "revision": str(parent.manifest.recipe.get("revision", "")),
    }
    return recipe.model_copy(update=recorded)
