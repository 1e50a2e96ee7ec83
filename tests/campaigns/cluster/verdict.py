"""What members saw, compared with what the database has: the promises, and which were broken."""

from collections.abc import Sequence

from tests.bench.measure import percentile
from tests.campaigns.cluster.bots import Bots
from tests.campaigns.cluster.kept import Kept
from tests.campaigns.cluster.ledger import Fate, Ledger, Request
from tests.campaigns.cluster.plan import Plan
from tests.campaigns.cluster.timeline import Event, Second
from tests.campaigns.outcome import Outcome

__all__ = ["course_of_replicas", "outcome_of", "pauses", "recovered", "unanswered"]


def outcome_of(
    *,
    plan: Plan,
    ledger: Ledger,
    answered_twice: int,
    kept: Kept,
    bots: Bots,
    statuses: Sequence[int],
    seconds: Sequence[Second],
    events: Sequence[Event],
) -> Outcome:
    """Every promise, from what was seen outside and what is on disk."""
    states, fates = kept.states(), ledger.fates()
    lost = ledger.lost(kept.votes(ledger.votes))
    doubled = max(ledger.doubled(), kept.doubled())
    owed, cut_off, ignored = unanswered(ledger.requests, written=kept.origins(), bots=bots)
    replicas = course_of_replicas(seconds)
    broken = {
        f"{len(lost)} acknowledged votes are lost.": bool(lost),
        f"{doubled} jokes were told twice in a community.": doubled > 0,
        f"{answered_twice} requests were answered twice.": answered_twice > 0,
        f"{len(owed)} accepted requests were never answered.": bool(owed),
        f"{len(ignored)} requests were not accepted by a bot that ran.": bool(ignored),
        f"{states['pending']} requests are still pending.": states["pending"] > 0,
        f"Replicas went {_arrows(replicas)}.": not _grew_and_shrank(replicas),
        f"SIGTERM ended the bots with {list(statuses)}.": any(statuses),
        f"Only {ledger.told:,} jokes were told.": ledger.told < plan.jokes,
        f"Only {ledger.presses:,} votes were acknowledged.": ledger.presses < plan.votes,
    }
    waits = [each.seconds for each in ledger.requests if each.fate is Fate.TOLD]
    answered = fates[Fate.TOLD] + fates[Fate.APOLOGISED]
    accepted = answered + len(owed)
    while_away = fates[Fate.UNREACHED] - len(ignored)
    took = seconds[-1].second + 1
    return Outcome(
        what="accepted requests answered or apologised to",
        attempted=accepted,
        survived=answered,
        figures={
            "requests": f"{ledger.told:,} jokes, {fates[Fate.APOLOGISED]:,} apologies, "
            f"{len(cut_off)} cut off before a killed bot had written them down, "
            f"{while_away} not accepted while a bot was away",
            "under way when their bot was killed": f"{recovered(ledger.requests, bots=bots)} "
            "answered by the next",
            "waited": f"p50 {percentile(waits, 50):.1f} s, p95 {percentile(waits, 95):.1f} s, "
            f"worst {max(waits):.1f} s",
            "votes": f"{ledger.presses:,} acknowledged, {len(lost)} lost; "
            f"{ledger.unanswered} not acknowledged",
            "doubled": f"{doubled} jokes",
            "replicas": _arrows(replicas),
            "in all": f"{took} s, {ledger.told / took:.2f} jokes and "
            f"{ledger.presses / took:.1f} votes a second",
            **{
                f"killed: {blow}": f"at most {longest} s without a joke in the minute after"
                for blow, longest in pauses(seconds, events).items()
            },
        },
        raw={
            "fates": fates,
            "apologies": ledger.apologies(),
            "states": states,
            "replicas": replicas,
            "pauses": pauses(seconds, events),
            "longest_waits": sorted(waits)[-20:],
        },
        broken=tuple(sentence for sentence, happened in broken.items() if happened),
    )


def unanswered(
    requests: Sequence[Request], *, written: set[int], bots: Bots
) -> tuple[list[Request], list[Request], list[Request]]:
    """Requests that are owed an answer, that were cut off, and that nobody took, against a promise.

    A killed bot cannot know of what it had not written down yet, so that was cut off. Nor can one
    take a request that is not there, which the platform tells the member.
    """
    owed, cut_off, ignored = [], [], []
    for each in requests:
        away = bots.was_away(each.shard, began=each.began, ended=each.ended)
        if each.fate is Fate.SILENT:
            (cut_off if away and each.origin not in written else owed).append(each)
        elif each.fate is Fate.UNREACHED and not away:
            ignored.append(each)
    return owed, cut_off, ignored


def recovered(requests: Sequence[Request], *, bots: Bots) -> int:
    """How many requests were under way when their bot was killed, and answered all the same."""
    return sum(
        each.shard == away.shard and each.began < away.began < each.ended
        for away in bots.away
        for each in requests
        if each.fate in (Fate.TOLD, Fate.APOLOGISED)
    )


def course_of_replicas(seconds: Sequence[Second]) -> list[int]:
    """How many replicas there were, one after the other; what Serve did not say is left out."""
    course: list[int] = []
    for each in seconds:
        if each.replicas is not None and course[-1:] != [each.replicas]:
            course.append(each.replicas)
    return course


def pauses(seconds: Sequence[Second], events: Sequence[Event]) -> dict[str, int]:
    """The longest time without a joke in the minute after each blow, in seconds."""
    found = {}
    for event in events:
        if event.is_blow:
            longest = current = 0
            for each in seconds:
                if event.at <= each.second < event.at + 60:
                    current = 0 if each.told else current + 1
                    longest = max(longest, current)
            found[f"{event.event} at {event.at:.0f} s"] = longest
    return found


def _grew_and_shrank(course: Sequence[int]) -> bool:
    """Whether it was one at first, three at most, and one at last."""
    seen = [each for each in course if each]
    return bool(seen) and (seen[0], max(seen), seen[-1]) == (1, 3, 1)


def _arrows(course: Sequence[int]) -> str:
    return " → ".join(map(str, course))
