"""When a challenger wins, when it goes, and when it is too early to tell."""

import re
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.live import Faults
from bot.learning.rates import Beta, probability_better
from bot.learning.trial import Decision, Outcome, decide, vote_rate
from bot.settings import TrialSettings
from bot.store.version_port import TrialVotes
from tests.trials.crowd import CHALLENGER, CHAMPION, Crowd, Votes
from tests.trials.judging import Rule, play

RULES = TrialSettings(minimum_votes=20, days=14)
FINE = Faults(answered=100)
A_DAY = timedelta(days=1)
LIKED, DISLIKED = (1, 0), (0, 1)
members = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=60).map(tuple)


def votes(up: int, down: int, *, jokes: int = 0, flagged: int = 0) -> TrialVotes:
    """So many members of either opinion."""
    return TrialVotes(
        version="any", jokes=jokes, flagged=flagged, members=(LIKED,) * up + (DISLIKED,) * down
    )


def of(ballots: tuple[tuple[int, int], ...]) -> TrialVotes:
    return TrialVotes(version="any", members=ballots)


def judged(
    champion: TrialVotes,
    challenger: TrialVotes,
    *,
    elapsed: timedelta = A_DAY,
    faults: Faults = FINE,
    champion_faults: Faults | None = None,
    rules: TrialSettings = RULES,
) -> Decision:
    return decide(
        champion,
        challenger,
        elapsed=elapsed,
        faults=faults,
        champion_faults=champion_faults,
        rules=rules,
    )


# One vote a member


def test_each_member_counts_once_however_often_they_vote() -> None:
    assert vote_rate(of(((100, 0), (0, 1), (1, 1)))) == Beta(2.5, 2.5)


def test_a_member_whose_votes_were_all_withdrawn_has_not_voted() -> None:
    assert vote_rate(of(((0, 0), (2, 2)))) == Beta(1.5, 1.5)
    silent = of(((0, 0),) * 40)
    assert judged(votes(0, 40), silent).outcome is Outcome.CONTINUE


@given(members, st.integers(1, 60))
def test_a_member_who_votes_a_hundred_times_weighs_as_one_who_votes_once(
    champion: tuple[tuple[int, int], ...], others: int
) -> None:
    once, often = ((1, 1),) * others + (LIKED,), ((1, 1),) * others + ((100, 0),)
    assert judged(of(champion), of(often)) == judged(of(champion), of(once))


def test_one_member_cannot_decide() -> None:
    assert judged(votes(0, 100), of(((1000, 0),))).outcome is Outcome.CONTINUE
    even = judged(votes(50, 50), of(((500, 0), *votes(20, 20).members)))
    assert even.outcome is Outcome.CONTINUE
    assert even.probability < 0.6


# The votes


def test_a_challenger_that_more_members_like_is_promoted() -> None:
    decision = judged(votes(75, 75), votes(45, 5))
    assert decision.outcome is Outcome.PROMOTE
    assert decision.probability >= RULES.promote_at


def test_a_challenger_that_fewer_members_like_is_retired() -> None:
    decision = judged(votes(75, 75), votes(5, 45))
    assert decision.outcome is Outcome.RETIRE
    assert decision.probability <= RULES.retire_at


def test_one_that_is_liked_as_much_goes_on() -> None:
    decision = judged(votes(75, 75), votes(25, 25))
    assert decision.outcome is Outcome.CONTINUE
    assert decision.probability == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("champion", "challenger"), [(19, 200), (200, 19), (0, 500)])
def test_votes_decide_nothing_until_enough_members_voted_on_both(
    champion: int, challenger: int
) -> None:
    assert judged(votes(0, champion), votes(challenger, 0)).outcome is Outcome.CONTINUE
    assert judged(votes(champion, 0), votes(0, challenger)).outcome is Outcome.CONTINUE


def test_with_exactly_enough_members_votes_may_decide() -> None:
    assert judged(votes(2, 18), votes(18, 2)).outcome is Outcome.PROMOTE
    assert judged(votes(18, 2), votes(2, 18)).outcome is Outcome.RETIRE


