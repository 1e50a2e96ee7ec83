"""Taste: orders what may be told by what a community likes, and hears of every vote."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.jokes import Community
from bot.store.port import StoreUnavailable
from bot.store.taste_port import Tastes
from bot.taste.basis import Basis
from bot.taste.belief import Belief
from bot.taste.heads import TasteRules
from bot.taste.ranking import ranked
from bot.taste.version import VersionTaste
from finetune.selection import Choice, Order, by_score

__all__ = ["Taste"]

_BREATH_SECONDS = 0.2
"""Votes that come within it are learned from together."""
_PATIENCE_SECONDS = 1.0
_VERSIONS = 4

_log = logging.getLogger("punchline.taste")


class Taste:
    """One head for everyone and one for each community that starts from it.

    Nothing here makes anybody wait for a vote, or fails: without a taste, or without a database,
    jokes stay in the order of the model's own score.
    """

    def __init__(self, *, tastes: Tastes, rules: TasteRules) -> None:
        self._tastes = tastes
        self._rules = rules
        self._versions: dict[str, VersionTaste] = {}
        self._changed: set[int] = set()
        self._outdated: set[Community] = set()
        self._all = False
        self._news = asyncio.Event()

    async def order(self, *, community: Community, version: str, seed: int) -> Order:
        """What puts choices of a version in order: on the topic first, then by what is liked.

        The order may be asked for in any thread.
        """
        try:
            return await self._order(community, self._of(version), seed)
        except (StoreUnavailable, ValueError) as error:
            _log.warning("Jokes are told in the model's own order: %s", error)
            return by_score

    def voted(self, joke_id: int) -> None:
        """A vote on a joke, or whether it teaches, has changed."""
        self._changed.add(joke_id)
        self._news.set()

    def start_over(self) -> None:
        """Votes of many jokes may have changed, or features have been read."""
        self._all = True
        self._news.set()

    async def learn(self) -> None:
        """Learn from votes as they come, until cancelled."""
        while True:
            await self._news.wait()
            try:
                await self.catch_up()
            except StoreUnavailable as error:
                _log.warning("What was voted is learned later: %s", error)
                await asyncio.sleep(_PATIENCE_SECONDS)
            except ValueError:
                _log.exception("What was voted cannot be learned.")
            await asyncio.sleep(_BREATH_SECONDS)

    async def catch_up(self) -> None:
        """Learn from the votes there are now. Raises `StoreUnavailable`, and may be tried again."""
        self._news.clear()
        changed, self._changed = self._changed, set()
        outdated, self._outdated = self._outdated, set()
        everything, self._all = self._all, False
        try:
            if everything:
                for version in list(self._versions.values()):
                    await version.start_over()
            if changed or outdated:
                communities = await self._tastes.communities(changed) | outdated
                for version in list(self._versions.values()):
                    await version.relearn(communities)
        except StoreUnavailable:
            self._changed |= changed
            self._outdated |= outdated
            self._all |= everything
            self._news.set()
            raise

    async def _order(self, community: Community, version: VersionTaste, seed: int) -> Order:
        basis = await version.basis()
        head = None if basis is None else await version.head(community)
        if basis is None or head is None or head.belief is None:
            return by_score
        if version.outdated(head):
            self._outdated.add(community)
            self._news.set()
        return partial(
            _by_taste,
            basis=basis,
            belief=head.belief,
            exploration=self._rules.exploration,
            seed=seed,
        )

    def _of(self, version: str) -> VersionTaste:
        if version not in self._versions:
            if len(self._versions) >= _VERSIONS:
                self._versions.pop(next(iter(self._versions)))
            self._versions[version] = VersionTaste(
                version=version, tastes=self._tastes, rules=self._rules
            )
        return self._versions[version]


def _by_taste(
    choices: Sequence[Choice], *, basis: Basis, belief: Belief, exploration: float, seed: int
) -> Sequence[Choice]:
    """Choices of which some have no place have the model's order, and so has one alone."""
    if len(choices) <= 1:
        return choices
    try:
        places = [basis.place(choice.text, choice.features) for choice in choices]
    except ValueError as error:
        _log.warning("Jokes are told in the model's own order: %s", error)
        return by_score(choices)
    known = [place for place in places if place is not None]
    if len(known) < len(choices):
        return by_score(choices)
    return ranked(choices, known, belief=belief, exploration=exploration, seed=seed)
