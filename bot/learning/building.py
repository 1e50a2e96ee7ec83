"""Makes the loop as the settings say."""

from bot.generation.server.building import address_of
from bot.learning.board import Board
from bot.learning.learner import LoopLearner
from bot.learning.places import Places
from bot.learning.retraining import Retraining, Stand
from bot.learning.swapping import ServerSwap
from bot.learning.workshop import FinetuneWorkshop
from bot.settings import Settings
from bot.store.store import SqlStore
from bot.store.version_port import Stage

__all__ = ["build_learner"]


def build_learner(
    settings: Settings, *, store: SqlStore, stand: Stand, until: Stage | None = None
) -> LoopLearner:
    """A learner that is not started; its runs go as far as `until`, and others carry them on."""
    board = Board()
    return LoopLearner(
        store=store,
        versions=store.model_versions,
        stand=stand,
        board=board,
        rules=settings.learning,
        training=settings.training,
        check=ServerSwap(address=address_of(settings.server))
        if settings.generation.where == "server"
        else None,
        retraining=Retraining(
            store=store,
            versions=store.model_versions,
            workshop=FinetuneWorkshop(settings=settings),
            stand=stand,
            places=Places(directory=settings.store.directory),
            rules=settings.learning,
            trial=settings.trial,
            board=board,
            until=until,
        ),
    )
