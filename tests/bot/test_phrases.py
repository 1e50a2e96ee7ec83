"""Every reason for not telling a joke has one kind, plain sentence."""

import pytest

from bot.jokes import Declined, Reason
from bot.phrases import sentence


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("seconds", [None, 0, 1, 12, 600, 90_000])
def test_every_reason_is_one_finished_sentence(reason: Reason, seconds: int | None) -> None:
    text = sentence(Declined(reason=reason, seconds=seconds))

    assert text[0].isupper()
    assert text.endswith(".")
    assert text.count(".") == 1
    assert not set(text) & set("{}\n<>_*@")
    assert "None" not in text


def test_no_two_reasons_read_the_same() -> None:
    assert len({sentence(Declined(reason=reason)) for reason in Reason}) == len(Reason)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "I'm busy, please try again in a moment."),
        (-3, "I'm busy, please try again in a moment."),
        (0, "I'm busy, please try again in a moment."),
        (1, "I'm busy, please try again in about 1 second."),
        (12, "I'm busy, please try again in about 12 seconds."),
        (119, "I'm busy, please try again in about 119 seconds."),
        (120, "I'm busy, please try again in about 2 minutes."),
        (121, "I'm busy, please try again in about 3 minutes."),
        (7_199, "I'm busy, please try again in about 120 minutes."),
        (7_200, "I'm busy, please try again in about 2 hours."),
        (86_399, "I'm busy, please try again in about 24 hours."),
    ],
)
def test_a_wait_is_told_in_the_unit_people_use(seconds: int | None, expected: str) -> None:
    assert sentence(Declined(reason=Reason.BUSY, seconds=seconds)) == expected


def test_a_restart_is_apologised_for() -> None:
    assert sentence(Declined(reason=Reason.CLOSING)) == (
        "Sorry, I have to restart; please ask again in a minute."
    )


@pytest.mark.parametrize("reason", [Reason.MEMBER_QUOTA, Reason.COMMUNITY_QUOTA, Reason.MODEL_DOWN])
def test_waiting_helps_where_a_wait_is_known(reason: Reason) -> None:
    assert "in about 30 seconds" in sentence(Declined(reason=reason, seconds=30))
