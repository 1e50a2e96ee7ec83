"""The `Embedder` port in memory: a version that makes of a joke what a function says."""

from collections.abc import Callable, Sequence

from bot.generation.port import Embedding, GenerationError
from bot.generation.protocol import KnownJoke
from bot.jokes import Reason

__all__ = ["MemoryEmbedder"]


class MemoryEmbedder:
    """`orders` are the jokes of every order that came; after `lives` of them the worker dies.

    Set `serves` to let another version serve.
    """

    def __init__(
        self, version: str | None, features: Callable[[str], bytes | None], *, lives: int = 1_000
    ) -> None:
        self.serves = version
        self.lives = lives
        self.orders: list[list[KnownJoke]] = []
        self._features = features

    async def embed(self, jokes: Sequence[KnownJoke]) -> Embedding:
        """What the function says. Raises `GenerationError` when the worker is dead."""
        if self.serves is None or self.lives <= 0:
            raise GenerationError(Reason.MODEL_DOWN)
        self.lives -= 1
        self.orders.append(list(jokes))
        return Embedding(
            model_version=self.serves,
            features=tuple(self._features(joke.text) for joke in jokes),
        )
