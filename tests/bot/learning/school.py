"""A bot that can learn in seconds: a tiny parent, votes on its jokes, and a forgiving gate."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.bot.program import Program, eventually
from tests.finetune.retraining.material import VOTES

__all__ = ["School"]

_RECIPE = """
method = "full"
sequences = 8
epochs = 6
learning_rate = 1e-2
sequence_tokens = 64
dtype = "float32"
evaluations = 1
samples = 0
trackers = []
log_steps = 1
checkpoint_steps = 3
[votes]
learning = "kto"
replayed = 0.5
forgetting = 9.0
"""
_SETTINGS = """
[learning]
held_out = 0.2
minimum_votes = 10
[training]
corpus = "{corpus}"
recipe = "{recipe}"
threads = 1
[gate]
jokes = 20
loss = 1.0
agreement = 0.01
complete = 1.0
looping = 1.0
distinct_2 = 1.0
copied = 1.0
near_duplicates = 1.0
offensive_family = 1.0
offensive_after_filter = 1.0
topic_told = 1.0
[trial]
share = 0.5
"""


class School(Program):
    """The program in a directory whose database holds enough votes to learn from."""

    def __init__(self, directory: Path, *, parent: Path, corpus: Path) -> None:
        super().__init__(directory, model=parent, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1")
        recipe = directory / "quick.toml"
        recipe.write_text(_RECIPE, encoding="utf-8")
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write(_SETTINGS.format(corpus=corpus, recipe=recipe))
        votes = directory / "votes.jsonl"
        about = {"model_version": "parent", "told_at": "2026-11-01T10:00:00+00:00"}
        lines = [{**vote, **about, "joke_id": f"v-{at}"} for at, vote in enumerate(VOTES)]
        votes.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        done = self.call("votes", "import", str(votes))
        assert done.code == 0, done.err
        self.votes_given = len(lines)

    def asked(self, line: str) -> str:
        """What an admin reads at a terminal of the running bot after a line."""
        done = self.call("attach", said=f"{line}\n")
        return done.out + done.err

    @contextlib.contextmanager
    def asking(self, line: str) -> Iterator[None]:
        """An admin at a terminal who has typed a line and goes on watching."""
        with self.started("attach") as admin:
            assert admin.stdin is not None
            admin.stdin.write(f"{line}\n")
            admin.stdin.flush()
            yield

    def stage(self) -> str:
        """Where the newest run is, or how it ended; "" before the first."""
        rows = self.rows("SELECT stage, ending FROM runs ORDER BY id DESC LIMIT 1")
        return str(rows[0][1] or rows[0][0]) if rows else ""

    def comes_to(self, *stages: str) -> None:
        """Wait for one of these stages or endings."""
        eventually(lambda: self.stage() in stages)

    def champion(self) -> str:
        """The version of the one row that says which serve."""
        rows = self.rows("SELECT champion FROM roles")
        assert len(rows) == 1
        return str(rows[0][0])

    def challenger(self) -> str:
        """The version on trial, or "None"."""
        return str(self.rows("SELECT challenger FROM roles")[0][0])

    def pupils(self) -> list[int]:
        """Processes that teach or judge in this directory and have not ended."""
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if _is_pupil(path, self.data)
        ]

    def tells(self) -> str:
        """The version that tells the next joke to somebody at the terminal.

        So small a model does not always come up with one that is fit to be told, so it may draw
        for a long time.
        """
        for _ in range(6):
            done = self.call("tell", "--json", PUNCHLINE_GENERATION__ROUNDS="20")
            if done.code == 0:
                return str(json.loads(done.out)[0]["model_version"])
            assert "Nothing I came up with" in done.err
        raise AssertionError("It told no joke.")

    def killed(self) -> None:
        """SIGKILL to the bot that is `running`; what it started has to go by itself."""
        os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: self.pupils() == [])


def _is_pupil(path: Path, data: Path) -> bool:
    try:
        command = path.read_bytes()
    except OSError:
        return False  # it has ended meanwhile
    return b"finetune" in command and os.fsencode(data) in command
