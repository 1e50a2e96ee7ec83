"""What is counted while Punchline works; `bot.monitoring` shows it to whoever watches."""

from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.jokes import Answer, Joke, Reason

__all__ = ["Measures"]

_ANSWER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
_WAIT_SECONDS = (0.001, 0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
_WRITE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_TOLD = ("told", "shelf")
_FAILED = "failed"
_VOTES = {1: "up", -1: "down", 0: "withdrawn"}


class Measures:
    """Counters and histograms in a registry of their own; no label holds a member or a community.

    All methods belong to the event loop and cost some microseconds.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "punchline_requests",
            "Requests for a joke: told, shelf (told from the shelf), failed, or why there is none.",
            ("front", "outcome"),
            registry=registry,
        )
        answers = Histogram(
            "punchline_answer_seconds",
            "From a request to its joke, which is told (decoded for it) or from the shelf.",
            ("outcome",),
            buckets=_ANSWER_SECONDS,
            registry=registry,
        )
        self._waits = Histogram(
            "punchline_queue_wait_seconds",
            "How long requests stood in the line before a worker got them.",
            buckets=_WAIT_SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "punchline_decoded_tokens",
            "Tokens that workers drew, those of candidates that nobody heard included.",
            registry=registry,
        )
        self._steps = Counter(
            "punchline_decoding_steps",
            "Decoding steps of the workers; tokens by steps is the mean batch size.",
            registry=registry,
        )
        self._restarts = Counter(
            "punchline_worker_restarts",
            "Workers that died or were ended because they hung or broke, and were replaced.",
            registry=registry,
        )
        votes = Counter(
            "punchline_votes",
            "Votes set or withdrawn, by what the member's vote was afterwards.",
            ("value",),
            registry=registry,
        )
        self._flags = Counter(
            "punchline_flags", "Times that a joke was called offensive.", registry=registry
        )
        self._writes = Histogram(
            "punchline_store_write_seconds",
            "From a write to its commit in the database, waiting for others included.",
            buckets=_WRITE_SECONDS,
            registry=registry,
        )
        self._write_failures = Counter(
            "punchline_store_write_failures",
            "Writes that the database did not take, or not in time.",
            registry=registry,
        )
        self._lag = Histogram(
            "punchline_loop_lag_seconds",
            "How late the bot's event loop woke up, measured ten times a second.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        # Looked up once: that takes longer than counting. And a rate is there from the first on.
        self._votes = {value: votes.labels(name) for value, name in _VOTES.items()}
        self._answers = {outcome: answers.labels(outcome) for outcome in _TOLD}
        self._outcomes: dict[tuple[str, str], Counter] = {}

    def expect(self, fronts: Iterable[str]) -> None:
        """Show every outcome on these front-ends from now on, as 0.

        A rate would not see the first of a kind otherwise, and that may be the first failure.
        """
        for front, outcome in product(fronts, (*_TOLD, _FAILED, *Reason)):
            self._requests.labels(front, outcome)

    def answered(self, front: str, answer: Answer) -> None:
        """A request has got its answer."""
        if isinstance(answer, Joke):
            outcome = "shelf" if answer.shelved else "told"
            self._answers[outcome].observe(answer.seconds)
        else:
            outcome = answer.reason.value
        self._ended(front, outcome)

    def cancelled(self, front: str) -> None:
        """A request was given up."""
        self._ended(front, Reason.CANCELLED.value)

    def failed(self, front: str) -> None:
        """A request ended in an error of the program."""
        self._ended(front, _FAILED)

    def waited(self, seconds: float) -> None:
        """A request has left the line for a worker."""
        self._waits.observe(seconds)

    def decoded(self, *, steps: int, tokens: int) -> None:
        """A worker has decoded."""
        self._steps.inc(steps)
        self._tokens.inc(tokens)

    def restarted(self) -> None:
        """A worker is gone, and another takes its place."""
        self._restarts.inc()

    def voted(self, value: int) -> None:
        """A vote is on disk."""
        self._votes[value].inc()

    def flagged(self) -> None:
        """A flag is on disk."""
        self._flags.inc()

    def written(self, seconds: float) -> None:
        """A write is on disk."""
        self._writes.observe(seconds)

    def write_failed(self) -> None:
        """A write was not taken by the database."""
        self._write_failures.inc()

    def lagged(self, seconds: float) -> None:
        """The event loop woke up so much later than it was to."""
        self._lag.observe(seconds)

    def _ended(self, front: str, outcome: str) -> None:
        counter = self._outcomes.get((front, outcome))
        if counter is None:
            counter = self._outcomes[front, outcome] = self._requests.labels(front, outcome)
        counter.inc()
