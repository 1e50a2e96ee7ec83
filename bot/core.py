"""What a front-end on a platform is given: everything it may call."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.communities import Communities
from bot.languages import Languages
from bot.learning import Learner
from bot.pausing import Pause
from bot.service import JokeService
from bot.store.record_port import Records

__all__ = ["Core"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """The rooms behind the front-ends; `serving` names the version that serves now."""

    jokes: JokeService
    communities: Communities
    records: Records
    learner: Learner
    pause: Pause
    languages: Languages
    serving: Callable[[], str]

    @property
    def model_version(self) -> str:
        """The version that serves, which may be another one the next time."""
        return self.serving()
