"""Which roles may follow which."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.learning import LearningRefused
from bot.learning.roles import alone, before, first, promoted, returned, tried
from bot.store.version_port import MadeVersion, Roles, VersionState
from tests.bot.made import version_row

AT = datetime(2024, 2, 29, tzinfo=UTC)
LATER = datetime(2024, 3, 1, tzinfo=UTC)
BEGUN = first("tiny", at=AT)
MADE = [version_row("three", "two"), version_row("two", "one"), version_row("one", "tiny")]


def reign_of(champion: str, previous: str | None = None) -> Roles:
    return replace(BEGUN, champion=champion, previous=previous)


def refusal_of(roles: Roles, version: str | None, made: list[MadeVersion] | None = None) -> str:
    with pytest.raises(LearningRefused) as refused:
        returned(roles, MADE if made is None else made, version, at=LATER)
    return str(refused.value)


def test_a_version_goes_on_trial_and_becomes_champion_or_goes() -> None:
    trial = tried(BEGUN, "one", at=LATER)
    assert (trial.champion, trial.challenger, trial.trial_began) == ("tiny", "one", LATER)
    new = promoted(trial, at=LATER)
    assert (new.champion, new.challenger, new.previous) == ("one", None, "tiny")
    assert new.trial_began is None
    assert alone(trial, at=AT) == BEGUN


def test_there_is_one_trial_at_a_time_and_the_champion_needs_none() -> None:
    trial = tried(BEGUN, "one", at=LATER)
    for roles, version in ((trial, "two"), (BEGUN, "tiny")):
        with pytest.raises(LearningRefused):
            tried(roles, version, at=LATER)
    with pytest.raises(LearningRefused, match="No version is on trial"):
        promoted(BEGUN, at=LATER)


def test_each_step_back_goes_further_until_the_version_that_all_began_with() -> None:
    roles = reign_of("three", "two")
    way = []
    while (back := before(roles, MADE)) is not None:
        roles = returned(roles, MADE, None, at=LATER)
        assert roles.champion == back
        way.append(back)
    assert way == ["two", "one", "tiny"]
    assert refusal_of(roles, None) == "There is no earlier version to go back to."


def test_a_step_back_passes_over_what_cannot_serve() -> None:
    made = [
        version_row("three", "two"),
        version_row("two", "one", kept=False),
        version_row("one", state=VersionState.REJECTED),
    ]
    assert before(reign_of("three", "two"), made) == "tiny"
    assert before(reign_of("three", "gone"), made) == "tiny"


def test_to_go_back_ends_the_trial() -> None:
    roles = tried(reign_of("two", "one"), "three", at=AT)
    new = returned(roles, MADE, None, at=LATER)
    assert (new.challenger, new.trial_began, new.changed_at) == (None, None, LATER)


def test_a_version_may_be_named_and_so_one_goes_forward_again() -> None:
    roles = returned(reign_of("three", "two"), MADE, "one", at=LATER)
    assert (roles.champion, roles.previous) == ("one", "tiny")
    assert returned(roles, MADE, "three", at=LATER).champion == "three"
    assert returned(roles, MADE, "tiny", at=LATER).previous is None


def test_what_cannot_be_gone_back_to_is_refused_in_one_sentence() -> None:
    made = [
        *MADE,
        version_row("pruned", kept=False),
        version_row("bad", state=VersionState.REJECTED),
        version_row("raw", state=VersionState.CANDIDATE),
    ]
    roles = reign_of("three", "two")
    assert refusal_of(roles, "three", made) == "three serves already."
    assert refusal_of(roles, "../etc", made) == "I know no version ../etc."
    assert refusal_of(roles, "pruned", made) == "The files of pruned have been removed."
    for name in ("bad", "raw"):
        assert refusal_of(roles, name, made) == f"{name} has not proved itself yet."


@given(parents=st.lists(st.integers(0, 6), min_size=6, max_size=6), start=st.integers(0, 5))
def test_going_back_comes_to_an_end_whatever_the_lineage(parents: list[int], start: int) -> None:
    names = ["tiny", *(f"v{n}" for n in range(6))]
    made = [version_row(f"v{n}", names[parent]) for n, parent in enumerate(parents)]
    back = before(reign_of(f"v{start}"), made)
    assert back in names
    assert back != f"v{start}"
