"""What a server can do, found out by asking it for one token."""

import itertools
from dataclasses import dataclass
from typing import Any

from bot.generation.protocol import Sampling
from bot.generation.server.answers import Refused
from bot.generation.server.client import ServerClient

__all__ = ["Abilities", "Wish", "probed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """`count` texts that continue a prompt, until one of the `stops`."""

    prompt: str
    stops: tuple[str, ...]
    count: int
    seed: int
    sampling: Sampling


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """Whether a server makes `several` texts for one request, gives `logprobs`, and knows `limits`.

    The limits are top-k and min-p, which OpenAI's interface has not and several servers set to
    something of their own unless they are told.
    """

    several: bool
    logprobs: bool
    limits: bool

    def request(self, model: str, wish: Wish) -> dict[str, Any]:
        """The wish in the words of the completions interface."""
        sampling = wish.sampling
        request: dict[str, Any] = {
            "model": model,
            "prompt": wish.prompt,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": wish.seed,
        }
        if wish.stops:
            request["stop"] = list(wish.stops)
        if self.several and wish.count > 1:
            request["n"] = wish.count
        if self.logprobs:
            request["logprobs"] = 1
        if self.limits:
            request |= {"top_k": sampling.top_k, "min_p": 0.0}
        return request


_PROBE = Wish(
    prompt="JOKE:",
    stops=(),
    count=2,
    seed=1,
    sampling=Sampling(temperature=1.0, top_k=0, top_p=1.0, max_tokens=1),
)


async def probed(
    client: ServerClient, model: str, *, seconds: float, logprobs: bool = True
) -> Abilities:
    """What a server can do with a model: as much as it does not refuse and really gives.

    Without `logprobs` it is not asked for those.

    Raises what `ServerClient.complete` raises; `Refused` when it makes no text at all.
    """
    refusals: list[Refused] = []
    for wanted in _less_and_less(logprobs):
        try:
            made = await client.complete(wanted.request(model, _PROBE), seconds=seconds)
        except Refused as refused:
            if refused.gone or refused.shut or refused.busy:
                raise
            refusals.append(refused)
        else:
            return Abilities(
                several=wanted.several and len(made) >= _PROBE.count,
                logprobs=wanted.logprobs and all(each.score is not None for each in made),
                limits=wanted.limits,
            )
    raise refusals[-1]


def _less_and_less(logprobs: bool) -> list[Abilities]:
    """Everything first, nothing last."""
    every = itertools.product((True, False), (True, False) if logprobs else (False,), (True, False))
    return [
        Abilities(several=several, logprobs=ranked, limits=limits)
        for several, ranked, limits in sorted(every, key=sum, reverse=True)
    ]
