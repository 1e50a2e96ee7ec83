"""What a run, a verdict, a trial and the list of versions say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fronts.model_table import model_lines
from bot.fronts.run_wording import RunWording
from bot.fronts.tables import aligned, shortened
from bot.fronts.verdict_table import verdict_lines
from bot.languages import ENGLISH, Languages
from bot.learning import ModelLine, Role, RunReport
from bot.store.version_port import Ending, Run, Stage
from tests.twins.learner import BEGAN, figure, trial, verdict

WORDING = RunWording(words=ENGLISH, quote=lambda text: f"«{text}»")
RUN = Run(id=3, stage=Stage.TRAINING, parent="old", began_at=BEGAN, version="new")


def test_while_it_learns_a_bar_a_loss_and_the_time_left_are_shown() -> None:
    report = RunReport(
        run=RUN, doing="teaching", step=31, of=60, loss=2.31449, seconds_left=185, learned_votes=431
    )
    assert WORDING.sheet(report).head == (
        "Learning…",
        "██████░░░░░░ 51 % · «teaching» · loss 2.314 · about 3 minutes left",
        "There are 431 votes to learn from.",
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute left"),
        (59, "less than a minute left"),
        (60, "about 1 minute left"),
        (7199, "about 120 minutes left"),
        (7200, "about 2 hours left"),
    ],
)
def test_the_time_left_is_told_as_people_do(seconds: float, said: str) -> None:
    assert WORDING.progress(RunReport(run=RUN, seconds_left=seconds)) == said


@given(step=st.integers(-5, 10_000), of=st.integers(0, 500))
def test_a_bar_never_grows_out_of_its_frame(step: int, of: int) -> None:
    said = WORDING.progress(RunReport(run=RUN, step=step, of=of))
    assert bool(said) == bool(of)
    if of:
        bar, percent, _ = said.split()
        assert len(bar) == 12
        assert 0 <= int(percent) <= 100


def test_a_flood_and_heavy_voters_are_pointed_out() -> None:
    report = RunReport(run=RUN, flooded_votes=1, heaviest_share=0.1, clique_share=0.254)
    assert WORDING.votes(report) == [
        "1 vote came in a flood from new members; I left it out.",
        "The busiest member has 10 % of the weight, the busiest five have 25 %.",
    ]
    assert WORDING.votes(RunReport(run=RUN)) == []


def test_a_verdict_is_a_table_and_says_why() -> None:
    failed = verdict(
        figure("loss", passed=False),
        figure(
            "auc",
            share=True,
            higher_is_better=True,
            champion=0.5,
            candidate=0.6251,
            limit=None,
        ),
        figure("copied", share=True, champion=None, candidate=None, limit=0.02),
        figure("sense_of_timing", title="Sense of timing"),
    )
    sheet = WORDING.sheet(RunReport(run=replace(RUN, stage=Stage.GATE), verdict=failed))
    assert sheet.head[-1] == "The new version has not passed:"
    assert sheet.table == (
        "                              old     new    limit",
        "✗  Loss of held-out jokes   1.250   1.500  ≤ 1.312",
        "✓  Ranks held-out votes    50.0 %  62.5 %",
        "✓  Copied from training         –       –  ≤ 2.0 %",
        "✓  Sense of timing          1.250   1.500  ≤ 1.312",
    )
    assert sheet.rest == (
        "✗ «Loss of held-out jokes: 1.500 after 1.250, at most 1.312 is asked for.»",
    )
    assert not sheet.asks


def test_a_candidate_that_could_not_be_loaded_has_a_reason_and_no_table() -> None:
    broken = replace(verdict(), passed=False, figures=[], reasons=["It has other files."])
    sheet = WORDING.sheet(RunReport(run=RUN, verdict=broken))
    assert sheet.table == ()
    assert sheet.rest == ("✗ «It has other files.»",)


def test_a_trial_tells_votes_and_how_sure_it_is_and_may_ask() -> None:
    on_trial = RunReport(run=replace(RUN, stage=Stage.TRIAL), trial=trial())
    sheet = WORDING.sheet(on_trial)
    assert sheet.head == ("Trying «new» out on a part of all requests.",)
    assert sheet.rest == (
        "Members who voted: 6 on «punchline-7», 24 on «punchline-6»; at least 20 are needed.",
        "It is 87 % sure that «punchline-7» is better.",
    )
    asking = WORDING.sheet(replace(on_trial, trial=trial(waits_for_admin=True)))
    assert asking.asks
    assert asking.rest[-1] == "Shall «punchline-7» serve from now on?"


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending.PROMOTED, "«new» serves now, in the place of «old»."),
        (Ending.RETIRED, "«new» retires after its trial; «old» stays."),
        (Ending.REJECTED, "«new» did not pass; «old» stays."),
        (Ending.CANCELLED, "That was called off; «old» stays."),
        (Ending.FAILED, "That went wrong; «old» stays."),
    ],
)
def test_an_ending_says_what_serves_and_why(ending: Ending, said: str) -> None:
    run = replace(RUN, ending=ending, detail="Because.")
    sheet = WORDING.sheet(RunReport(run=run, step=1, of=2, trial=trial(waits_for_admin=True)))
    assert sheet.head == (said, "«Because.»")
    assert not sheet.asks
    assert sheet.rest == ()


def test_pairs_are_three_at_most() -> None:
    many = verdict(pairs=[(f"topic {each}", "old joke", "new joke") for each in range(5)])
    assert WORDING.pairs(many) == [
        f"About «topic {each}»:\nBefore: «old joke»\nAfter: «new joke»" for each in range(3)
    ]


@pytest.mark.parametrize("code", Languages.load().codes)
@pytest.mark.parametrize("ending", [None, *Ending])
@pytest.mark.parametrize("stage", Stage)
def test_every_state_of_a_run_is_said_in_every_language(
    code: str, ending: Ending | None, stage: Stage
) -> None:
    wording = RunWording(words=Languages.load().of(code))
    run = replace(RUN, stage=stage, ending=ending, version=None)
    assert "{" not in "".join(wording.sheet(RunReport(run=run, verdict=verdict())).head)


# The versions


def line(version: str, role: Role | None = None, **details: int | float | str) -> ModelLine:
    values = {"parent": None, "learned_votes": 0, "jokes": 0, "up": 0, "down": 0} | details
    return ModelLine(version=version, role=role, **values)  # type: ignore[arg-type]


def test_versions_stand_in_columns() -> None:
    lines = [
        line(
            "punchline-7",
            Role.CHAMPION,
            parent="punchline-6",
            learned_votes=431,
            jokes=812,
            up=62,
            down=38,
            low=0.523,
            high=0.709,
        ),
        line("punchline-6", Role.PREVIOUS, jokes=3),
        line("imported"),
    ]
    assert model_lines(lines, ENGLISH)[0] == [
        "version      role           from         learned         liked  told",
        "punchline-7  serves         punchline-6      431  62 % (52–71)   812",
        "punchline-6  served before  –                  0             –     3",
        "imported     –              –                  0             –     0",
    ]


@pytest.mark.parametrize("role", Role)
def test_every_role_has_words(role: Role) -> None:
    assert len(model_lines([line("v", role)], ENGLISH)[0]) == 2


@given(count=st.integers(0, 200), room=st.integers(100, 2000))
def test_what_has_no_room_is_counted(count: int, room: int) -> None:
    lines = [line(f"version-{each}", Role.RETIRED) for each in range(count)]
    table, more = model_lines(lines, ENGLISH, room=room)
    assert len("\n".join(table)) <= room
    left = count + 1 - len(table)
    assert more == (f"and {left} more" if left else "")


@given(text=st.text(), limit=st.integers(1, 50))
def test_a_cell_is_one_short_line(text: str, limit: int) -> None:
    cell = shortened(text, limit)
    assert len(cell) <= limit
    assert len(cell.splitlines()) <= 1


@given(st.lists(st.tuples(st.text("ab", max_size=9), st.text("12", max_size=9)), min_size=1))
def test_columns_begin_and_end_at_the_same_place(rows: list[tuple[str, str]]) -> None:
    lines = aligned(rows, right=(1,))
    ends = {len(text) for text, (_, number) in zip(lines, rows, strict=True) if number}
    assert len(ends) <= 1


def test_a_table_of_nothing_is_nothing() -> None:
    assert verdict_lines(replace(verdict(), figures=[]), ENGLISH) == []
