"""Makes the rooms behind the front-ends as the settings say."""

import sys

from bot.communities import (
    Audience,
    Communities,
    CommunityDefaults,
    CommunitySettings,
    VoteStyle,
)
from bot.core import Core
from bot.generation.pool import WorkerPool
from bot.generation.protocol import Sampling
from bot.generation.queue import LineLimits
from bot.generation.supervisor import SupervisionLimits
from bot.languages import Languages
from bot.learning import ServingLearner
from bot.making import JokeMaker, TellingPolicy
from bot.model import ServedModel
from bot.pausing import Pause
from bot.quotas import QuotaLimits, Quotas
from bot.service import JokeService
from bot.settings import Settings
from bot.store.store import SqlStore
from finetune.moderation import Moderator, Tier
from finetune.selection import Selector

__all__ = ["build_core", "build_pool", "load_selectors"]


def build_pool(settings: Settings, model: ServedModel) -> WorkerPool:
    """The line and the worker process, not started yet."""
    generation, queue = settings.generation, settings.queue
    return WorkerPool(
        command=(
            *(sys.executable, "-m", "bot.generation.worker"),
            *("--model", str(model.directory), "--name", model.name),
            *(("--base", str(model.base_directory)) if model.base_directory else ()),
            *("--device", generation.device, "--dtype", generation.dtype),
            *("--threads", str(generation.threads), "--slots", str(generation.slots)),
        ),
        limits=SupervisionLimits(
            heartbeat_seconds=generation.heartbeat_seconds,
            start_seconds=generation.start_seconds,
        ),
        line=LineLimits(
            capacity=queue.capacity,
            per_community=queue.per_community,
            per_member=queue.per_member,
        ),
        slots=generation.slots,
        attempts=generation.attempts,
    )


def load_selectors(model: ServedModel) -> dict[Tier, Selector]:
    """What decides which jokes are fit for each tier.

    Takes more than a second. Raises `BrokenVersionError`.
    """
    moderator, novelty = Moderator.load(), model.novelty()
    return {tier: Selector(moderator=moderator, tier=tier, novelty=novelty) for tier in Tier}


def _communities(settings: Settings, store: SqlStore) -> Communities:
    community, moderation = settings.community, settings.moderation
    return Communities(
        records=store.records,
        defaults=CommunityDefaults(
            settings=CommunitySettings(
                tier=Tier(moderation.tier),
                daily_jokes=community.daily_jokes,
                audience=Audience.EVERYONE,
                vote_style=VoteStyle(community.vote_style),
                language="" if community.language == "auto" else community.language,
            ),
            boldest_tier=Tier(moderation.boldest_tier),
        ),
    )


def build_core(
    settings: Settings,
    *,
    store: SqlStore,
    pool: WorkerPool,
    pause: Pause,
    model: ServedModel,
    selectors: dict[Tier, Selector],
) -> Core:
    """Everything a front-end may call."""
    communities = _communities(settings, store)
    return Core(
        jokes=_service(
            settings,
            store=store,
            maker=_maker(settings, store, pool, selectors, communities),
            communities=communities,
            pause=pause,
        ),
        communities=communities,
        records=store.records,
        learner=ServingLearner(store=store, version=model.name),
        pause=pause,
        languages=Languages.load(),
        model_version=model.name,
    )


def _maker(
    settings: Settings,
    store: SqlStore,
    pool: WorkerPool,
    selectors: dict[Tier, Selector],
    communities: Communities,
) -> JokeMaker:
    generation, moderation = settings.generation, settings.moderation
    return JokeMaker(
        store=store,
        generator=pool,
        selectors=selectors,
        communities=communities,
        policy=TellingPolicy(
            at_once=settings.queue.capacity + generation.jokes_at_once,
            sampling=Sampling(
                temperature=generation.temperature,
                top_k=generation.top_k,
                top_p=generation.top_p,
                max_tokens=generation.max_tokens,
            ),
            candidates=generation.candidates,
            rounds=generation.rounds,
            deadline_seconds=settings.queue.deadline_seconds,
            topic_characters=moderation.topic_characters,
            opening_characters=moderation.opening_characters,
        ),
    )


def _service(
    settings: Settings,
    *,
    store: SqlStore,
    maker: JokeMaker,
    communities: Communities,
    pause: Pause,
) -> JokeService:
    quota = settings.quota
    return JokeService(
        store=store,
        maker=maker,
        communities=communities,
        pause=pause,
        quotas=Quotas(
            store=store,
            limits=QuotaLimits(
                member_jokes=quota.member_jokes,
                community_jokes=quota.community_jokes,
                window_seconds=quota.window_seconds,
            ),
        ),
        flags_to_hide=settings.moderation.flags_to_hide,
    )
