"""Tokens a second of each contender, measured in turns."""

import gc
import time
from collections.abc import Callable

import torch

from tests.bench.engines.port import NEW_TOKENS
from tests.bench.gpu.contenders import CONTENDERS, OURS, Contender
from tests.bench.gpu.setting import Setting
from tests.bench.results import EngineRound, EngineRun

__all__ = ["measure_race"]

_SECONDS = 0.5
"""A measurement repeats its requests until it has taken that long, since one joke is too short."""


def measure_race(
    setting: Setting, *, rounds: int, say: Callable[[str], None]
) -> tuple[EngineRun, dict[str, str]]:
    """Alternate all, in turned order in every second round, after a warm-up of each.

    Returns the rounds, and why contenders that could not run did not.
    """
    contenders, absent = _ready(setting, say=say)
    measured = []
    for number in range(1, rounds + 1):
        order = list(contenders) if number % 2 else list(reversed(contenders))
        for concurrency in setting.concurrencies:
            say(f"round {number} of {rounds}: {concurrency} at once")
            speeds = {
                each: _tokens_a_second(contenders[each], setting, concurrency) for each in order
            }
            measured.append(
                EngineRound(
                    concurrency=concurrency,
                    tokens_per_second={each: speeds[each] for each in contenders},
                )
            )
    run = EngineRun(
        model=setting.name,
        device=str(setting.device),
        new_tokens=NEW_TOKENS,
        prompt_tokens=[len(each) for each in setting.prompts(max(setting.concurrencies))],
        absent=[],
        rounds=measured,
    )
    return run, absent


def _ready(
    setting: Setting, *, say: Callable[[str], None]
) -> tuple[dict[str, Contender], dict[str, str]]:
    contenders: dict[str, Contender] = {}
    absent: dict[str, str] = {}
    for name, make in CONTENDERS.items():
        say(f"warm-up of {name}")
        try:
            contender = make(setting)
            for concurrency in setting.concurrencies:
                contender.run(setting.prompts(concurrency))
        except Exception as error:  # a peer that cannot run here must not end the measurement
            if name == OURS:
                raise
            absent[name] = " ".join(str(error).split())[:200] or type(error).__name__
        else:
            contenders[name] = contender
    gc.collect()
    return contenders, absent


def _tokens_a_second(contender: Contender, setting: Setting, concurrency: int) -> float:
    """Over as many repeats as fill the time; each ends when its last token is on the host."""
    prompts = setting.prompts(concurrency)
    if setting.device.type == "cuda":
        torch.cuda.synchronize(setting.device)
    tokens, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < _SECONDS:
        tokens += contender.run(prompts)
    return tokens / took
