"""What admins on Telegram see of learning."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.fronts.news import RolledBack
from bot.learning import LearningRefused, ModelLine, Role
from bot.store.version_port import Contribution, Ending, Stage
from tests.bot.fronts.telegram.stage import Stage as TelegramStage
from tests.bot.fronts.telegram.stage import labels_of, staged
from tests.platforms.telegram import Chat, Message, TelegramServer, User
from tests.twins.learner import ScriptedLearner, figure, trial, verdict

PICTURE = b"\x89PNG\r\n\x1a\n and curves"
PAGE = b"<html>and figures</html>"
HOSTILE = "@everyone @ada <b>free</b> /joke `ducks`"


@dataclass(frozen=True, kw_only=True)
class School:
    """A front-end, its owner in a group, and what is learned."""

    stage: TelegramStage
    server: TelegramServer
    learner: ScriptedLearner
    owner: User
    group: Chat

    async def begun(self) -> Message:
        """The message of a run that has just begun."""
        return await self.stage.answered(self.owner, self.group, "/retrain")

    async def asked(self) -> Message:
        """The message of a run that waits for an admin's decision."""
        message = await self.begun()
        await self.learner.put(
            stage=Stage.TRIAL, version="punchline-7", trial=trial(waits_for_admin=True)
        )
        await self.stage.shows(message, "Promote", "Keep the old one")
        return message

    async def shows(self, message: Message, text: str) -> None:
        await self.server.until(lambda: text in message.text)

    async def pressed(self, user: User, message: Message, label: str) -> str:
        press = await self.server.press(user, message, label)
        return (await press.wait()).text


@asynccontextmanager
async def school(server: TelegramServer, **settings: Any) -> AsyncIterator[School]:
    owner, learner = server.user(), ScriptedLearner()
    group = server.group(members=[owner])
    async with staged(server, admins=(str(owner.id),), learner=learner, **settings) as stage:
        yield School(stage=stage, server=server, learner=learner, owner=owner, group=group)


def files(folder: Path) -> dict[str, Path]:
    """The files of a verdict, as parts of a report."""
    picture, page = folder / "verdict.png", folder / "verdict.html"
    picture.write_bytes(PICTURE)
    page.write_bytes(PAGE)
    return {"picture": picture, "page": page}


async def test_the_answer_follows_the_run_to_its_end(server: TelegramServer) -> None:
    async with school(server) as here:
        message = await here.begun()
        (sent,) = server.requests.of("sendMessage")
        assert sent.parameters["text"] == "I have begun to learn from your votes."
        await here.learner.put(stage=Stage.TRAINING, step=3, of=4, loss=2.5, learned_votes=1)
        await here.shows(message, "Learning…")
        assert message.text.splitlines() == [
            "Learning…",
            "█████████░░░ 75 % · loss 2.500",
            "There is 1 vote to learn from.",
        ]
        await here.learner.put(stage=Stage.TRIAL, version="punchline-7", trial=trial())
        await here.shows(message, "It is 87 % sure that punchline-7 is better.")
        await here.learner.put(ending=Ending.RETIRED)
        await here.shows(message, "punchline-7 retires after its trial; punchline-6 stays.")
    assert len(server.messages(here.group)) == 1


async def test_many_steps_are_few_edits(server: TelegramServer) -> None:
    async with school(server) as here:
        message = await here.begun()
        await here.learner.put(stage=Stage.TRAINING, of=200)
        for step in range(200):
            await here.learner.put(step=step)
        await here.learner.put(ending=Ending.CANCELLED)
        await here.shows(message, "That was called off; punchline-6 stays.")
    assert len(message.edits) < 10
    gaps = [after.time - before.time for before, after in itertools.pairwise(message.edits)]
    assert all(gap >= 0.06 for gap in gaps)


