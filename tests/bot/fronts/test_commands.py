"""What each typed line means, and that no line can mean trouble."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.fronts.commands import (
    NAMES,
    Command,
    Flag,
    Forget,
    Help,
    Misunderstood,
    Period,
    Quit,
    Retrain,
    Retraining,
    RollBack,
    ShowModels,
    ShowStats,
    ShowTop,
    TellJoke,
    Vote,
    parse,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("cats", TellJoke(topic="cats")),
        ("  why is the sky blue?  ", TellJoke(topic="why is the sky blue?")),
        ("/joke", TellJoke()),
        ("/JOKE", TellJoke()),
        ("/joke cats", TellJoke(topic="cats")),
        ("/joke about: cats", TellJoke(topic="cats")),
        ("/joke about:cats", TellJoke(topic="cats")),
        ("/joke About : cats", TellJoke(topic="cats")),
        ("/joke\tabout:\tcats", TellJoke(topic="cats")),
        ("/joke about:", TellJoke()),
        ("/joke opening:", TellJoke()),
        (
            "/joke opening: Why did the programmer",
            TellJoke(opening="Why did the programmer"),
        ),
        (
            "/joke about: cats opening: Why did",
            TellJoke(topic="cats", opening="Why did"),
        ),
        (
            "/joke opening: Why did about: cats",
            TellJoke(topic="cats", opening="Why did"),
        ),
        ("/joke cats opening: Why did", TellJoke(topic="cats", opening="Why did")),
        ("/joke roundabout: a joke", TellJoke(topic="roundabout: a joke")),
        ("/up", Vote(1)),
        ("/up 12", Vote(1, 12)),
        ("/up #12", Vote(1, 12)),
        ("/up 0", Vote(1, 0)),
        ("/down", Vote(-1)),
        ("/down 7", Vote(-1, 7)),
        ("/retract", Vote(0)),
        ("/retract 7", Vote(0, 7)),
        ("/offensive", Flag()),
        ("/offensive 7", Flag(7)),
        ("/top", ShowTop(Period.ALL)),
        ("/top day", ShowTop(Period.DAY)),
        ("/top Week", ShowTop(Period.WEEK)),
        ("/top all", ShowTop(Period.ALL)),
        ("/stats", ShowStats()),
        ("/forget", Forget()),
        ("/forget yes", Forget(confirmed=True)),
        ("/forget everything", Forget()),
        ("/retrain", Retrain()),
        ("/retrain Cancel", Retrain(Retraining.CANCEL)),
        ("/retrain promote", Retrain(Retraining.PROMOTE)),
        ("/retrain keep", Retrain(Retraining.KEEP)),
        ("/models", ShowModels()),
        ("/rollback", RollBack()),
        ("/rollback punchline-6", RollBack("punchline-6")),
        ("/help", Help()),
        ("/quit", Quit()),
        ("/exit", Quit()),
    ],
)
def test_a_line_means(line: str, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize("line", ["", "   ", "\t", "\n", "\r\n", "\u2003"])
def test_a_blank_line_means_nothing(line: str) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/jok", "I don't know /jok. Did you mean /joke? Type /help to see what I know."),
        ("/upp", "I don't know /upp. Did you mean /up? Type /help to see what I know."),
        ("/zzz", "I don't know /zzz. Type /help to see what I know."),
        ("/", "I don't know /. Type /help to see what I know."),
        ("/up twelve", "After /up I expect the number of a joke, as in /up 12."),
        ("/up -1", "After /up I expect the number of a joke, as in /up 12."),
        ("/up #", "After /up I expect the number of a joke, as in /up 12."),
        ("/up ##1", "After /up I expect the number of a joke, as in /up 12."),
        ("/up ٣", "After /up I expect the number of a joke, as in /up 12."),
        ("/down 1 2", "After /down I expect the number of a joke, as in /down 12."),
        ("/offensive it", "After /offensive I expect the number of a joke, as in /offensive 12."),
        ("/retrain now", "After /retrain I expect nothing, or cancel, promote or keep."),
        ("/top year", "After /top I expect day, week or all, as in /top week."),
    ],
)
def test_a_line_that_means_nothing_is_answered_with_what_would(line: str, hint: str) -> None:
    assert parse(line) == Misunderstood(hint)


def test_a_hint_shows_no_terminal_escapes_and_no_endless_names() -> None:
    command = parse("/\x1b[31m" + "x" * 1_000_000)
    assert isinstance(command, Misunderstood)
    assert command.hint.isprintable()
    assert len(command.hint) < 100


@given(st.text())
@example("/joke about: opening: about: opening:")
@example("/up " + "9" * 5_000)
@example("/top \ud800")
def test_no_text_breaks_the_parser(line: str) -> None:
    command = parse(line)
    assert (command is None) == (not line.strip())
    if isinstance(command, Misunderstood):
        assert command.hint.endswith(".")


@given(name=st.sampled_from(NAMES), rest=st.text())
def test_no_text_after_a_known_command_breaks_the_parser(name: str, rest: str) -> None:
    command = parse(f"/{name} {rest}")
    assert command is not None
    if isinstance(command, Misunderstood):
        assert name in command.hint
    if isinstance(command, Vote | Flag) and command.joke_id is not None:
        assert 0 <= command.joke_id < 2**63


@given(topic=st.text(), opening=st.text())
def test_what_is_typed_after_the_two_words_arrives_unchanged_but_for_its_ends(
    topic: str, opening: str
) -> None:
    fields = ("about", "opening")
    if any(field in text.lower() for field in fields for text in (topic, opening)):
        return
    assert parse(f"/joke about: {topic} opening: {opening}") == TellJoke(
        topic=topic.strip() or None, opening=opening.strip() or None
    )
