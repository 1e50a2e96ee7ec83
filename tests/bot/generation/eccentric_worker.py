"""The real worker with a tiny model, two habits added: it prints, and some topics kill it.

    python -m tests.bot.generation.eccentric_worker --model DIRECTORY --name NAME ...

As libraries may, it prints to standard output at every step, through Python and past it. A step
that decodes a prompt about `poison` ends the process with SIGKILL.
"""

import os
import signal
from collections.abc import Sequence

from bot.generation.jobs import Engine, EngineJob, Generated
from bot.generation.worker import build_engine, main
from finetune.models import LoadedModel


class EccentricEngine:
    """Decodes like the engine inside, until a poisonous prompt has joined the batch."""

    def __init__(self, *, inside: Engine, poison: list[int]) -> None:
        self._inside = inside
        self._poison = poison
        self._doomed: set[str] = set()

    @property
    def free(self) -> int:
        return self._inside.free

    @property
    def busy(self) -> bool:
        return self._inside.busy

    @property
    def drawn(self) -> int:
        return self._inside.drawn

    def submit(self, job: EngineJob) -> None:
        self._inside.submit(job)
        if list(job.prompt) == self._poison:
            self._doomed.add(job.id)

    def cancel(self, job_id: str) -> None:
        self._inside.cancel(job_id)
        self._doomed.discard(job_id)

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        return self._inside.read(jokes)

    def step(self) -> list[tuple[str, list[Generated]]]:
        print('{"kind": "result"')
        os.write(1, b"loading 100%\n")
        done = self._inside.step()
        if self._doomed:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


def eccentric_engine(loaded: LoadedModel, *, slots: int) -> EccentricEngine:
    """The usual engine with the habits."""
    poison = loaded.template.prompt(loaded.tokenizer, topic="poison", opening=None)
    return EccentricEngine(inside=build_engine(loaded, slots=slots), poison=poison)


if __name__ == "__main__":
    main(engine_for=eccentric_engine)
