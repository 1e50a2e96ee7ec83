"""A verdict is written for programs, for a chat and for a browser, always in the same way."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from finetune.gate.page import write_page
from finetune.gate.picture import picture, room_used
from finetune.gate.publishing import publish
from finetune.gate.verdict import PAGE, PICTURE, VERDICT, Verdict, read_verdict
from finetune.report.content import HistoryPoint
from tests.finetune.gate.verdicts import FAILED, HISTORY, PASSED, REFUSED


@pytest.mark.parametrize("verdict", [FAILED, PASSED, REFUSED])
@pytest.mark.parametrize("history", [(), HISTORY, HISTORY[:1], HISTORY[1:2]])
def test_the_picture_has_the_size_of_a_chat(
    verdict: Verdict, history: Sequence[HistoryPoint]
) -> None:
    drawn = picture(verdict, history)
    assert drawn.startswith(b"\x89PNG")
    assert struct.unpack(">II", drawn[16:24]) == (1000, 600)
    assert drawn == picture(verdict, history)


def test_a_picture_shows_what_a_verdict_says() -> None:
    drawn = [picture(verdict, HISTORY) for verdict in (FAILED, PASSED, REFUSED)]
    assert len({*drawn, picture(FAILED, ())}) == 4


def test_room_is_used_from_the_champion_to_the_limit() -> None:
    loss, complete, agreement, unmeasured = FAILED.figures
    assert room_used(loss, 0.85) == 0
    assert room_used(loss, 0.8925) == pytest.approx(1)
    assert room_used(complete, 0.98) == pytest.approx(0.5)
    assert room_used(complete, 1.0) == pytest.approx(-0.5)
    assert [room_used(agreement, value) for value in (1.0, 0.5, 0.0)] == [0, 1, 2]
    assert room_used(unmeasured, 1.0) is None
    strict = replace(loss, limit=loss.champion)
    assert [room_used(strict, value) for value in (0.8, 0.9)] == [0, float("inf")]


def page(verdict: Verdict, history: Sequence[HistoryPoint], place: Path) -> str:
    write_page(place / PAGE, verdict, history)
    return (place / PAGE).read_text(encoding="utf-8")


def test_the_page_names_every_figure_reason_and_pair(tmp_path: Path) -> None:
    shown = page(FAILED, HISTORY, tmp_path)
    assert "second $1$ does not pass" in shown
    assert "<li>Complete: 80 &amp; &lt;fewer&gt; than 97 %.</li>" in shown
    assert "An &lt;old&gt; joke." in shown
    assert "80.0 %<small>73.0 % to 87.0 %</small>" in shown
    assert "in 62 seconds, on 40 held-out votes." in shown
    assert shown.count("<svg") == 1


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    shown = page(FAILED, HISTORY, tmp_path)
    assert "<script" not in shown
    assert "src=" not in shown
    assert "url(" not in shown.replace("url(#", "")
    assert "default-src 'none'" in shown


def test_the_page_of_a_refused_version_says_why(tmp_path: Path) -> None:
    shown = page(REFUSED, (), tmp_path)
    assert "<li>model.safetensors is damaged.</li>" in shown
    assert "Nothing was measured" in shown
    assert "<svg" not in shown


def test_all_three_files_are_written_whatever_the_candidate_is(tmp_path: Path) -> None:
    publish(tmp_path / "out", REFUSED, candidate=tmp_path / "gone")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {VERDICT, PICTURE, PAGE}
    assert not read_verdict(tmp_path / "out" / VERDICT).passed
