"""A worker process that does what its requests' topics say: real pipes, real signals, no model.

    python -m tests.bot.generation.scripted_worker JOURNAL [VERSION] [HABIT]

`hold` is not answered before somebody asks for `release`, `die` and `freeze` do it to the process,
`garble` breaks the protocol, `long` and `impossible` are refused; anything else is answered at
once. With a HABIT every request is taken for one about that; `broken` and `late` ones never
serve, and `slow` ones only after a second. What a joke to be embedded is like is its text, but
`hold` and `die` are as above.
Every start, order and orderly end is a line in the journal.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from bot.generation.protocol import (
    Broken,
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    Order,
    Ping,
    Pong,
    Ready,
    Report,
    Result,
    decode_order,
    encode,
)
from finetune.candidates import Candidate

_STEPS = 3
"""What it says that each request took, with a token a candidate in each."""


class ScriptedWorker:
    """Obeys one order after another; `held` are the requests that wait to be released."""

    def __init__(self, journal: Path, version: str = "scripted", habit: str = "") -> None:
        self._journal = journal
        self._version = version
        self._habit = habit
        self._held: dict[str, Generate] = {}

    def run(self) -> None:
        """Serve until standard input ends."""
        self._note("start", str(os.getpid()))
        if self._habit == "broken":
            self._say(Broken(detail=f"models/{self._version} is damaged."))
            return
        time.sleep({"late": 600, "slow": 1}.get(self._habit, 0))
        self._say(Ready(version=self._version, device="cpu", dtype="float32", slots=1000))
        for line in sys.stdin.buffer:
            self._obey(decode_order(line))
        self._note("end", str(os.getpid()))

    def _obey(self, order: Order) -> None:
        match order:
            case Ping(number=number):
                self._say(Pong(number=number))
            case Cancel(id=request_id):
                self._note("cancel", request_id)
                self._held.pop(request_id, None)
            case Embed():
                self._note("embed", order.id)
                self._embed(order)
            case Generate():
                self._note("generate", order.topic or "")
                self._act(order)

    def _act(self, order: Generate) -> None:
        match self._habit or order.topic:
            case "hold":
                self._held[order.id] = order
            case "release":
                for held in [*self._held.values(), order]:
                    self._tell(held)
                self._held.clear()
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "freeze":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "garble":
                os.write(1, b"this is no JSON\n")
            case "long" | "impossible":
                self._say(Failed(id=order.id, too_long=order.topic == "long", detail=""))
            case "unfit":
                nothing = Candidate(text="", tokens=0, score=0, complete=False)
                self._say(Result(id=order.id, candidates=(nothing,) * order.count, seconds=0.0))
            case _:
                self._tell(order)

    def _embed(self, order: Embed) -> None:
        texts = [joke.text for joke in order.jokes]
        if "die" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hold" not in texts:
            features = tuple(text.encode() or None for text in texts)
            self._say(Embedded(id=order.id, features=features))

    def _tell(self, order: Generate) -> None:
        jokes = tuple(
            Candidate(text=f"{order.topic} {order.seed}.{number}", tokens=1, score=0, complete=True)
            for number in range(order.count)
        )
        steps, tokens = _STEPS, _STEPS * order.count
        self._say(Result(id=order.id, candidates=jokes, seconds=0.0, steps=steps, tokens=tokens))

    def _say(self, report: Report) -> None:
        os.write(1, encode(report))

    def _note(self, event: str, detail: str) -> None:
        with self._journal.open("a") as stream:
            stream.write(json.dumps([event, detail]) + "\n")


if __name__ == "__main__":
    ScriptedWorker(Path(sys.argv[1]), *sys.argv[2:]).run()
