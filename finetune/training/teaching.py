"""From raw jokes or a prepared corpus to a published model version, one step after the other."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from finetune.artifacts import MANIFEST, is_adapter, slug
from finetune.corpus.corpus import Corpus, open_corpus
from finetune.corpus.jokes import SUMMARY, read_jokes
from finetune.corpus.preparation import prepare_corpus
from finetune.corpus.sources import open_source
from finetune.models import choose_device, choose_dtype
from finetune.novelty import NoveltyIndex
from finetune.recipes.recipe import Recipe, RetrainingRecipe
from finetune.retraining.examples import told_joke
from finetune.retraining.run import RetrainingRun
from finetune.retraining.votes import Votes
from finetune.template import Template
from finetune.training.division import Division
from finetune.training.failures import TrainingError, failing_with_a_sentence
from finetune.training.group import WorkerGroup
from finetune.training.learner import Learner, learner
from finetune.training.lesson import Lesson, Taught
from finetune.training.proof import Examiner
from finetune.training.publication import Lineage, publish, stage_weights
from finetune.training.reporting import Reporter
from finetune.training.run import Outcome, TrainingRun
from finetune.training.run_directory import enter_run, left_only_with_checkpoints
from finetune.versions import Found, find_version

__all__ = ["Teacher"]


class Teacher:
    """Prepares, trains, examines and publishes; `device` is auto, cpu or cuda.

    Of a `group` of workers all train, and the leader does the rest.
    """

    def __init__(
        self,
        *,
        cache: Path,
        device: str,
        examiner: Examiner,
        reporter: Reporter,
        group: WorkerGroup,
    ) -> None:
        self._cache = cache
        self._device = choose_device(device)
        self._examiner = examiner
        self._reporter = reporter
        self._group = group

    def teach(self, lesson: Lesson) -> Taught:
        """Make a version, or leave whole checkpoints if a signal comes.

        Raises `TrainingError`, `CorpusError`, `VotesError`, `BaseModelError` or
        `BrokenVersionError`.
        """
        if (lesson.out / MANIFEST).exists():
            raise TrainingError(f"{lesson.out} is a model version already; choose another --out.")
        run = lesson.out.with_name(f"{lesson.out.name}.run")
        parent = self._find(lesson.parent) if lesson.parent else None
        recipe = _based_on(lesson.recipe, parent)
        Division.of(recipe, workers=self._group.size)
        base = self._find(recipe.base, recipe.revision)
        corpus = self._corpus(lesson, run)
        lineage = Lineage(
            version=slug(lesson.out.name),
            base=base,
            parent=parent,
            recipe=recipe,
            data=corpus.summary,
            votes=lesson.votes.summary() if lesson.votes else None,
        )
        self._group.once(
            lambda: enter_run(
                run, record=lineage.record(), resume=lesson.resume, restart=lesson.restart
            )
        )
        self._reporter.stage("loading the model", 0, 0)
        with left_only_with_checkpoints(run) if self._group.leads else nullcontext():
            pupil = learner(
                recipe,
                base_directory=base.directory,
                parent=parent.directory if parent else None,
                device=self._device,
                dtype=self._dtype(recipe),
            )
            outcome = self._run(lesson, lineage, pupil, corpus, run).run(resume=lesson.resume)
        if outcome.best is not None and self._group.leads:
            with failing_with_a_sentence(kept=lambda: f"The best weights are in {outcome.best}."):
                self._publish(lesson, lineage, corpus, pupil, outcome)
        return Taught(
            version=lesson.out if outcome.best else None,
            step=outcome.step,
            interrupted_by=outcome.interrupted_by,
        )

    def _run(
        self, lesson: Lesson, lineage: Lineage, pupil: Learner, corpus: Corpus, directory: Path
    ) -> TrainingRun:
        recipe, parent = lineage.recipe, lineage.parent
        run = TrainingRun(
            recipe=recipe,
            learner=pupil,
            train=corpus.train,
            held_out=corpus.held_out,
            directory=directory,
            reporter=self._reporter,
            group=self._group,
        )
        if isinstance(recipe, RetrainingRecipe) and lesson.votes is not None:
            taught = NoveltyIndex.of_version(parent.directory) if parent else None
            return RetrainingRun.of(run, recipe=recipe, votes=lesson.votes, taught=taught)
        return run

    def _find(self, name: str, revision: str = "") -> Found:
        return self._group.in_turn(
            lambda: find_version(
                name, cache=self._cache, revision=revision, progress=self._reporter.stage
            )
        )

    def _dtype(self, recipe: Recipe) -> torch.dtype:
        return choose_dtype(recipe.dtype, self._device)

    def _corpus(self, lesson: Lesson, run: Path) -> Corpus:
        """The corpus that was named, or one prepared from what was named, kept beside the run."""
        if len(lesson.data) == 1 and (Path(lesson.data[0]) / SUMMARY).is_file():
            return open_corpus(Path(lesson.data[0]))
        out = run.with_name(f"{run.stem}.corpus")
        self._group.once(
            lambda: prepare_corpus(
                [source for name in lesson.data for source in open_source(name)],
                out=out,
                options=lesson.options,
                overwrite=True,
                progress=self._reporter.stage,
                processes=torch.get_num_threads(),
            )
        )
        return open_corpus(out)

    def _publish(
        self,
        lesson: Lesson,
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
        parent = lineage.parent.directory if lineage.parent else None
        stage_weights(
            staging,
            best=outcome.best,
            base=lineage.recipe.base,
            merged_into=None if parent is None or is_adapter(parent) else parent,
            tokenizer=pupil.tokenizer,
            taught=_taught(corpus, lesson.votes, pupil.template),
            parent=parent,
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
            lesson.out,
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


def _taught(corpus: Corpus, votes: Votes | None, template: Template) -> Iterator[str]:
    """The texts that a version may have learned by heart."""
    yield from (joke.text for joke in read_jokes(corpus.train))
    if votes is not None:
        yield from (told_joke(vote, template) for vote in votes.of(liked=True))


def _based_on(recipe: Recipe, parent: Found | None) -> Recipe:
    """The recipe with the base of the version it goes on from."""
    if parent is None:
        return recipe
    if parent.manifest is None:
        raise TrainingError(f"{parent.name} is a base and no version; teach it jokes first.")
    recorded: dict[str, Any] = {
        "base": parent.manifest.base,
        "revision": str(parent.manifest.recipe.get("revision", "")),
    }
    return recipe.model_copy(update=recorded)
