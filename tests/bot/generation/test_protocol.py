"""What the bot and a worker say to each other survives the pipe; anything else is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.protocol import (
    Broken,
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    KnownJoke,
    Lost,
    Order,
    Ping,
    Pong,
    ProtocolError,
    Ready,
    Report,
    Result,
    Room,
    Sampling,
    decode_order,
    decode_report,
    encode,
)
from finetune.candidates import Candidate

texts = st.text()
maybe_texts = st.none() | texts
numbers = st.floats(allow_nan=False)
samplings = st.builds(
    Sampling,
    temperature=numbers,
    top_k=st.integers(),
    top_p=numbers,
    max_tokens=st.integers(),
)
features = st.none() | st.binary()
candidates = st.builds(
    Candidate,
    text=texts,
    tokens=st.integers(),
    score=numbers,
    complete=st.booleans(),
    features=features,
)
known_jokes = st.builds(KnownJoke, text=texts, topic=maybe_texts, opening=maybe_texts)
orders = (
    st.builds(
        Generate,
        id=texts,
        topic=maybe_texts,
        opening=maybe_texts,
        count=st.integers(),
        seed=st.integers(),
        sampling=samplings,
    )
    | st.builds(Embed, id=texts, jokes=st.lists(known_jokes, max_size=3).map(tuple))
    | st.builds(Cancel, id=texts)
    | st.builds(Ping, number=st.integers())
)
reports = (
    st.builds(Ready, version=texts, device=texts, dtype=texts, slots=st.integers())
    | st.builds(Broken, detail=texts)
    | st.builds(
        Result, id=texts, candidates=st.lists(candidates, max_size=3).map(tuple), seconds=numbers
    )
    | st.builds(Embedded, id=texts, features=st.lists(features, max_size=3).map(tuple))
    | st.builds(Failed, id=texts, too_long=st.booleans(), detail=texts)
    | st.builds(Lost, id=texts, detail=texts, seconds=numbers)
    | st.builds(Room, slots=st.integers())
    | st.builds(Pong, number=st.integers())
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
kinds = st.sampled_from(
    ["generate", "embed", "cancel", "ping", "ready", "result", "embedded", "failed", "pong", "joke"]
)
keys = st.sampled_from(
    ["id", "topic", "sampling", "candidates", "jokes", "features", "number", "detail", "seconds"]
)
almost_messages = st.builds(
    lambda kind, rest: json.dumps({"kind": kind, **rest}).encode(),
    kinds | json_values,
    st.dictionaries(keys, json_values, max_size=4),
)


@given(orders)
def test_an_order_arrives_as_it_was_sent(order: Order) -> None:
    assert decode_order(encode(order)) == order


@given(reports)
def test_a_report_arrives_as_it_was_sent(report: Report) -> None:
    assert decode_report(encode(report)) == report


@given(orders | reports)
def test_a_message_is_one_line(message: Order | Report) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert len(line.splitlines()) == 1


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()) | almost_messages)
def test_any_other_line_is_a_protocol_error_and_nothing_worse(line: bytes) -> None:
    for decode in (decode_order, decode_report):
        with contextlib.suppress(ProtocolError):
            message = decode(line)
            assert type(message).__name__.lower() == json.loads(line)["kind"]


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"kind":' * 100_000, b"", b"\n", b"loading 100%\n"]
)
def test_noise_is_a_protocol_error(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_report(line)


def test_an_order_is_no_report_and_a_report_is_no_order() -> None:
    with pytest.raises(ProtocolError):
        decode_report(encode(Ping(number=1)))
    with pytest.raises(ProtocolError):
        decode_order(encode(Pong(number=1)))
