"""A lesson with all that it takes to teach it, which any worker can be given."""

from dataclasses import dataclass, replace
from pathlib import Path

from finetune.training.group import WorkerGroup
from finetune.training.lesson import Lesson, Taught
from finetune.training.reporting import Reporter

__all__ = ["Course"]


@dataclass(frozen=True, kw_only=True)
class Course:
    """`proof` jokes are drawn to judge the version; no more than `threads` compute, 0 for all."""

    lesson: Lesson
    cache: Path
    device: str
    proof: int
    threads: int

    def held(self, *, reporter: Reporter, group: WorkerGroup) -> Taught:
        """Teach as one of a group, or alone. Raises what `Teacher.teach` raises."""
        # Whoever only passes a course on need not wait for all that teaches.
        import torch

        from finetune.evaluation.adherence import TOPICS
        from finetune.training.proof import Examiner
        from finetune.training.teaching import Teacher

        if self.threads:
            torch.set_num_threads(self.threads)
        return Teacher(
            cache=self.cache,
            device=self.device,
            examiner=Examiner(jokes=self.proof, topics=max(1, min(TOPICS, self.proof // 10))),
            reporter=reporter,
            group=group,
        ).teach(self.lesson)

    def continued(self) -> "Course":
        """The same after its workers had to be started again."""
        return replace(self, lesson=replace(self.lesson, resume=True, restart=False))

    def anywhere(self) -> "Course":
        """The same for a process with another working directory."""
        lesson = self.lesson
        return replace(
            self,
            cache=self.cache.absolute(),
            lesson=replace(
                lesson,
                data=[_absolute(each) for each in lesson.data],
                out=lesson.out.absolute(),
                parent=lesson.parent and _absolute(lesson.parent),
                recipe=lesson.recipe.model_copy(update={"base": _absolute(lesson.recipe.base)}),
            ),
        )


def _absolute(name: str) -> str:
    """A path that exists, in full; whatever else has a name as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.exists() else name
