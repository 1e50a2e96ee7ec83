"""The shelf of ready jokes as `bot.shelf.filling` keeps it, without the jokes."""

from dataclasses import dataclass

__all__ = ["NO_SHELF", "Shelf", "ShelfRules"]


@dataclass(frozen=True, kw_only=True)
class ShelfRules:
    """Jokes kept, when filling begins and how much of the time it may take; seconds."""

    jokes: int
    quiet_seconds: float
    idle_share: float


NO_SHELF = ShelfRules(jokes=0, quiet_seconds=0.0, idle_share=1.0)


class Shelf:
    """Full at first; what happened in a quiet time is worked out when somebody asks.

    `draw_seconds` is what one draw takes a worker that has nothing else to do.
    """

    def __init__(self, rules: ShelfRules, *, draw_seconds: float) -> None:
        self.stock = rules.jokes
        self._rules = rules
        self._draw = draw_seconds
        self._rests_until = 0.0

    def take(self, *, now: float, quiet_since: float | None) -> bool:
        """Whether there is a joke; nobody has waited since `quiet_since`, None if somebody does."""
        if quiet_since is not None:
            self._fill(quiet_since + self._rules.quiet_seconds, now)
        if not self.stock:
            return False
        self.stock -= 1
        return True

    def _fill(self, begin: float, now: float) -> None:
        rest = self._draw * (1 - self._rules.idle_share) / self._rules.idle_share
        begin = max(begin, self._rests_until)
        # A draw that is under way now is given up.
        while self.stock < self._rules.jokes and begin + self._draw <= now:
            self.stock += 1
            begin += self._draw + rest
            self._rests_until = begin
