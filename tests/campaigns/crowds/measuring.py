"""Looks at what a crowd hears now, and at what the taste model knows of it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.app import App
from bot.jokes import Joke
from bot.taste.heads import TasteRules
from bot.taste.version import VersionTaste
from finetune.gate.ranking import weighted_auc
from tests.campaigns.crowds.audience import COMMUNITY, Audience
from tests.campaigns.crowds.figures import Shares

__all__ = ["Measure"]

_SEED = 1


class Measure:
    """Measures one model version with `jokes` told and as many raw; nobody votes on any of them.

    The raw ones are drawn once, because no vote changes them; the taste model is judged by them
    again and again.
    """

    def __init__(self, *, app: App, audience: Audience, jokes: int) -> None:
        self._app = app
        self._audience = audience
        self._jokes = jokes
        self._raw: Sequence[Joke] = ()

    async def shares(self) -> Shares:
        """The shares as they are now."""
        audience = self._audience
        if not self._raw:
            self._raw = await audience.draw(self._jokes)
        told = await audience.hear(self._jokes)
        shares = Shares.of(
            audience.votes,
            told=[audience.fits(joke) for joke in told],
            freely=[audience.fits(joke) for joke in told if joke.topic is None],
            raw=[audience.fits(joke) for joke in self._raw],
        )
        return await self._with_ranking(shares)

    async def _with_ranking(self, shares: Shares) -> Shares:
        scores = await self._scores()
        known = [joke for joke in self._raw if joke.id in scores]
        if not known:
            return shares
        ranks = np.array([scores[joke.id] for joke in known])
        votes, fits = (
            np.array([judge(joke) for joke in known], dtype=float)
            for judge in (lambda joke: self._audience.ballot(joke) > 0, self._audience.fits)
        )
        return replace(
            shares,
            auc=weighted_auc(ranks, votes, 1 - votes, seed=_SEED),
            auc_rule=weighted_auc(ranks, fits, 1 - fits, seed=_SEED),
        )

    async def _scores(self) -> dict[int, float]:
        """How well the community likes the raw jokes, by number, as far as votes tell."""
        taste, learning = self._app.settings.taste, self._app.settings.learning
        version, tastes = self._app.core.serving(), self._app.store.tastes
        rules = TasteRules(
            votes=taste.votes,
            member_share=learning.member_share,
            clique_share=learning.clique_share,
            exploration=taste.exploration,
        )
        eyes = VersionTaste(version=version, tastes=tastes, rules=rules)
        basis, head = await eyes.basis(), await eyes.head(COMMUNITY)
        if basis is None or head is None or head.belief is None:
            return {}
        read = await tastes.features(version, [joke.id for joke in self._raw])
        places = {number: basis.place(joke.text, joke.features) for number, joke in read.items()}
        mean = head.belief.mean
        return {
            number: float(place @ mean) for number, place in places.items() if place is not None
        }
