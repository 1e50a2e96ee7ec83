"""A generator that answers at once, so that only the service around it is measured."""

import itertools
from collections.abc import Iterator

from bot.generation.port import Generation, GenerationRequest, Wait
from finetune.candidates import Candidate

__all__ = ["VERSION", "InstantGenerator", "instant_jokes"]

VERSION = "instant"

_WHO = "cat dog penguin robot teacher baker gardener sailor clock teapot wizard tortoise"
_HOW = "sleepy cheerful curious patient clumsy polite hungry famous retired tiny noisy"
_WHAT = "ladder pillow compass kettle trumpet lantern umbrella biscuit notebook spoon"
_WHERE = "library bakery harbour station orchard museum market theatre laundry meadow"
_WHY = "quiet music shade company advice breakfast silence applause practice directions"
_TOKENS = 24


def instant_jokes(*, carried_by: str = "carry") -> Iterator[Candidate]:
    """Complete, presentable jokes, no two alike until 132,000 are told."""
    words = itertools.product(*map(str.split, (_HOW, _WHO, _WHAT, _WHERE, _WHY)))
    for how, who, what, where, why in itertools.cycle(words):
        text = (
            f"Why did the {how} {who} {carried_by} a {what} to the {where}? "
            f"Somebody there had promised it a lifetime of {why}."
        )
        yield Candidate(text=text, tokens=_TOKENS, score=-1.0, complete=True)


class InstantGenerator:
    """Implements `Generator` with `instant_jokes`; `asked` counts the requests."""

    def __init__(self) -> None:
        self._jokes = instant_jokes()
        self.asked = 0

    def seconds_to_wait(self) -> int:
        """It never keeps anybody waiting, but the port wants a number."""
        return 1

    def nothing_fit(self, version: str) -> bool:
        """There is no other version."""
        return False

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        """As many new jokes as were asked for."""
        self.asked += 1
        jokes = tuple(itertools.islice(self._jokes, request.count))
        return Generation(model_version=VERSION, candidates=jokes)
