"""What the person at the terminal, who owns the machine, sees of learning."""

import asyncio
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from bot.fronts.learning_screen import LearningScreen
from bot.fronts.terminal import TerminalFront
from bot.learning import LearningRefused, ModelLine, Role
from bot.service import JokeService
from bot.store.version_port import Contribution, Ending, Stage
from tests.campaigns.waiting import until
from tests.twins.conversation import Talk
from tests.twins.generator import ScriptedGenerator
from tests.twins.learner import ScriptedLearner, figure, trial, verdict
from tests.twins.service import service_on
from tests.twins.store import MemoryStore

SECONDS = 20
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
BUSY = "I am learning already; /retrain cancel ends it."


def service() -> JokeService:
    return service_on(store=MemoryStore(), generator=ScriptedGenerator([]))


def talk_with(learner: ScriptedLearner) -> Talk:
    return Talk(service(), learner=learner)


async def read(talk: Talk, line: str) -> None:
    await until(lambda: line in talk.read, seconds=SECONDS)


async def test_a_run_is_watched_until_its_gate_in_few_lines(tmp_path: Path) -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    watching = asyncio.create_task(talk.say("/retrain"))
    await read(talk, "Choosing the votes to learn from…")
    await learner.put(stage=Stage.TRAINING, of=100, learned_votes=431, flooded_votes=2)
    await read(talk, "Learning… ░░░░░░░░░░░░ 0 %")
    for step in (5, 10, 25, 30, 50, 55, 75, 99):
        await learner.put(step=step)
        # Each is seen, but only each quarter said.
        await asyncio.sleep(0.02)
    await read(talk, "Learning… █████████░░░ 75 %")
    await learner.put(
        stage=Stage.TRIAL,
        of=0,
        version="punchline-7",
        verdict=verdict(pairs=[("ducks", "An old one.", "A new one.")]),
        picture=tmp_path / "verdict.png",
        page=tmp_path / "verdict.html",
        trial=trial(),
    )
    lines = await watching
    assert lines[:5] == [
        "I have begun to learn from your votes.",
        "Choosing the votes to learn from…",
        "There are 431 votes to learn from.",
        "2 votes came in a flood from new members; I left them out.",
        "Learning… ░░░░░░░░░░░░ 0 %",
    ]
    assert len([line for line in lines if line.startswith("Learning…")]) == 4
    assert lines[-9:] == [
        "The new version has passed:",
        "                             old    new    limit",
        "✓  Loss of held-out jokes  1.250  1.500  ≤ 1.312",
        "About ducks:",
        "Before: An old one.",
        "After: A new one.",
        f"Curves: {tmp_path / 'verdict.png'}",
        f"Report: {tmp_path / 'verdict.html'}",
        "Trying punchline-7 out on a part of all requests.",
    ]


async def test_a_run_that_ends_early_says_why() -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    watching = asyncio.create_task(talk.say("/retrain"))
    await until(lambda: learner.watching == 1, seconds=SECONDS)
    await learner.put(
        ending=Ending.REJECTED,
        version="punchline-7",
        detail="It did not pass.",
        verdict=verdict(figure("loss", passed=False)),
    )
    lines = await watching
    assert lines[-3:] == [
        "✗ Loss of held-out jokes: 1.500 after 1.250, at most 1.312 is asked for.",
        "punchline-7 did not pass; punchline-6 stays.",
        "It did not pass.",
    ]
    assert not learner.watching


async def test_a_second_retrain_says_how_the_first_one_stands() -> None:
    learner = ScriptedLearner()
    await learner.retrain()
    await learner.put(stage=Stage.TRAINING, step=1, of=2, loss=2.5)
    assert await talk_with(learner).say("/retrain") == [
        BUSY,
        "Learning…",
        "██████░░░░░░ 50 % · loss 2.500",
    ]


async def test_a_run_is_called_off() -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    assert await talk.say("/retrain cancel") == ["I am not learning anything just now."]
    await learner.retrain()
    assert await talk.say("/retrain cancel") == ["I stop learning; everything stays as it was."]


