"""What admins on Discord see of learning."""

import asyncio
import itertools
from pathlib import Path

import pytest

from bot.fronts.news import RolledBack
from bot.learning import LearningRefused, ModelLine, Role, RunReport
from bot.store.version_port import Contribution, Ending, Stage
from tests.bot.fronts.discord.stage import Stage as DiscordStage
from tests.platforms.discord.message import Message
from tests.platforms.discord.permissions import Permission
from tests.twins.learner import figure, trial, verdict

PICTURE = b"\x89PNG\r\n\x1a\n and curves"
PAGE = b"<html>and figures</html>"
HOSTILE = "@everyone <@1> ``` **free** [ducks](https://example.com) discord.gg/duck"


def buttons(message: Message) -> list[str]:
    return [part["label"] for row in message.components for part in row["components"]]


def files(folder: Path) -> dict[str, Path]:
    """The files of a verdict, as parts of a report."""
    picture, page = folder / "verdict.png", folder / "verdict.html"
    picture.write_bytes(PICTURE)
    page.write_bytes(PAGE)
    return {"picture": picture, "page": page}


async def begun(stage: DiscordStage) -> Message:
    """The message of a run that has just begun."""
    message = await (await stage.use("retrain", stage.boss)).answer()
    await stage.server.until(lambda: message.content and not message.thinking)
    return message


async def shows(stage: DiscordStage, message: Message, text: str) -> None:
    await stage.server.until(lambda: text in message.content)


async def asked(stage: DiscordStage) -> Message:
    """The message of a run that waits for an admin's decision."""
    message = await begun(stage)
    await stage.learner.put(
        stage=Stage.TRIAL, version="punchline-7", trial=trial(waits_for_admin=True)
    )
    await stage.server.until(lambda: buttons(message))
    return message


async def test_the_answer_follows_the_run_to_its_end(stage: DiscordStage) -> None:
    async with stage.open():
        message = await begun(stage)
        assert not message.ephemeral
        assert message.edits[0].content == "I have begun to learn from your votes."
        await stage.learner.put(
            stage=Stage.TRAINING, step=30, of=60, loss=2.5, seconds_left=600, learned_votes=431
        )
        await shows(stage, message, "Learning…")
        assert message.content.splitlines() == [
            "Learning…",
            "██████░░░░░░ 50 % · loss 2.500 · about 10 minutes left",
            "There are 431 votes to learn from.",
        ]
        await stage.learner.put(flooded_votes=60, heaviest_share=0.1, clique_share=0.25)
        await shows(stage, message, "60 votes came in a flood")
        await stage.learner.put(stage=Stage.TRIAL, version="punchline-7", trial=trial())
        await shows(stage, message, "It is 87 % sure that punchline-7 is better.")
        await stage.learner.put(ending=Ending.PROMOTED)
        await shows(stage, message, "punchline-7 serves now, in the place of punchline-6.")
    assert message.components == []


async def test_many_steps_are_few_edits(stage: DiscordStage) -> None:
    async with stage.open():
        message = await begun(stage)
        await stage.learner.put(stage=Stage.TRAINING, of=200)
        for step in range(200):
            await stage.learner.put(step=step)
        await stage.learner.put(ending=Ending.CANCELLED)
        await shows(stage, message, "That was called off; punchline-6 stays.")
    assert len(message.edits) < 10
    gaps = [after.at - before.at for before, after in itertools.pairwise(message.edits[1:])]
    assert all(gap >= 0.08 for gap in gaps)


async def test_the_verdict_is_a_table_with_pictures_files_and_samples(
    stage: DiscordStage, tmp_path: Path
) -> None:
    found = verdict(figure("loss", passed=False), pairs=[("ducks", "An old one.", "A new one.")])
    async with stage.open():
        message = await begun(stage)
        await stage.learner.put(stage=Stage.GATE, verdict=found, **files(tmp_path))
        await stage.server.until(lambda: len(stage.server.messages(stage.channel)) == 2)
        (added,) = [each for each in stage.server.messages(stage.channel) if each is not message]
    assert "✗  Loss of held-out jokes  1.250  1.500  ≤ 1.312" in message.content
    table = message.content.split("```")[1]
    assert len(table.strip().splitlines()) == 2
    assert "1.500 after 1.250" in message.content
    assert added.content == "About ducks:\nBefore: An old one.\nAfter: A new one."
    assert added.answered is message
    sizes = {each["filename"]: each["size"] for each in added.attachments}
    assert sizes == {"verdict.png": len(PICTURE), "verdict.html": len(PAGE)}


