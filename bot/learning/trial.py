"""The decision of a trial: whether members' votes say that the challenger is better."""

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from bot.generation.live import Faults
from bot.learning.rates import Beta, chances_above, probability_better
from bot.settings import TrialSettings
from bot.store.version_port import TrialVotes

__all__ = [
    "Decision",
    "Outcome",
    "common_belief",
    "decide",
    "too_faulty",
    "too_often_reported",
    "vote_rate",
]

# Reports and faults are looked at again and again, so one look has to be sure.
_SURE = 0.99
_FEWEST_REPORTED = 3
_FEWEST_FAULTS = 5
_BEARABLE_FAULTS = 0.1


class Outcome(StrEnum):
    """What is to become of the challenger."""

    CONTINUE = "continue"
    PROMOTE = "promote"
    RETIRE = "retire"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """An outcome, how probably the challenger is better, and why, in an English sentence."""

    outcome: Outcome
    probability: float
    why: str


def vote_rate(votes: TrialVotes, *, belief: Beta | None = None) -> Beta:
    """How many members like a version's jokes: one vote each, divided as they voted.

    `belief` is what was held before there were votes, by default nothing.
    """
    ballots = _ballots(votes)
    liked = sum(ballots)
    return (belief or Beta()).having_seen(liked, len(ballots) - liked)


def common_belief(champion: TrialVotes, challenger: TrialVotes, *, members: float) -> Beta:
    """What is held of both versions at first: as if so many members had liked both alike.

    A new version is mostly about as good as its parent. To hold nothing would be to expect large
    differences, and whoever looks after every vote soon finds one.
    """
    ballots = _ballots(champion) + _ballots(challenger)
    liked = sum(ballots)
    mean = Beta().having_seen(liked, len(ballots) - liked).mean
    return Beta().having_seen(members * mean, members * (1 - mean))


def decide(
    champion: TrialVotes,
    challenger: TrialVotes,
    *,
    elapsed: timedelta,
    faults: Faults,
    champion_faults: Faults | None = None,
    rules: TrialSettings,
) -> Decision:
    """What is to become of the challenger, by its faults, its reported jokes, its votes, the time.

    It may be asked after every vote: at least `rules.minimum_votes` members have to vote on both,
    and as many are assumed to have liked both alike before. docs/trials.md tells how often this is
    wrong.
    """
    needed = rules.minimum_votes
    belief = common_belief(champion, challenger, members=needed)
    probability = probability_better(
        vote_rate(challenger, belief=belief), vote_rate(champion, belief=belief)
    )
    enough = min(len(_ballots(champion)), len(_ballots(challenger))) >= needed
    rates = f"{_liked(challenger)} members liked its jokes, {_liked(champion)} the champion's."
    why = too_faulty(faults, champion_faults) or too_often_reported(champion, challenger)
    if why:
        outcome = Outcome.RETIRE
    elif enough and probability >= rules.promote_at:
        outcome = Outcome.PROMOTE
        why = f"The challenger is better with {_percent(probability)} certainty: {rates}"
    elif enough and probability <= rules.retire_at:
        outcome = Outcome.RETIRE
        why = f"The challenger is worse with {_percent(1 - probability)} certainty: {rates}"
    elif elapsed >= timedelta(days=rules.days):
        outcome = Outcome.RETIRE
        why = f"The {rules.days:g} days are over without a winner, so the champion stays: {rates}"
    elif enough:
        outcome = Outcome.CONTINUE
        why = f"The challenger is better with {_percent(probability)} certainty so far: {rates}"
    else:
        outcome = Outcome.CONTINUE
        why = f"Both need the votes of {needed} members: {rates}"
    return Decision(outcome=outcome, probability=probability, why=why)


def too_faulty(faults: Faults, usual: Faults | None = None) -> str:
    """Why the challenger has failed too many requests, or nothing.

    Too many are at least 5 of which it is 99 % certain that they are more than every tenth; and,
    if it is known what is `usual` for the champion, more than those.
    """
    failed, asked = faults.errors + faults.empty, _asked(faults)
    if failed < _FEWEST_FAULTS:
        return ""
    rate = _fault_rate(faults)
    if chances_above(np.array([[rate.alpha, rate.beta]]), _BEARABLE_FAULTS)[0] < _SURE:
        return ""
    # What is hard for both, say a community that has heard everything, is nobody's fault.
    if usual is not None and _asked(usual) and probability_better(rate, _fault_rate(usual)) < _SURE:
        return ""
    return (
        f"The challenger failed {failed} of {asked} requests"
        f" ({faults.errors} by an error, {faults.empty} without a joke)."
    )


def too_often_reported(champion: TrialVotes, challenger: TrialVotes) -> str:
    """Why the challenger's jokes are reported too often, or nothing.

    Too often is at least 3 jokes, with 99 % certainty a larger share than of the champion's.
    """
    if challenger.flagged < _FEWEST_REPORTED:
        return ""
    ours, theirs = (
        Beta().having_seen(votes.flagged, max(0, votes.jokes - votes.flagged))
        for votes in (challenger, champion)
    )
    if probability_better(ours, theirs) < _SURE:
        return ""
    return (
        f"Members reported {challenger.flagged} of the challenger's {challenger.jokes} jokes"
        f" and {champion.flagged} of the champion's {champion.jokes}."
    )


def _ballots(votes: TrialVotes) -> list[float]:
    """The share of upvotes of each member who voted."""
    return [up / (up + down) for up, down in votes.members if up + down]


def _asked(faults: Faults) -> int:
    """All requests; one that ended without a joke may be among the answered ones as well.

    Then the share of faults looks smaller than it is, and never larger.
    """
    return faults.answered + faults.errors + faults.empty


def _fault_rate(faults: Faults) -> Beta:
    return Beta().having_seen(faults.errors + faults.empty, faults.answered)


def _liked(votes: TrialVotes) -> str:
    ballots = _ballots(votes)
    share = sum(ballots) / len(ballots) if ballots else 0.0
    return f"{share:.0%} of {len(ballots)}".replace("%", " %")


def _percent(probability: float) -> str:
    """Rounded towards less, because what is nearly enough must not look like enough."""
    return f"{math.floor(1000 * probability) / 10:.1f} %"
