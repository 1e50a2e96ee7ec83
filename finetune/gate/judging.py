"""Measures a candidate and the champion alike, and says whether the candidate may be tried."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer

from finetune.artifacts import BrokenVersionError, verify
from finetune.evaluation.adherence import evaluation_topics
from finetune.evaluation.bootstrap import Figure
from finetune.evaluation.measure import Measure
from finetune.evaluation.result import Evaluation
from finetune.gate.checking import (
    check_answers,
    check_base,
    check_files,
    check_tokenizer,
    load_whole,
)
from finetune.gate.figures import Ranking, compared
from finetune.gate.limits import Limits
from finetune.gate.pace import CANDIDATE, CHAMPION, CHECKING, SHOWING
from finetune.gate.ranking import weighted_auc
from finetune.gate.verdict import Pair, Verdict
from finetune.gate.voted import VotedJokes, voted_jokes
from finetune.models import LoadedModel
from finetune.novelty import NoveltyIndex
from finetune.retraining.votes import Vote
from finetune.template import Template
from finetune.versions import Found, find_version

__all__ = ["Gate"]

_PAIRS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Measured:
    version: str
    evaluation: Evaluation
    scores: NDArray[np.float64]
    told: Sequence[str | None]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Everything that candidates are judged with; `cache` keeps base weights.

    At most `vote_jokes` of the jokes that were voted on are used.
    """

    measure: Measure
    votes: Sequence[Vote]
    vote_jokes: int
    limits: Limits
    cache: Path
    device: torch.device
    dtype: torch.dtype

    def judge(self, candidate: Path, *, champion: str) -> Verdict:
        """The verdict on a candidate beside the version or base that serves now.

        A candidate that cannot be loaded does not pass. Only one version is in memory at a time.
        Raises `BrokenVersionError`, `BaseModelError`, `VotesError` or `CorpusError` when it cannot
        be judged: for what is wrong with the champion, the votes or the corpus.
        """
        began = time.monotonic()
        candidate = candidate.absolute()
        self.measure.progress(CHECKING, 0, 0)
        standing = self._find(champion)
        if standing.manifest is not None:
            verify(standing.directory)
        try:
            ours, jokes = self._candidate(candidate, standing)
        except BrokenVersionError as error:
            verdict = _refusal(candidate, standing, error)
        else:
            verdict = self._compared(ours, jokes, standing)
        return replace(verdict, seconds=time.monotonic() - began)

    def _candidate(self, directory: Path, standing: Found) -> tuple[_Measured, VotedJokes]:
        """The candidate's figures, and the jokes it was asked about. Raises `BrokenVersionError`.

        What is loaded here is gone afterwards, so that the champion has its room.
        """
        loaded, novelty = self._checked(directory, standing)
        jokes = voted_jokes(
            self.votes,
            tokenizer=loaded.tokenizer,
            template=loaded.template,
            most=self.vote_jokes,
            seed=self.measure.seed,
        )
        return self._measured(loaded, novelty, jokes, shown_as=CANDIDATE), jokes

    def _compared(self, ours: _Measured, jokes: VotedJokes, standing: Found) -> Verdict:
        novelty = self.measure.novelty(standing.directory)
        theirs = self._measured(self._load(standing), novelty, jokes, shown_as=CHAMPION)
        figures = compared(
            theirs.evaluation,
            ours.evaluation,
            self._ranking(jokes, theirs.scores, ours.scores),
            limits=self.limits,
            seed=self.measure.seed,
        )
        reasons = [figure.explanation for figure in figures if not figure.passed]
        return Verdict(
            passed=not reasons,
            candidate=ours.version,
            champion=standing.name,
            figures=figures,
            reasons=reasons,
            pairs=_pairs(theirs.told, ours.told),
            votes_judged=jokes.votes,
        )

    def _checked(self, candidate: Path, standing: Found) -> tuple[LoadedModel, NoveltyIndex | None]:
        """The candidate with the index of what it was taught. Raises `BrokenVersionError`."""
        check_base(candidate, check_files(candidate), standing)
        novelty = self.measure.novelty(candidate)
        loaded = self._load(self._find(str(candidate)))
        check_tokenizer(
            loaded,
            champion=AutoTokenizer.from_pretrained(standing.directory, local_files_only=True),
            template=Template.from_json(standing.manifest.template) if standing.manifest else None,
        )
        check_answers(loaded)
        return loaded, novelty

    def _find(self, name: str) -> Found:
        return find_version(name, cache=self.cache, progress=self.measure.progress)

    def _load(self, found: Found) -> LoadedModel:
        return load_whole(found, device=self.device, dtype=self.dtype)

    def _measured(
        self,
        loaded: LoadedModel,
        novelty: NoveltyIndex | None,
        jokes: VotedJokes,
        *,
        shown_as: str,
    ) -> _Measured:
        shown = replace(loaded, version=shown_as)
        scores = jokes.scores(shown, self.measure.progress)
        evaluation = self.measure.of(shown, novelty=novelty)
        self.measure.progress(f"{shown_as}: {SHOWING}", 0, 0)
        told = self.measure.told(shown, evaluation_topics(_PAIRS), novelty=novelty)
        return _Measured(version=loaded.version, evaluation=evaluation, scores=scores, told=told)

    def _ranking(
        self, jokes: VotedJokes, champion: NDArray[np.float64], candidate: NDArray[np.float64]
    ) -> Ranking:
        def auc(scores: NDArray[np.float64]) -> Figure | None:
            return weighted_auc(scores, jokes.liked, jokes.disliked, seed=self.measure.seed)

        return Ranking(
            champion=auc(champion), candidate=auc(candidate), agreement=auc(candidate - champion)
        )


def _refusal(candidate: Path, standing: Found, error: BrokenVersionError) -> Verdict:
    # Where it lies on this machine says nothing to whoever reads it in a chat.
    reason = str(error).replace(f"{candidate}/", "").replace(f"{candidate}", candidate.name)
    return Verdict(
        passed=False, candidate=candidate.name, champion=standing.name, reasons=(reason,)
    )


def _pairs(champion: Sequence[str | None], candidate: Sequence[str | None]) -> list[Pair]:
    """Of the topics about which both have something fit to be told."""
    return [
        Pair(topic=topic, champion=before, candidate=after)
        for topic, before, after in zip(evaluation_topics(_PAIRS), champion, candidate, strict=True)
        if before is not None and after is not None
    ]
