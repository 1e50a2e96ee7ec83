"""Whatever stands in the file or the environment, the operator reads one line at most."""

import json
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.settings import Settings, SettingsError, every_key, load_settings

KEYS = list(every_key())
SECRET = "s3cr3t"

scalars = (
    st.booleans()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates()
    | st.times()
    | st.datetimes()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.\n"), inner, max_size=3)
    ),
    max_leaves=5,
)


def toml(value: Any) -> str:
    """The value as TOML source."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def outcome(content: bytes | None, environment: dict[str, str]) -> Settings | str:
    """The settings, or the one line that says why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.toml")
        file.write_bytes(content or b"")
        try:
            return load_settings(path=file, environment={"HOME": folder, **environment})
        except SettingsError as error:
            line = str(error)
    assert line.isprintable()
    assert 0 < len(line) <= 1000
    return line


def is_allowed(key: Any, value: Any) -> bool:
    """An independent reading of which values of numeric settings are allowed."""
    words = key.allowed.replace("above", "from").split()
    low, high = float(words[words.index("from") + 1]), float(words[-1])
    kinds = (int,) if words[1] == "whole" else (int, float)
    if type(value) not in kinds:
        return False
    return low <= value <= high and not ("above" in key.allowed and value == low)


@given(
    content=st.binary(max_size=200) | st.text("[]{}=\"'.,#queocapity0x1e+-:T\n ").map(str.encode)
)
@example(content=b"\xef\xbb\xbf")
@example(content=b"a = 2026-02-30")
@example(content=b"[queue]\n[queue]")
@example(content=b'"" = 1')
def test_any_bytes_give_settings_or_one_line(content: bytes) -> None:
    outcome(content, {})


@given(key=st.sampled_from(KEYS), value=values)
def test_any_value_of_any_key_gives_settings_or_one_line_that_names_it(
    key: Any, value: Any
) -> None:
    result = outcome(f"{key.name} = {toml(value)}".encode(), {})
    if isinstance(result, str):
        assert key.name in result
        assert "config.toml" in result


@given(
    key=st.sampled_from([key for key in KEYS if " number " in key.allowed]),
    value=st.integers(-2, 1_000_002) | st.floats(-1, 90_000) | scalars,
)
def test_a_number_is_taken_exactly_if_it_is_allowed(key: Any, value: Any) -> None:
    # Enough slots for any number of candidates, and few enough candidates for any slots.
    partner = {"candidates": "slots = 64", "slots": "candidates = 1"}.get(key.field, "")
    result = outcome(f"[{key.section}]\n{partner}\n{key.field} = {toml(value)}".encode(), {})
    if is_allowed(key, value):
        assert isinstance(result, Settings)
        assert getattr(getattr(result, key.section), key.field) == value
    else:
        assert isinstance(result, str)


@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=300), deep=st.booleans())
def test_any_unknown_name_is_refused_in_one_line(name: str, deep: bool) -> None:
    name = f"{name}?"
    line = f"{'queue.' if deep else ''}{toml(name)} = 1"
    assert " is not a se" in str(outcome(line.encode(), {}))


@given(
    variable=st.sampled_from([key.variable for key in KEYS])
    | st.text(max_size=50).map("PUNCHLINE_".__add__),
    text=st.text(max_size=100) | scalars.map(str) | st.sampled_from(["~", "~root", "\udcff"]),
)
def test_any_variable_gives_settings_or_one_line_that_names_it(variable: str, text: str) -> None:
    result = outcome(None, {variable: text})
    if isinstance(result, str) and variable.isprintable():
        assert variable in result


@given(
    key=st.sampled_from([key for key in KEYS if key.secret]),
    around=st.tuples(st.text(max_size=5), st.text(max_size=5)),
)
def test_a_token_is_never_shown(key: Any, around: tuple[str, str]) -> None:
    result = outcome(None, {key.variable: SECRET.join(around)})
    assert SECRET not in f"{result} {result!r}"