async def test_samples_neither_ping_nor_format(stage: DiscordStage, tmp_path: Path) -> None:
    found = verdict(pairs=[(HOSTILE, HOSTILE * 9, "/joke\n# A heading\n- a list")] * 3)
    async with stage.open():
        message = await begun(stage)
        await stage.learner.put(
            stage=Stage.GATE, version=HOSTILE, doing=HOSTILE, detail=HOSTILE, verdict=found
        )
        await stage.server.until(lambda: len(stage.server.messages(stage.channel)) == 2)
        added = stage.server.messages(stage.channel)[-1]
        await stage.learner.put(ending=Ending.FAILED)
        await shows(stage, message, "That went wrong")
    for each in (message, added):
        assert each.pinged == frozenset()
        assert "@everyone" not in each.content
        assert "<@1>" not in each.content.replace("\\<", "")
        assert "**free**" not in each.content
        assert "https://" not in each.content
        assert "\n#" not in each.content
        assert len(each.content) <= 2000
    assert message.content.count("```") == 2


async def test_where_the_bot_may_not_write_the_verdict_is_a_second_answer(
    stage: DiscordStage, tmp_path: Path
) -> None:
    stage.server.deny(stage.channel, Permission.SEND_MESSAGES, Permission.ATTACH_FILES)
    async with stage.open():
        interaction = await stage.use("retrain", stage.boss)
        await interaction.answer()
        await stage.learner.put(stage=Stage.GATE, verdict=verdict(), **files(tmp_path))
        await stage.server.until(lambda: interaction.followups)
    (added,) = interaction.followups
    assert [each["filename"] for each in added.attachments] == ["verdict.png", "verdict.html"]


async def test_files_that_are_gone_are_left_out(stage: DiscordStage, tmp_path: Path) -> None:
    parts = files(tmp_path)
    parts["picture"].unlink()
    async with stage.open():
        await begun(stage)
        await stage.learner.put(stage=Stage.GATE, verdict=verdict(), **parts)
        await stage.server.until(lambda: len(stage.server.messages(stage.channel)) == 2)
    added = stage.server.messages(stage.channel)[-1]
    assert [each["filename"] for each in added.attachments] == ["verdict.html"]


async def test_a_message_deleted_midway_breaks_nothing(stage: DiscordStage) -> None:
    async with stage.open():
        message = await begun(stage)
        stage.server.delete_message(message)
        await stage.learner.put(stage=Stage.TRAINING, step=1, of=2)
        await stage.server.until(lambda: not stage.learner.watching)
        await stage.learner.put(ending=Ending.CANCELLED)
        again = await begun(stage)
        await stage.learner.put(stage=Stage.TRAINING)
        await shows(stage, again, "Learning…")


async def test_after_an_outage_the_message_says_what_is_true_then(stage: DiscordStage) -> None:
    async with stage.open():
        message = await begun(stage)
        stage.server.faults.drop_answer("PATCH .*messages")
        await stage.learner.put(stage=Stage.TRAINING)
        await shows(stage, message, "Learning…")
        stage.server.faults.fail("PATCH .*messages", status=503)
        await stage.learner.put(ending=Ending.CANCELLED)
        await shows(stage, message, "That was called off")


