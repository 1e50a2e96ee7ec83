"""The real service on in-memory ports."""

from bot.communities import (
    Audience,
    Communities,
    CommunityDefaults,
    CommunitySettings,
    VoteStyle,
)
from bot.generation.port import Generator
from bot.generation.protocol import Sampling
from bot.making import JokeMaker, TellingPolicy
from bot.measures import Measures
from bot.pausing import Pause
from bot.quotas import QuotaLimits
from bot.selecting import Selectors
from bot.service import JokeService
from bot.shelf.shelf import Shelf
from bot.store.record_port import Records
from bot.taste.taste import Taste
from bot.traffic import Traffic
from finetune.candidates import Candidate
from finetune.moderation import Tier
from tests.twins.moderator import small_moderator
from tests.twins.store import MemoryStore

__all__ = ["ANY_NUMBER", "SAMPLING", "communities_on", "drawn", "service_on"]

SAMPLING = Sampling(temperature=0.9, top_k=0, top_p=0.95, max_tokens=64)
ANY_NUMBER = QuotaLimits(member_jokes=0, community_jokes=0, window_seconds=60)


def drawn(*texts: str, complete: bool = True) -> list[Candidate]:
    """Candidates with these texts, the first the likeliest."""
    return [
        Candidate(text=text, tokens=len(text.split()), score=-1.0 - place, complete=complete)
        for place, text in enumerate(texts)
    ]


def communities_on(records: Records) -> Communities:
    """Communities where the family tier holds until somebody chooses another."""
    return Communities(
        records=records,
        defaults=CommunityDefaults(
            settings=CommunitySettings(
                tier=Tier.FAMILY,
                daily_jokes=0,
                audience=Audience.EVERYONE,
                vote_style=VoteStyle.BOTH,
                language="",
            ),
            boldest_tier=Tier.ADULT,
        ),
    )


def service_on(
    *,
    store: MemoryStore,
    generator: Generator,
    limits: QuotaLimits = ANY_NUMBER,
    rounds: int = 3,
    deadline_seconds: float = 30.0,
    pause: Pause | None = None,
    communities: Communities | None = None,
    taste: Taste | None = None,
    shelf: Shelf | None = None,
    traffic: Traffic | None = None,
    measures: Measures | None = None,
) -> JokeService:
    """A service that draws four candidates a round; topics have 20 characters, openings 40.

    Two members who find a joke offensive hide it.
    """
    records = store.records
    known = communities or communities_on(records)
    return JokeService(
        store=store,
        maker=JokeMaker(
            store=store,
            generator=generator,
            selectors=Selectors(moderator=small_moderator()),
            communities=known,
            policy=TellingPolicy(
                at_once=1_000,
                sampling=SAMPLING,
                candidates=4,
                rounds=rounds,
                deadline_seconds=deadline_seconds,
                topic_characters=20,
                opening_characters=40,
            ),
            taste=taste,
            shelf=shelf,
        ),
        communities=known,
        pause=pause or Pause(records=records),
        quotas=limits,
        flags_to_hide=2,
        taste=taste,
        traffic=traffic,
        measures=measures,
    )
