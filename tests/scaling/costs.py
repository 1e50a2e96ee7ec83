"""What follows from a load for database, platforms and purse, and where each part is full."""

import math
from dataclasses import dataclass

from bot.settings.sections import ShelfSettings
from tests.scaling.assumptions import Habits, Limits, Prices, Stated
from tests.scaling.measured import StoredBytes

__all__ = [
    "SQLITE_JOKES_A_SECOND",
    "SQLITE_VOTES_A_SECOND",
    "Ceiling",
    "Platforms",
    "Purse",
    "Rows",
    "ceilings",
    "platforms",
    "purse",
    "rows",
]

SQLITE_JOKES_A_SECOND = 456.0
SQLITE_VOTES_A_SECOND = 8_642.0
"""docs/performance.md, 32 members at once; one bot process with moderation, choice and SQLite."""

_DAYS = 365
_SECONDS = 86_400
_DISK_GIGABYTES = 100.0
_ROWS_OF_A_JOKE = 3
"""The joke, the message that shows it, and what the model makes of it."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What the database gets; rates in the peak hour."""

    jokes_a_second: float
    votes_a_second: float
    rows_a_year: float
    gigabytes_a_year: float


def rows(habits: Habits, stored: StoredBytes, *, communities: int) -> Rows:
    """Of so many communities."""
    peak = habits.requests_a_second(communities, peak=True)
    year = habits.requests_a_second(communities, peak=False) * _SECONDS * _DAYS
    return Rows(
        jokes_a_second=peak,
        votes_a_second=peak * habits.votes_a_joke,
        rows_a_year=year * (_ROWS_OF_A_JOKE + habits.votes_a_joke),
        gigabytes_a_year=year * (stored.joke + habits.votes_a_joke * stored.vote) / 1e9,
    )


@dataclass(frozen=True, kw_only=True)
class Platforms:
    """What the platforms see; requests and messages a second in the peak hour."""

    shards: int
    start_seconds: float
    discord_requests: float
    telegram_messages: float


def platforms(habits: Habits, limits: Limits, *, communities: int) -> Platforms:
    """Of so many communities."""
    guilds = communities * habits.on_discord
    shards = math.ceil(guilds / limits.guilds_a_shard)
    large = guilds >= limits.large_bot_guilds
    together = limits.large_bot_concurrency if large else 1
    peak = habits.requests_a_second(communities, peak=True)
    return Platforms(
        shards=shards,
        start_seconds=math.ceil(shards / together) * limits.identify_seconds,
        discord_requests=peak * habits.on_discord * limits.discord_requests_a_joke,
        telegram_messages=peak * (1 - habits.on_discord) * limits.telegram_messages_a_joke,
    )


@dataclass(frozen=True, kw_only=True)
class Purse:
    """US dollars a month; `processes` are bot processes."""

    processes: int
    generation: float
    bots: float
    database: float

    @property
    def total(self) -> float:
        return self.generation + self.bots + self.database


def purse(
    load: Rows,
    prices: Prices,
    stated: Stated,
    *,
    guilds: float,
    workers: int,
    hour: float,
    local: bool,
) -> Purse:
    """Workers at `hour` dollars, bot processes, and a database that is a year old.

    `local`: the first worker shares its machine with the only bot process and SQLite.
    """
    most = SQLITE_JOKES_A_SECOND * stated.process_load
    needed = max(load.jokes_a_second / most, guilds / stated.guilds_a_process)
    processes = max(1, math.ceil(needed))
    alone = local and workers == 1 and processes == 1
    return Purse(
        processes=processes,
        generation=workers * hour * prices.hours,
        bots=0.0 if alone else processes * prices.process_hour * prices.hours,
        database=(0.0 if alone else prices.database_hour * prices.hours)
        + load.gigabytes_a_year * prices.gigabyte_month,
    )


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """A part that is full at so many communities in the peak hour, and what to change then."""

    part: str
    communities: float
    change: str


def ceilings(
    habits: Habits,
    stated: Stated,
    limits: Limits,
    *,
    stored: StoredBytes,
    workers: dict[str, float],
) -> list[Ceiling]:
    """All parts, the first to be full first; `workers` are requests a second one of each bears."""
    each = habits.requests_a_second(1, peak=True)
    discord, telegram = habits.on_discord, 1 - habits.on_discord
    cpu, *_ = workers
    votes = each * habits.votes_a_joke
    found = [
        Ceiling(
            part="the shelf: it is refilled after five quiet seconds",
            communities=1 / (each * ShelfSettings().quiet_seconds),
            change="nothing: it serves the quiet hours; workers must not count on it",
        ),
        Ceiling(
            part="one Discord connection",
            communities=limits.guilds_a_shard / discord,
            change="`discord.sharded = true`, still in one process",
        ),
        Ceiling(
            part=f"one worker, {cpu}",
            communities=workers[cpu] / each,
            change="more workers (Ray), or a GPU with `generation.slots = "
            f"{stated.gpu_slots}`; `queue.capacity` grows with them",
        ),
        Ceiling(
            part="Discord: 50 requests a second, two reactions a joke",
            communities=limits.discord_requests_a_second
            / (each * discord * limits.discord_requests_a_joke),
            change='`community.vote_style = "buttons"`: answers to interactions do not count',
        ),
        Ceiling(
            part="Telegram: 30 messages a second",
            communities=limits.telegram_messages_a_second
            / (each * telegram * limits.telegram_messages_a_joke),
            change="paid broadcasts (1,000 a second), or several bots that share the chats",
        ),
        Ceiling(
            part="one bot process: 50,000 guilds (assumed)",
            communities=stated.guilds_a_process / discord,
            change="PostgreSQL (`store.url`), and several bot processes, each with its shards",
        ),
        Ceiling(
            part="a disk: 100 GB more a year",
            communities=_DISK_GIGABYTES / rows(habits, stored, communities=1).gigabytes_a_year,
            change="a larger disk; PostgreSQL where a copy of one file takes too long",
        ),
        Ceiling(
            part="one bot process on SQLite: jokes",
            communities=SQLITE_JOKES_A_SECOND / each,
            change="the same as for guilds",
        ),
        Ceiling(
            part="one bot process on SQLite: votes",
            communities=SQLITE_VOTES_A_SECOND / votes,
            change="the same; jokes are full long before",
        ),
    ]
    if stated.postgresql_jokes_a_second is not None:
        found.append(
            Ceiling(
                part="PostgreSQL, all bot processes together: jokes",
                communities=stated.postgresql_jokes_a_second / each,
                change="a larger database server",
            )
        )
    found += [
        Ceiling(
            part=f"one {name} with GPT-2 medium (assumed)",
            communities=rate / each,
            change="another one (Ray)",
        )
        for name, rate in workers.items()
        if name != cpu
    ]
    return sorted(found, key=lambda ceiling: ceiling.communities)
