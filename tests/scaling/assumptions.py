"""Everything that was not measured: habits, hardware, limits and prices, each with its source.

To ask "and if?", change a number here and run `make scaling`.
"""

from dataclasses import dataclass, field

__all__ = ["GPUS", "LIMITS", "PRICES", "STATED", "Gpu", "Habits", "Limits", "Prices", "Stated"]


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What communities do. None of it is measured: Punchline has no such audience to look at."""

    active_members: float = 20.0
    """Members of a community who use the bot, on average; sizes are log-normal."""
    size_spread: float = 1.5
    """Standard deviation of the logarithm of sizes: the busiest 1 % are a fifth of everything."""
    jokes_a_member: float = 0.5
    """Jokes an active member asks for in a day, provoked ones included."""
    provoked: float = 0.4
    """Further jokes that one joke provokes in its community, on average (a Hawkes process)."""
    provoked_after_seconds: float = 30.0
    """They come after this long on average, exponentially distributed."""
    without_topic: float = 0.5
    """Share of requests without topic and opening, which the shelf can answer."""
    votes_a_joke: float = 4.0
    on_discord: float = 0.7
    """Share of communities that are Discord guilds; the others are Telegram chats."""
    hours: tuple[float, ...] = (
        *(0.45, 0.30, 0.20, 0.15, 0.12, 0.15, 0.25, 0.45, 0.70, 0.85, 0.95, 1.05),
        *(1.20, 1.15, 1.10, 1.15, 1.25, 1.40, 1.60, 1.85, 2.00, 1.90, 1.50, 0.90),
    )
    """How busy each hour of the day is: one region of the world, which is the worst case."""

    @property
    def jokes_a_community(self) -> float:
        """Requests of a community in a day, on average."""
        return self.active_members * self.jokes_a_member

    @property
    def peak(self) -> float:
        """How much busier the busiest hour is than the average one."""
        return max(self.hours) * len(self.hours) / sum(self.hours)

    def requests_a_second(self, communities: int, *, peak: bool) -> float:
        """Requests a second of so many communities, in the peak hour or on average."""
        average = communities * self.jokes_a_community / 86_400
        return average * self.peak if peak else average


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU by its data sheet: memory bandwidth in bytes a second, bfloat16 operations a second.

    `dollars` is the price of an hour.
    """

    name: str
    bandwidth: float
    operations: float
    dollars: float


GPUS = (
    Gpu(name="L4", bandwidth=300e9, operations=121e12, dollars=0.8),
    Gpu(name="A100", bandwidth=2_039e9, operations=312e12, dollars=2.5),
    Gpu(name="H100", bandwidth=3_350e9, operations=989e12, dollars=4.5),
)


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What is assumed of programs and machines."""

    gpu_efficiency: float = 0.5
    """Share of a data sheet's bandwidth and operations that decoding really gets."""
    gpu_step_seconds: float = 0.005
    """What a step costs beside reading memory: Python, and the start of some hundred kernels."""
    gpu_slots: int = 128
    """`generation.slots` on a GPU."""
    gpu_model_weights: float = 355e6
    """GPT-2 medium."""
    gpu_model_layers: int = 24
    gpu_model_width: int = 1024
    prompt_tokens: int = 12
    process_load: float = 0.5
    """A bot process is given no more than this share of the jokes a second that it could tell."""
    guilds_a_process: float = 50_000.0
    """20 shards; what discord.py remembers of guilds takes memory, which nobody has measured."""
    postgresql_jokes_a_second: float | None = None
    """What PostgreSQL takes from all bot processes together; None while nobody has measured it."""


STATED = Stated()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the platforms allow; see the sources in docs/scaling.md."""

    guilds_a_shard: int = 2_500
    identify_seconds: float = 5.0
    """One gateway connection may be opened in this time, times `max_concurrency`."""
    large_bot_guilds: int = 150_000
    """From here on Discord gives a larger `max_concurrency`; 16 is what it names first."""
    large_bot_concurrency: int = 16
    discord_requests_a_second: float = 50.0
    """REST requests of one bot. Answers to interactions do not count; reactions and edits do."""
    telegram_messages_a_second: float = 30.0
    telegram_paid_messages_a_second: float = 1_000.0
    discord_requests_a_joke: float = 2.0
    """The two reactions under a joke where `community.vote_style` is "both"."""
    telegram_messages_a_joke: float = 1.0


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Prices:
    """List prices in US dollars, without tax, discounts, traffic and people."""

    worker_hour: float = 0.134
    """4 virtual processors (2 cores) with AVX-512 VNNI."""
    process_hour: float = 0.134
    """A bot process on such a machine of its own; the first shares the worker's."""
    database_hour: float = 0.065
    """db.t4g.medium: 2 virtual processors, 4 GiB."""
    gigabyte_month: float = 0.115
    hours: float = 730.0
    """Of a month."""
    gpus: tuple[Gpu, ...] = field(default=GPUS)


PRICES = Prices()