def test_what_would_be_95_percent_at_a_single_look_is_not_enough_early_on() -> None:
    champion, challenger = votes(40, 40), votes(15, 6)
    assert probability_better(vote_rate(challenger), vote_rate(champion)) > RULES.promote_at
    assert judged(champion, challenger).outcome is Outcome.CONTINUE


def test_the_rules_say_how_sure_it_has_to_be() -> None:
    champion, challenger = votes(40, 40), votes(30, 14)
    probability = judged(champion, challenger).probability
    assert 0.9 < probability < 0.99
    for margin, outcome in ((-0.001, Outcome.PROMOTE), (0.001, Outcome.CONTINUE)):
        rules = TrialSettings(minimum_votes=20, promote_at=probability + margin)
        assert judged(champion, challenger, rules=rules).outcome is outcome


@given(members, members, st.integers(0, 59))
def test_a_member_who_changes_their_mind_for_the_challenger_helps_it(
    champion: tuple[tuple[int, int], ...], challenger: tuple[tuple[int, int], ...], place: int
) -> None:
    challenger = (*challenger, DISLIKED)
    place %= len(challenger)
    convinced = (*challenger[:place], (1, 0), *challenger[place + 1 :])
    if sum(challenger[place]):
        before, after = (judged(of(champion), of(each)) for each in (challenger, convinced))
        assert after.probability >= before.probability - 1e-6


@given(members, members)
def test_with_the_roles_exchanged_the_chances_are_too(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]
) -> None:
    chances = judged(of(one), of(other)).probability, judged(of(other), of(one)).probability
    assert sum(chances) == pytest.approx(1, abs=1e-6)


# The time


def test_when_the_time_is_over_the_champion_stays() -> None:
    champion, challenger = votes(75, 75), votes(28, 22)
    almost = timedelta(days=14) - timedelta(seconds=1)
    assert judged(champion, challenger, elapsed=almost).outcome is Outcome.CONTINUE
    assert judged(champion, challenger, elapsed=timedelta(days=14)).outcome is Outcome.RETIRE


def test_nobody_having_voted_leaves_the_champion_when_the_time_is_over() -> None:
    decision = judged(votes(0, 0), votes(0, 0), elapsed=timedelta(days=15))
    assert decision.outcome is Outcome.RETIRE
    assert decision.probability == pytest.approx(0.5)


def test_votes_that_are_enough_decide_even_at_the_last_moment() -> None:
    decision = judged(votes(75, 75), votes(45, 5), elapsed=timedelta(days=14))
    assert decision.outcome is Outcome.PROMOTE


# Faults and reports


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        (Faults(errors=4), Outcome.CONTINUE),
        (Faults(errors=5), Outcome.RETIRE),
        (Faults(empty=5), Outcome.RETIRE),
        (Faults(errors=3, empty=2, answered=3), Outcome.RETIRE),
        (Faults(errors=5, answered=95), Outcome.CONTINUE),
        (Faults(errors=11, answered=89), Outcome.CONTINUE),
        (Faults(errors=20, answered=80), Outcome.RETIRE),
    ],
)
def test_a_challenger_goes_when_surely_more_than_every_tenth_request_fails(
    faults: Faults, outcome: Outcome
) -> None:
    assert judged(votes(75, 75), votes(45, 5), faults=Faults()).outcome is Outcome.PROMOTE
    assert judged(votes(20, 20), votes(10, 10), faults=faults).outcome is outcome


def test_faults_weigh_more_than_votes() -> None:
    assert judged(votes(0, 90), votes(50, 0), faults=Faults(errors=9)).outcome is Outcome.RETIRE


def test_what_fails_as_often_with_the_champion_is_not_held_against_the_challenger() -> None:
    faults = Faults(empty=20, answered=60)
    hard, easy = Faults(empty=80, answered=240), Faults(empty=2, answered=318)
    nothing = votes(0, 0)
    for usual, outcome in (
        (hard, Outcome.CONTINUE),
        (easy, Outcome.RETIRE),
        (Faults(), Outcome.RETIRE),
    ):
        decision = judged(nothing, nothing, faults=faults, champion_faults=usual)
        assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("flagged", "outcome"), [(2, Outcome.CONTINUE), (3, Outcome.RETIRE), (20, Outcome.RETIRE)]
)
def test_a_challenger_goes_when_surely_more_of_its_jokes_are_reported(
    flagged: int, outcome: Outcome
) -> None:
    champion = votes(75, 75, jokes=400, flagged=0)
    challenger = votes(25, 25, jokes=40, flagged=flagged)
    assert judged(champion, challenger).outcome is outcome


