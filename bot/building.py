"""Makes the rooms behind the front-ends as the settings say."""

import logging
import sys
from functools import partial

from bot.communities import (
    Audience,
    Communities,
    CommunityDefaults,
    CommunitySettings,
    VoteStyle,
)
from bot.core import Core
from bot.generation.berths import Berths
from bot.generation.cluster.building import ServedOnCluster
from bot.generation.connection import Connect
from bot.generation.fleet import Fleet
from bot.generation.pool import WorkerPool
from bot.generation.process import WorkerProcess
from bot.generation.protocol import Sampling
from bot.generation.queue import LineLimits
from bot.generation.server.building import ServedElsewhere
from bot.generation.supervisor import SupervisionLimits
from bot.languages import Languages
from bot.learning import Learner
from bot.learning.pruning import Pruning
from bot.learning.roster import Roster
from bot.making import JokeMaker, TellingPolicy
from bot.measures import Measures
from bot.model import ServedModel
from bot.pausing import Pause
from bot.quotas import QuotaLimits
from bot.selecting import Selectors
from bot.service import JokeService
from bot.settings import Settings
from bot.shelf.shelf import Shelf
from bot.store.store import SqlStore
from bot.taste.taste import Taste
from bot.traffic import Traffic
from bot.versions import VersionFinder, models_directory
from finetune.moderation import Tier

__all__ = ["build_core", "build_fleet", "build_pool", "build_roster", "telling_policy"]

_worker_log = logging.getLogger("punchline.worker")


def build_pool(
    settings: Settings, model: ServedModel, *, measures: Measures | None = None
) -> WorkerPool:
    """The line and the worker process, not started yet."""
    generation = settings.generation
    command = (
        *(sys.executable, "-m", "bot.generation.worker"),
        *("--model", str(model.directory), "--name", model.name),
        *(("--base", str(model.base_directory)) if model.base_directory else ()),
        *("--device", generation.device, "--dtype", generation.dtype),
        *("--threads", str(generation.threads), "--slots", str(generation.slots)),
        *("--steps", str(settings.model.cache_directory / "steps")),
        *(("--verbose",) if _worker_log.isEnabledFor(logging.DEBUG) else ()),
    )
    connect = partial(WorkerProcess.start, command)
    return _pool(settings, connect, slots=generation.slots, measures=measures)


def _pool(
    settings: Settings, connect: Connect, *, slots: int, measures: Measures | None
) -> WorkerPool:
    generation, queue = settings.generation, settings.queue
    return WorkerPool(
        connect=connect,
        limits=SupervisionLimits(
            heartbeat_seconds=generation.heartbeat_seconds,
            start_seconds=generation.start_seconds,
        ),
        line=LineLimits(
            capacity=queue.capacity,
            per_community=queue.per_community,
            per_member=queue.per_member,
        ),
        slots=slots,
        attempts=generation.attempts,
        measures=measures,
    )


def build_fleet(
    settings: Settings, *, finder: VersionFinder, selectors: Selectors, measures: Measures
) -> Fleet:
    """Every version that serves, not started yet."""
    if settings.generation.where == "here":
        build = partial(build_pool, settings, measures=measures)
        return Fleet(berths=Berths(locate=finder, build=build, selectors=selectors))
    elsewhere: ServedElsewhere | ServedOnCluster = (
        ServedOnCluster(settings=settings)
        if settings.generation.where == "ray"
        else ServedElsewhere(settings=settings, origin=finder.origin.name)
    )
    return Fleet(
        berths=Berths(
            locate=finder,
            build=lambda model: _pool(
                settings, elsewhere.connect(model), slots=elsewhere.slots, measures=measures
            ),
            selectors=selectors,
            forget=elsewhere.forget,
        )
    )


def build_roster(
    settings: Settings, *, store: SqlStore, fleet: Fleet, finder: VersionFinder
) -> Roster:
    """What decides which versions the fleet serves."""
    versions = store.model_versions
    return Roster(
        versions=versions,
        fleet=fleet,
        finder=finder,
        pruning=Pruning(
            versions=versions,
            models=models_directory(settings),
            keep=settings.training.keep_versions,
        ),
        share=settings.trial.share,
    )


def _communities(settings: Settings, store: SqlStore, taste: Taste | None) -> Communities:
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
        moved=taste.start_over if taste else None,
    )


def build_core(
    settings: Settings,
    *,
    store: SqlStore,
    fleet: Fleet,
    pause: Pause,
    learner: Learner,
    selectors: Selectors,
    taste: Taste | None = None,
    shelf: Shelf | None = None,
    traffic: Traffic | None = None,
    measures: Measures | None = None,
) -> Core:
    """Everything a front-end may call."""
    communities = _communities(settings, store, taste)
    return Core(
        jokes=_service(
            settings,
            store=store,
            maker=_maker(
                settings,
                store=store,
                fleet=fleet,
                selectors=selectors,
                communities=communities,
                taste=taste,
                shelf=shelf,
            ),
            communities=communities,
            pause=pause,
            taste=taste,
            traffic=traffic,
            measures=measures,
        ),
        communities=communities,
        records=store.records,
        learner=learner,
        pause=pause,
        languages=Languages.load(),
        serving=lambda: fleet.champion,
    )


def telling_policy(settings: Settings) -> TellingPolicy:
    """How jokes are made."""
    generation, moderation = settings.generation, settings.moderation
    return TellingPolicy(
        at_once=settings.queue.capacity + settings.jokes_at_once,
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
    )


def _maker(
    settings: Settings,
    *,
    store: SqlStore,
    fleet: Fleet,
    selectors: Selectors,
    communities: Communities,
    taste: Taste | None,
    shelf: Shelf | None,
) -> JokeMaker:
    return JokeMaker(
        store=store,
        generator=fleet,
        selectors=selectors,
        communities=communities,
        policy=telling_policy(settings),
        taste=taste,
        shelf=shelf,
    )


def _service(
    settings: Settings,
    *,
    store: SqlStore,
    maker: JokeMaker,
    communities: Communities,
    pause: Pause,
    taste: Taste | None,
    traffic: Traffic | None,
    measures: Measures | None,
) -> JokeService:
    quota = settings.quota
    return JokeService(
        store=store,
        maker=maker,
        communities=communities,
        pause=pause,
        quotas=QuotaLimits(
            member_jokes=quota.member_jokes,
            community_jokes=quota.community_jokes,
            window_seconds=quota.window_seconds,
        ),
        flags_to_hide=settings.moderation.flags_to_hide,
        taste=taste,
        traffic=traffic,
        measures=measures,
    )