async def test_once_the_token_is_old_the_bot_edits_in_its_own_name(
    stage: DiscordStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.fronts.discord.replies.TOKEN_SECONDS", 0.5)
    async with stage.open():
        message = await begun(stage)
        await stage.server.until(lambda: stage.learner.watching)
        await asyncio.sleep(0.6)
        await stage.learner.put(stage=Stage.TRAINING)
        await shows(stage, message, "Learning…")
    assert stage.server.counts["PATCH", "/channels/{channel}/messages/{message}", 200] == 1


async def test_a_second_retrain_says_how_the_first_one_stands(stage: DiscordStage) -> None:
    async with stage.open():
        await begun(stage)
        await stage.learner.put(stage=Stage.TRAINING, step=1, of=4)
        second = await stage.use("retrain", stage.boss)
        assert (await stage.says(second)).splitlines() == [
            "I am learning already; /retrain cancel ends it.",
            "Learning…",
            "███░░░░░░░░░ 25 %",
        ]
    assert len(stage.server.messages(stage.channel)) == 1


async def test_too_few_votes_are_refused_to_the_admin_alone(stage: DiscordStage) -> None:
    stage.learner.refusal = LearningRefused("You need {more} more.", more="*12*")
    async with stage.open():
        refused = await stage.use("retrain", stage.boss)
        assert await stage.says(refused) == "You need \\*12\\* more."
    assert stage.server.messages(stage.channel) == []


async def test_retrain_is_cancelled(stage: DiscordStage) -> None:
    async with stage.open():
        message = await begun(stage)
        said = await stage.says(await stage.use("retrain", stage.boss, action="cancel"))
        assert said == "I stop learning; everything stays as it was."
        await shows(stage, message, "That was called off")


async def test_retrain_is_for_admins(stage: DiscordStage) -> None:
    manager = stage.server.member(administrator=True)
    async with stage.open():
        for options in ({}, {"action": "cancel"}):
            refused = await stage.use("retrain", manager, **options)
            assert await stage.says(refused) == "Only the admins of this bot may do that."
    assert stage.learner.now is None
    assert stage.server.messages(stage.channel) == []


# The decision


@pytest.mark.parametrize(
    ("label", "promote", "said"),
    [
        ("Promote", True, "So be it: punchline-7 it is."),
        ("Keep the old one", False, "So be it: punchline-6 it is."),
    ],
)
async def test_an_admin_decides_with_a_button(
    stage: DiscordStage, label: str, promote: bool, said: str
) -> None:
    async with stage.open():
        message = await asked(stage)
        assert buttons(message) == ["Promote", "Keep the old one"]
        assert "Shall punchline-7 serve from now on?" in message.content
        pressed = await stage.server.press(message, label, stage.boss)
        assert await stage.says(pressed) == said
        await stage.server.until(lambda: not message.components)
    assert stage.learner.decided == [("punchline-7", promote)]


async def test_nobody_else_decides(stage: DiscordStage) -> None:
    manager = stage.server.member(administrator=True)
    async with stage.open():
        message = await asked(stage)
        pressed = await stage.server.press(message, "Promote", manager)
        assert await stage.says(pressed) == "Only the admins of this bot may do that."
    assert stage.learner.decided == []
    assert buttons(message)


async def test_a_button_of_an_earlier_trial_decides_nothing(stage: DiscordStage) -> None:
    office = stage.server.channel(stage.guild)
    async with stage.open(admin_channel=str(office.id)) as front:
        message = await asked(stage)
        await front.tell_admins(await stage.learner.put())
        (question,) = stage.server.messages(office)
        await stage.learner.put(ending=Ending.RETIRED)
        await stage.server.until(lambda: not message.components)
        await asked(stage)
        pressed = await stage.server.press(question, "Promote", stage.boss)
        assert await stage.says(pressed) == "That trial is over."
    assert stage.learner.decided == []


# News


async def test_admins_are_asked_and_told_in_their_channel(stage: DiscordStage) -> None:
    office = stage.server.channel(stage.guild)
    async with stage.open(admin_channel=str(office.id)) as front:
        await stage.learner.retrain()
        asking = await stage.learner.put(
            stage=Stage.TRIAL, version="punchline-7", trial=trial(waits_for_admin=True)
        )
        await front.tell_admins(asking)
        (question,) = stage.server.messages(office)
        pressed = await stage.server.press(question, "Promote", stage.boss)
        await stage.says(pressed)
        ended = stage.learner.now
        assert isinstance(ended, RunReport)
        await front.tell_admins(ended)
        await front.tell_admins(RolledBack(version="punchline-6", failed="punchline_7"))
    assert [message.content for message in stage.server.messages(office)[1:]] == [
        "punchline-7 serves now, in the place of punchline-6.",
        "punchline\\_7 made too many mistakes, so punchline-6 serves again.",
    ]
    assert question.components == []


async def test_without_a_channel_nobody_is_told(stage: DiscordStage) -> None:
    async with stage.open() as front:
        await front.tell_admins(RolledBack(version="a", failed="b"))
    assert stage.server.messages(stage.channel) == []


# The versions


async def test_a_long_list_of_versions_is_cut(stage: DiscordStage) -> None:
    stage.learner.lines = [
        ModelLine(
            version=f"punchline`{number}",
            role=Role.RETIRED,
            parent=None,
            learned_votes=1,
            jokes=2,
            up=1,
            down=0,
        )
        for number in range(100)
    ]
    async with stage.open():
        said = await stage.says(await stage.use("models", stage.boss))
    assert len(said) <= 2000
    assert said.count("`") == 6
    shown = len(said.split("```")[1].strip().splitlines()) - 1
    assert said.endswith(f"and {100 - shown} more")


async def test_members_read_what_their_votes_did(stage: DiscordStage) -> None:
    stage.learner.contribution = Contribution(version="punchline_7", votes=31)
    async with stage.open():
        said = await stage.says(await stage.use("stats"))
    assert said.splitlines()[-1] == "Your 31 votes helped train version punchline\\_7."