def test_as_many_reports_as_the_champion_gets_are_nothing_to_go_for() -> None:
    champion = votes(75, 75, jokes=400, flagged=40)
    assert judged(champion, votes(25, 25, jokes=100, flagged=12)).outcome is Outcome.CONTINUE


# What is said about it


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (
            judged(votes(75, 75), votes(45, 5)),
            r"The challenger is better with \d\d\.\d % certainty:"
            r" 90 % of 50 members liked its jokes, 50 % of 150 the champion's\.",
        ),
        (
            judged(votes(75, 75), votes(5, 45)),
            r"The challenger is worse with \d\d\.\d % certainty:"
            r" 10 % of 50 members liked its jokes, 50 % of 150 the champion's\.",
        ),
        (
            judged(votes(75, 75), votes(25, 25)),
            r"The challenger is better with \d\d\.\d % certainty so far:"
            r" 50 % of 50 members liked its jokes, 50 % of 150 the champion's\.",
        ),
        (
            judged(votes(0, 0), votes(1, 0)),
            r"Both need the votes of 20 members:"
            r" 100 % of 1 members liked its jokes, 0 % of 0 the champion's\.",
        ),
        (
            judged(votes(75, 75), votes(25, 25), elapsed=timedelta(days=20)),
            r"The 14 days are over without a winner, so the champion stays:"
            r" 50 % of 50 members liked its jokes, 50 % of 150 the champion's\.",
        ),
        (
            judged(votes(0, 0), votes(0, 0), faults=Faults(errors=6, empty=2, answered=12)),
            r"The challenger failed 8 of 20 requests \(6 by an error, 2 without a joke\)\.",
        ),
        (
            judged(votes(0, 0, jokes=160, flagged=3), votes(0, 0, jokes=40, flagged=9)),
            r"Members reported 9 of the challenger's 40 jokes and 3 of the champion's 160\.",
        ),
    ],
)
def test_every_decision_says_why_with_its_figures(decision: Decision, sentence: str) -> None:
    assert re.fullmatch(sentence, decision.why)


@settings(max_examples=50)
@given(members, members)
def test_what_is_not_enough_never_looks_like_enough(
    champion: tuple[tuple[int, int], ...], challenger: tuple[tuple[int, int], ...]
) -> None:
    decision = judged(of(champion), of(challenger))
    found = re.search(r"better with ([\d.]+) % certainty so far", decision.why)
    if found:
        assert float(found[1]) < 95


# The simulation in tests/trials


@pytest.mark.parametrize("people", [40, None])
def test_the_simulation_ends_trials_where_the_rule_itself_does(people: int | None) -> None:
    trials, most, needed = 6, 250, 10
    rules = TrialSettings(minimum_votes=needed)

    def crowds() -> Votes:
        return Votes(
            Crowd(name="any", members=people),
            rates=(0.5, 0.68),
            share=0.3,
            trials=trials,
            most=most,
            random=np.random.default_rng(4),
        )

    (found,) = play(crowds(), [Rule(needed=needed, alike=needed)], trials=trials, most=most)
    expected = [(0, most)] * trials
    again = crowds()
    for number in range(1, most + 1):
        again.cast()
        for trial in range(trials):
            if not expected[trial][0]:
                decision = judged(
                    of(again.of(trial, CHAMPION)), of(again.of(trial, CHALLENGER)), rules=rules
                )
                sign = {Outcome.PROMOTE: 1, Outcome.RETIRE: -1}.get(decision.outcome, 0)
                expected[trial] = (sign, number if sign else most)
    assert list(zip(found.outcome.tolist(), found.votes.tolist(), strict=True)) == expected
    assert 1 in found.outcome