async def test_the_verdict_is_a_table_with_pictures_files_and_samples(
    server: TelegramServer, tmp_path: Path
) -> None:
    found = verdict(figure("loss", passed=False), pairs=[("ducks", "An old one.", "A new one.")])
    async with school(server) as here:
        message = await here.begun()
        await here.learner.put(stage=Stage.GATE, verdict=found, **files(tmp_path))
        await server.until(lambda: len(here.group.sent) == 4)
        samples, picture, page = here.group.sent[1:]
    (pre,) = [entity for entity in message.entities if entity.type == "pre"]
    table = message.content.formatted.part(pre)
    assert table.splitlines()[-1] == "✗  Loss of held-out jokes  1.250  1.500  ≤ 1.312"
    assert message.text.endswith("1.500 after 1.250, at most 1.312 is asked for.")
    assert samples.text == "About ducks:\nBefore: An old one.\nAfter: A new one."
    assert (picture.media.kind, picture.media.content) == ("photo", PICTURE)
    assert (page.media.kind, page.media.name, page.media.content) == (
        "document",
        "verdict.html",
        PAGE,
    )
    assert all(each.reply_to is message for each in (samples, picture, page))


async def test_in_a_forum_everything_stays_in_its_topic(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with school(server) as here:
        forum = server.group(members=[here.owner], forum=True)
        thread = server.topic(forum, "Learning")
        await server.say(here.owner, forum, "/retrain", thread=thread)
        await server.until(lambda: forum.sent)
        await here.learner.put(stage=Stage.GATE, verdict=verdict(), **files(tmp_path))
        await server.until(lambda: len(forum.sent) == 3)
    assert {each.thread for each in forum.sent} == {thread}


async def test_samples_ping_nobody_and_are_shown_as_they_are(server: TelegramServer) -> None:
    server.user(username="ada")
    found = verdict(pairs=[(HOSTILE, HOSTILE * 99, HOSTILE)] * 3)
    async with school(server) as here:
        message = await here.begun()
        await here.learner.put(stage=Stage.GATE, version=HOSTILE, doing=HOSTILE, verdict=found)
        await server.until(lambda: len(here.group.sent) == 2)
        await here.learner.put(ending=Ending.FAILED, detail=HOSTILE)
        await here.shows(message, "That went wrong")
    for each in here.group.sent:
        assert each.pinged == []
        assert {entity.type for entity in each.entities} <= {"pre", "bot_command"}
    assert "<b>free</b>" in here.group.sent[1].text


async def test_a_message_deleted_midway_breaks_nothing(server: TelegramServer) -> None:
    async with school(server) as here:
        message = await here.begun()
        message.deleted = True
        await here.learner.put(stage=Stage.TRAINING)
        await server.until(lambda: not here.learner.watching)
        await here.learner.put(ending=Ending.CANCELLED)
        again = await here.begun()
        await here.learner.put(stage=Stage.TRAINING)
        await here.shows(again, "Learning…")


async def test_after_an_outage_the_message_says_what_is_true_then(server: TelegramServer) -> None:
    async with school(server) as here:
        message = await here.begun()
        server.faults.fail("editMessageText", status=502, times=1)
        await here.learner.put(stage=Stage.TRAINING)
        await here.learner.put(ending=Ending.CANCELLED)
        await here.shows(message, "That was called off")


async def test_a_verdict_that_cannot_be_sent_does_not_end_the_following(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with school(server) as here:
        here.group.forbidden = frozenset({"photo", "document"})
        message = await here.begun()
        await here.learner.put(stage=Stage.GATE, verdict=verdict(), **files(tmp_path))
        await here.learner.put(ending=Ending.REJECTED)
        await here.shows(message, "did not pass")
    assert len(here.group.sent) == 1


async def test_a_second_retrain_says_how_the_first_one_stands(server: TelegramServer) -> None:
    async with school(server) as here:
        await here.begun()
        await here.learner.put(stage=Stage.TRAINING, step=1, of=4)
        second = await here.begun()
        assert second.text.splitlines() == [
            "I am learning already; /retrain cancel ends it.",
            "Learning…",
            "███░░░░░░░░░ 25 %",
        ]
        await here.stage.answered(here.owner, here.group, "/retrain CANCEL ")
    assert here.learner.now is not None
    assert here.learner.now.ended


async def test_a_refusal_fills_in_its_numbers(server: TelegramServer) -> None:
    async with school(server) as here:
        here.learner.refusal = LearningRefused("You need {more} more.", more=12)
        assert (await here.begun()).text == "You need 12 more."


# The decision


@pytest.mark.parametrize(
    ("label", "promote", "said"),
    [
        ("Promote", True, "So be it: punchline-7 it is."),
        ("Keep the old one", False, "So be it: punchline-6 it is."),
    ],
)
async def test_an_admin_decides_with_a_button(
    server: TelegramServer, label: str, promote: bool, said: str
) -> None:
    async with school(server) as here:
        message = await here.asked()
        assert await here.pressed(here.owner, message, label) == said
        await here.stage.shows(message)
    assert here.learner.decided == [("punchline-7", promote)]


async def test_nobody_else_decides_and_no_button_is_made_up(server: TelegramServer) -> None:
    ada = server.user()
    async with school(server) as here:
        message = await here.asked()
        refused = await here.pressed(ada, message, "Promote")
        assert refused == "Only the admins of this bot may do that."
        forged = await server.press(here.owner, message, "trial:promote:1:0123456789", stale=True)
        assert (await forged.wait()).text == "I don't know that button any more, sorry."
    assert here.learner.decided == []


async def test_a_button_of_an_earlier_trial_decides_nothing(server: TelegramServer) -> None:
    async with school(server) as here:
        message = await here.asked()
        data = message.button("Promote").data
        await here.learner.put(ending=Ending.RETIRED)
        await here.stage.shows(message)
        await here.asked()
        pressed = await server.press(here.owner, message, data, stale=True)
        assert (await pressed.wait()).text == "That trial is over."
    assert here.learner.decided == []


# News and the rest


async def test_admins_are_asked_and_told_in_their_chat(server: TelegramServer) -> None:
    office = server.group()
    async with school(server, admin_chat=str(office.id)) as here:
        await here.learner.retrain()
        asking = await here.learner.put(
            stage=Stage.TRIAL, version="punchline-7", trial=trial(waits_for_admin=True)
        )
        await here.stage.front.tell_admins(asking)
        (question,) = office.sent
        assert labels_of(question) == ["Promote", "Keep the old one"]
        await here.pressed(here.owner, question, "Keep the old one")
        assert here.learner.now is not None
        await here.stage.front.tell_admins(here.learner.now)
        await here.stage.front.tell_admins(RolledBack(version="punchline-6", failed="new"))
    assert [message.text for message in office.sent[1:]] == [
        "punchline-7 retires after its trial; punchline-6 stays.",
        "new made too many mistakes, so punchline-6 serves again.",
    ]
    assert labels_of(question) == []


async def test_versions_are_a_table_however_many_there_are(server: TelegramServer) -> None:
    async with school(server) as here:
        here.learner.lines = [
            ModelLine(
                version=f"punchline-{number}",
                role=Role.RETIRED,
                parent=None,
                learned_votes=1,
                jokes=2,
                up=1,
                down=0,
            )
            for number in range(200)
        ]
        message = await here.stage.answered(here.owner, here.group, "/models")
    (pre,) = message.entities
    shown = len(message.content.formatted.part(pre).splitlines()) - 1
    assert message.text.endswith(f"\nand {200 - shown} more")


async def test_members_read_what_their_votes_did(server: TelegramServer) -> None:
    async with school(server) as here:
        here.learner.contribution = Contribution(version="punchline-7", votes=31)
        message = await here.stage.answered(here.owner, here.group, "/stats")
    assert message.text.endswith("\nYour 31 votes helped train version punchline-7.")
