"""Whatever a server sends is understood or complained of in one line, and never anything else."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.server.answers import (
    Malformed,
    complaint_of,
    completions_of,
    models_of,
    seconds_to_wait,
)

TODAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
LOGPROBS = JSON | st.fixed_dictionaries(
    {}, optional={"token_logprobs": JSON | st.lists(JSON), "content": JSON | st.lists(JSON)}
)
CHOICES = st.fixed_dictionaries(
    {}, optional={"text": JSON | st.text(), "logprobs": LOGPROBS, "finish_reason": JSON}
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "choices": JSON | st.lists(JSON | CHOICES, max_size=3),
        "data": JSON | st.lists(st.fixed_dictionaries({"id": JSON}) | JSON, max_size=3),
        "usage": JSON | st.fixed_dictionaries({"completion_tokens": JSON}),
        "error": JSON | st.fixed_dictionaries({"message": JSON}),
    },
)
BODIES = st.binary(max_size=60) | (JSON | ANSWERS).map(lambda each: json.dumps(each).encode())


def completion(**fields: object) -> bytes:
    return json.dumps({"choices": [{"text": " Ha.", "finish_reason": "stop", **fields}]}).encode()


@given(BODIES)
def test_any_body_is_completions_or_a_complaint(body: bytes) -> None:
    try:
        made = completions_of(body)
    except Malformed as error:
        complaint = str(error)
    else:
        complaint = "none"
        assert made
        for each in made:
            assert each.tokens >= 1
            assert each.score is None or math.isfinite(each.score)
    assert len(complaint) < 300
    assert len(complaint.splitlines()) == 1


@given(BODIES)
def test_any_body_is_a_list_of_models_or_a_complaint(body: bytes) -> None:
    try:
        listed = models_of(body)
    except Malformed:
        return
    assert all(isinstance(each.name, str) for each in listed)


@given(BODIES)
def test_what_an_error_says_is_one_short_line(body: bytes) -> None:
    said = complaint_of(body)
    assert len(said) <= 200
    assert len(said.splitlines()) <= 1


@given(st.text())
def test_any_header_means_a_reasonable_time(said: str) -> None:
    assert 0 <= seconds_to_wait(429, {"Retry-After": said}, today=TODAY) <= 600


@pytest.mark.parametrize(
    ("status", "said", "seconds"),
    [
        (429, "7", 7.0),
        (503, "0.5", 0.5),
        (429, "Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        (429, "Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        (429, "86400", 600.0),
        (429, "soon", 1.0),
        (429, "", 1.0),
        (500, "", 0.0),
    ],
)
def test_when_to_ask_again(status: int, said: str, seconds: float) -> None:
    assert seconds_to_wait(status, {"Retry-After": said}, today=TODAY) == seconds


def test_probabilities_are_read_in_both_of_the_forms_that_servers_use() -> None:
    [old] = completions_of(completion(logprobs={"token_logprobs": [None, -1.0, -3.0]}))
    [new] = completions_of(
        completion(logprobs={"content": [{"logprob": -1.0}, {"logprob": -3.0, "token": "."}]})
    )
    assert (old.score, old.tokens) == (new.score, new.tokens) == (-2.0, 2)


def test_without_probabilities_there_is_no_score_and_tokens_are_those_of_the_usage() -> None:
    body = json.dumps(
        {"choices": [{"text": "a"}, {"text": "b"}], "usage": {"completion_tokens": 9}}
    )
    first, second = completions_of(body.encode())
    assert (first.score, first.tokens, second.tokens, first.complete) == (None, 4, 4, False)


def test_a_text_that_was_cut_short_is_not_complete() -> None:
    [cut] = completions_of(completion(finish_reason="length"))
    [whole] = completions_of(completion())
    assert (cut.complete, whole.complete) == (False, True)
