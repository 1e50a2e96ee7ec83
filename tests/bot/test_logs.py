"""What the log says, and what it never says."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import configure_logging, configure_worker_logging
from bot.tracing import about_request

TOKEN = "hf_0123456789abcdefghij"
PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)


@pytest.fixture(autouse=True)
def own_root_logger() -> Iterator[None]:
    """Logging is one for the whole process, so each test puts it back."""
    root, ours = logging.getLogger(), logging.getLogger("punchline")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def log() -> logging.Logger:
    return logging.getLogger("punchline.test")


def start(*, level: str = "info", as_json: bool = False, secrets: tuple[str, ...] = ()) -> None:
    configure_logging(level=level, as_json=as_json, secrets=secrets)


def test_a_line_says_when_how_bad_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    log().warning("The worker %s.", "died")
    output = capsys.readouterr()
    assert output.out == ""
    day, time, rest = output.err.split(maxsplit=2)
    assert datetime.fromisoformat(f"{day} {time}")
    assert rest == "WARNING punchline.test: The worker died.\n"


def test_as_json_a_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    start(as_json=True)
    log().error("Zwei Zeilen:\n„ü“")
    (line,) = capsys.readouterr().err.splitlines()
    content = json.loads(line)
    assert datetime.fromisoformat(content.pop("time")).tzinfo is not None
    assert content == {
        "level": "error",
        "logger": "punchline.test",
        "message": "Zwei Zeilen:\n„ü“",
    }


def test_as_json_a_traceback_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    start(as_json=True)
    try:
        raise ValueError("no such thing")
    except ValueError:
        log().exception("It failed.")
    content = json.loads(capsys.readouterr().err)
    assert content["message"] == "It failed."
    assert "ValueError: no such thing" in content["traceback"]


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_less_important_lines_are_left_out(
    level: str, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    start(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log(), name)(name)
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == said


def test_other_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    start(level="debug")
    logging.getLogger("sqlalchemy").info("a query")
    logging.getLogger("sqlalchemy").warning("a problem")
    assert "a query" not in (said := capsys.readouterr().err)
    assert "a problem" in said


def test_starting_the_log_twice_says_everything_once(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    start()
    log().info("once")
    assert capsys.readouterr().err.count("once") == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_token_is_blotted_out_of_messages_arguments_and_tracebacks(
    *, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    start(as_json=as_json, secrets=(TOKEN, ""))
    log().error(f"Sent {TOKEN}.")
    log().error("Sent %s.", {"token": TOKEN})
    try:
        raise ValueError(f"401 for {TOKEN}")
    except ValueError:
        log().exception("It failed.")
    said = capsys.readouterr().err
    assert TOKEN not in said
    assert said.count("(hidden)") >= 3


def test_a_token_that_begins_like_another_leaves_nothing_of_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start(secrets=("abcdef", "abcdefghij"))
    log().error("abcdefghij")
    assert capsys.readouterr().err.endswith(": (hidden)\n")


@given(token=st.text(PRINTABLE, min_size=8, max_size=60).map("hf_".__add__))
def test_no_token_shows_in_any_spelling(token: str) -> None:
    formatters = []
    for as_json in (False, True):
        start(as_json=as_json, secrets=(token,))
        formatters.append(logging.getLogger().handlers[0])
    for handler in formatters:
        record = logging.LogRecord(
            "punchline.test", logging.ERROR, __file__, 1, "%s %r", (token, token), None
        )
        said = handler.format(record)
        for spelling in (token, json.dumps(token)[1:-1], repr(token)[1:-1]):
            assert spelling not in said


def test_a_line_names_the_request_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    with about_request("0123abcd"):
        log().warning("In its task.")
    log().warning("Said for it.", extra={"request": "89abcdef"})
    ends = [line.partition("test: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert ends == ["[0123abcd] In its task.", "[89abcdef] Said for it."]


def test_as_json_the_request_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    start(as_json=True)
    with about_request("0123abcd"):
        log().warning("In its task.")
    assert json.loads(capsys.readouterr().err)["request"] == "0123abcd"


@pytest.mark.parametrize("verbose", [True, False])
def test_a_worker_says_what_it_does_only_when_told_to(
    capsys: pytest.CaptureFixture[str], *, verbose: bool
) -> None:
    configure_worker_logging(verbose=verbose)
    log().debug("Order 1.", extra={"request": "0123abcd"})
    log().info("Ready.")
    output = capsys.readouterr().err.splitlines()
    assert output == (["[0123abcd] Order 1."] if verbose else []) + ["Ready."]
