"""Everything a front-end is given, on in-memory ports."""

from typing import Any

from bot.core import Core
from bot.generation.port import Generator
from bot.languages import Languages
from bot.learning import Learner
from bot.pausing import Pause
from tests.twins.learner import ScriptedLearner
from tests.twins.service import communities_on, service_on
from tests.twins.store import MemoryStore

__all__ = ["VERSION", "core_on"]

VERSION = "scripted"


def core_on(
    *,
    store: MemoryStore,
    generator: Generator,
    learner: Learner | None = None,
    **details: Any,
) -> Core:
    """The real service and what belongs to it; `details` are for `service_on`."""
    communities = communities_on(store.records)
    pause = Pause(records=store.records)
    return Core(
        jokes=service_on(
            store=store, generator=generator, communities=communities, pause=pause, **details
        ),
        communities=communities,
        records=store.records,
        learner=learner or ScriptedLearner(),
        pause=pause,
        languages=Languages.load(),
        serving=lambda: VERSION,
    )
