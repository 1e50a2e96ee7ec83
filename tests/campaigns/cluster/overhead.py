"""What Ray costs: the same prompts through a worker here and through a replica, in turns."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import ServedModel
from bot.preparing import prepared_model
from bot.settings import load_settings
from tests.bench.measure import percentile
from tests.bench.ray_overhead import measure_ray
from tests.bench.results import RayRound
from tests.campaigns.stage import Stage

__all__ = ["Overhead", "measured_overhead"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Overhead:
    """Rounds in which both were asked for the same jokes, one right after the other."""

    rounds: Sequence[RayRound]

    def figures(self) -> dict[str, float]:
        """Speed of many jokes together as a share of the worker's, and milliseconds added to one.

        The jokes are the same, so tokens a second compare as jokes a second do.
        """
        here = [value for each in self.rounds for value in each.here.token_seconds]
        there = [value for each in self.rounds for value in each.ray.token_seconds]
        shares = [each.ray.tokens_per_second / each.here.tokens_per_second for each in self.rounds]
        added = {
            f"added_ms_p{point}": 1000 * (percentile(there, point) - percentile(here, point))
            for point in (50, 95)
        }
        return {
            "speed_of_worker_median": percentile(shares, 50),
            "speed_of_worker_lowest": min(shares),
            "speed_of_worker_highest": max(shares),
            **added,
        }


def measured_overhead(stage: Stage, *, tiny: bool, rounds: int) -> Overhead:
    """With a Ray of its own, before anything else runs."""
    if tiny:
        model = ServedModel(name="tiny", directory=stage.model)
    else:
        chosen = {"PUNCHLINE_MODEL__BASE": "starter", "PUNCHLINE_MODEL__VERSION": "none"}
        settings = load_settings(path=None, environment={**os.environ, **chosen})
        model = asyncio.run(prepared_model(settings, progress=lambda *_: None))
    measuring = measure_ray(
        model.directory, name=model.name, rounds=rounds, scratch=stage.directory, say=stage.say
    )
    return Overhead(rounds=asyncio.run(measuring))
