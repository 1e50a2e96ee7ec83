"""The real service on in-memory ports."""

from bot.generation.port import Generator
from bot.generation.protocol import Sampling
from bot.quotas import QuotaLimits, Quotas
from bot.service import JokeService, TellingPolicy
from bot.store.port import Store
from finetune.candidates import Candidate
from finetune.moderation import Tier
from finetune.selection import Selector
from tests.twins.moderator import small_moderator

__all__ = ["ANY_NUMBER", "SAMPLING", "drawn", "service_on"]

SAMPLING = Sampling(temperature=0.9, top_k=0, top_p=0.95, max_tokens=64)
ANY_NUMBER = QuotaLimits(member_jokes=0, community_jokes=0, window_seconds=60)


def drawn(*texts: str, complete: bool = True) -> list[Candidate]:
    """Candidates with these texts, the first the likeliest."""
    return [
        Candidate(text=text, tokens=len(text.split()), score=-1.0 - place, complete=complete)
        for place, text in enumerate(texts)
    ]


def service_on(
    *,
    store: Store,
    generator: Generator,
    limits: QuotaLimits = ANY_NUMBER,
    rounds: int = 3,
    deadline_seconds: float = 30.0,
) -> JokeService:
    """A service that draws four candidates a round; topics have 20 characters, openings 40."""
    return JokeService(
        store=store,
        generator=generator,
        selector=Selector(moderator=small_moderator(), tier=Tier.FAMILY),
        quotas=Quotas(store=store, limits=limits),
        policy=TellingPolicy(
            at_once=1_000,
            sampling=SAMPLING,
            candidates=4,
            rounds=rounds,
            deadline_seconds=deadline_seconds,
            topic_characters=20,
            opening_characters=40,
        ),
    )
