"""A workshop that makes versions by hand: small directories, and the verdict it is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.learning.process import FinetuneError
from bot.learning.workshop import Hear
from bot.model import ServedModel
from finetune.artifacts import Manifest, write_version
from finetune.gate.verdict import VERDICT, Verdict, write_verdict

__all__ = ["ScriptedWorkshop", "verdict"]


def verdict(*, passed: bool = True, reasons: Sequence[str] = ()) -> Verdict:
    """A verdict with no figures."""
    return Verdict(
        passed=passed,
        candidate="punchline-1",
        champion="starter",
        seconds=1.0,
        figures=(),
        reasons=tuple(reasons),
        pairs=(),
        votes_judged=2,
    )


@dataclass(kw_only=True)
class ScriptedWorkshop:
    """Implements `bot.learning.workshop.Workshop`.

    `failing` is what the next lesson ends with; lessons and judgements wait for their event.
    `lessons` has the version and whether it was resumed, `votes` the lines of each lesson.
    """

    directory: Path
    says: Verdict = field(default_factory=verdict)
    failing: str = ""
    may_teach: asyncio.Event = field(default_factory=asyncio.Event)
    may_judge: asyncio.Event = field(default_factory=asyncio.Event)
    teaching: asyncio.Event = field(default_factory=asyncio.Event)
    judging: asyncio.Event = field(default_factory=asyncio.Event)
    lessons: list[tuple[str, bool]] = field(default_factory=list)
    votes: list[list[str]] = field(default_factory=list)
    stopped: int = 0

    async def corpus(self, hear: Hear) -> Path:
        hear({"stage": "reading", "step": 1, "of": 2})
        return self.directory

    async def teach(
        self,
        *,
        parent: ServedModel,
        votes: Path,
        corpus: Path,
        version: Path,
        resume: bool,
        hear: Hear,
    ) -> None:
        self.lessons.append((version.name, resume))
        self.votes.append(votes.read_text(encoding="utf-8").splitlines())
        hear({"stage": "training", "step": 1, "of": 4, "loss": 2.5, "seconds_left": 9.0})
        version.with_name(f"{version.name}.run").mkdir(parents=True, exist_ok=True)
        self.teaching.set()
        try:
            await self.may_teach.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        if self.failing:
            raise FinetuneError(self.failing)
        write_version(
            directory=version,
            manifest=Manifest(
                version=version.name, base="starter", template={}, parent=parent.name
            ),
            fill=lambda folder: (folder / "weights").touch(),
        )

    async def judge(
        self,
        *,
        candidate: Path,
        champion: ServedModel,
        votes: Path,
        corpus: Path,
        verdict: Path,
        hear: Hear,
    ) -> Verdict:
        hear({"stage": "judging", "step": 0, "of": 0})
        self.judging.set()
        await self.may_judge.wait()
        verdict.mkdir(parents=True, exist_ok=True)
        write_verdict(verdict / VERDICT, self.says)
        return self.says