@pytest.mark.parametrize(
    ("line", "promote", "said"),
    [
        ("/retrain promote", True, "So be it: punchline-7 it is."),
        ("/retrain keep", False, "So be it: punchline-6 it is."),
    ],
)
async def test_a_trial_is_decided(line: str, promote: bool, said: str) -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    assert await talk.say(line) == ["That trial is over."]
    await learner.retrain()
    await learner.put(stage=Stage.TRIAL, trial=trial(waits_for_admin=True))
    assert await talk.say(line) == [said]
    assert learner.decided == [("punchline-7", promote)]


async def test_versions_are_listed_and_rolled_back() -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    listed = await talk.say("/models")
    assert [line.split()[0] for line in listed] == ["version", "scripted"]
    assert await talk.say("/rollback", "/rollback punchline-2") == [
        "punchline-6 serves again.",
        "punchline-2 serves again.",
    ]
    assert learner.rolled_back == [None, "punchline-2"]


@pytest.mark.parametrize("line", ["/retrain", "/rollback"])
async def test_a_refusal_is_a_sentence_with_its_numbers(line: str) -> None:
    learner = ScriptedLearner()
    learner.refusal = LearningRefused("You need {more} more.", more=12)
    assert await talk_with(learner).say(line) == ["You need 12 more."]


async def test_members_read_what_their_votes_did() -> None:
    learner = ScriptedLearner()
    learner.contribution = Contribution(version="punchline-7", votes=1)
    assert (await talk_with(learner).say("/stats"))[-1] == (
        "Your vote helped train version punchline-7."
    )


# Watching comes to an end


async def test_ctrl_c_ends_the_watching_and_not_the_run() -> None:
    learner = ScriptedLearner()
    talk = talk_with(learner)
    front, running = front_at(talk, "/retrain", "/retrain")
    await until(lambda: learner.watching == 1, seconds=SECONDS)
    assert front.interrupt()
    await read(talk, BUSY)
    assert talk.read[2:4] == [
        "I go on learning; /retrain shows how far I am, /retrain cancel ends it.",
        BUSY,
    ]
    assert not learner.watching
    assert learner.now is not None
    assert not learner.now.ended
    front.stop()
    await asyncio.wait_for(running, SECONDS)


async def test_a_bot_that_stops_waits_for_no_run() -> None:
    learner = ScriptedLearner()
    front, running = front_at(talk_with(learner), "/retrain")
    await until(lambda: learner.watching == 1, seconds=SECONDS)
    front.stop()
    await asyncio.wait_for(running, SECONDS)
    assert not learner.watching


def front_at(talk: Talk, *lines: str) -> tuple[TerminalFront, "asyncio.Task[None]"]:
    """A terminal where a person types these lines and then nothing more."""

    async def typed():  # type: ignore[no-untyped-def]
        for line in lines:
            yield line
        await asyncio.Event().wait()

    front = TerminalFront(
        conversation=talk.conversation, lines=typed(), say=talk.screen.answer, interactive=True
    )
    return front, asyncio.create_task(front.run())


# On a terminal


async def test_on_a_terminal_a_live_line_and_tables() -> None:
    paper = io.StringIO()
    screen = LearningScreen(console=Console(file=paper, force_terminal=True, width=70))
    learner = ScriptedLearner()
    await learner.retrain()
    with screen.watching() as show:
        show(await learner.put(stage=Stage.TRAINING, step=1, of=2, doing="[bold]x[/bold]"))
        await until(lambda: "[bold]x[/bold]" in seen(paper), seconds=SECONDS)
        show(await learner.put(verdict=verdict(), stage=Stage.GATE))
        show(await learner.put(stage=Stage.TRIAL, version="punchline-7"))
    assert "Trying punchline-7 out on a part of all requests.\n" in seen(paper)
    with screen.watching() as show:
        show(await learner.put(ending=Ending.PROMOTED))
    screen.models(
        [
            ModelLine(
                version="[red]v[/red]",
                role=Role.CHAMPION,
                parent="base",
                learned_votes=5,
                jokes=9,
                up=1,
                down=1,
                low=0.25,
                high=0.75,
            )
        ]
    )
    text = seen(paper)
    assert "██████░░░░░░ 50 %" in text
    assert re.search(r"✓ +Loss of held-out jokes +1.250 +1.500 +≤ 1.312", text)
    assert "punchline-7 serves now, in the place of punchline-6." in text
    assert re.search(r"\[red\]v\[/red\] +serves +base +5 +50 % \(25–75\) +9", text)


def seen(paper: io.StringIO) -> str:
    return ESCAPES.sub("", paper.getvalue())
