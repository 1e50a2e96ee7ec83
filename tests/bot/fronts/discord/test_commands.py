"""The commands on Discord, and the walk over all of them."""

import re
from typing import Any

import pytest

from bot.communities import Audience, VoteStyle
from bot.languages import Languages, Words
from finetune.moderation import Tier
from tests.bot.fronts.discord.stage import JOKE, Stage, sentences
from tests.platforms.discord.options import ImpossibleError
from tests.platforms.discord.permissions import Permission

MEMBERS = {"joke", "top", "stats", "forget", "help"}
ADMINS = {"retrain", "models", "rollback", "pause"}
MODELS = """```
version   role    from  learned  liked  told
scripted  serves  –           0      –     0
```"""
NAME = re.compile(r"[-_\w]{1,32}")


def each_text(command: dict[str, Any]) -> list[tuple[str, dict[str, Any], bool]]:
    """Every name and description with its translations, and whether it is a name."""
    found = [
        (command["name"], command.get("name_localizations") or {}, True),
        (command["description"], command.get("description_localizations") or {}, False),
    ]
    for option in command["options"]:
        found.append((option["name"], option.get("name_localizations") or {}, True))
        found.append((option["description"], option.get("description_localizations") or {}, False))
        for choice in option.get("choices") or ():
            found.append((choice["name"], choice.get("name_localizations") or {}, False))
    return found


async def test_the_whole_tree_is_described_within_discords_limits(stage: Stage) -> None:
    async with stage.open():
        await stage.use("help")
    commands = stage.server.commands.registered()
    assert set(commands) == MEMBERS | ADMINS | {"settings"}
    for command in commands.values():
        for text, translations, is_name in each_text(command):
            for spelling in (text, *translations.values()):
                assert spelling.strip() == spelling
                assert 0 < len(spelling) <= (32 if is_name else 100)
                assert not is_name or (NAME.fullmatch(spelling) and spelling == spelling.lower())
            assert set(translations) <= {"de", "es-ES", "es-419"}


async def test_no_two_commands_have_the_same_name_in_any_language(stage: Stage) -> None:
    async with stage.open():
        await stage.use("help")
    commands = list(stage.server.commands.registered().values())
    for named in (commands, *(command["options"] for command in commands)):
        for locale in ("en-US", "de", "es-ES", "es-419"):
            names = [
                (each.get("name_localizations") or {}).get(locale, each["name"]) for each in named
            ]
            assert len(set(names)) == len(names)


async def test_who_is_offered_a_command_where(stage: Stage) -> None:
    async with stage.open():
        await stage.use("help")
    guild, direct, private = range(3)
    for name, command in stage.server.commands.registered().items():
        needed = command["default_member_permissions"]
        offered = (command["contexts"], command["integration_types"])
        if name in MEMBERS:
            assert (needed, offered) == (None, ([guild, direct, private], [0, 1])), name
        else:
            assert needed == str(int(Permission.MANAGE_GUILD))
            places = [guild] if name == "settings" else [guild, direct]
            assert offered == (places, [0]), name


async def test_commands_are_registered_only_when_they_have_changed(stage: Stage) -> None:
    for _ in range(2):
        async with stage.open():
            await stage.use("help")
    assert stage.server.commands.puts == {None: 1}
    stage.store.records.notes["discord.commands"] = "those of an earlier release"
    async with stage.open():
        await stage.use("help")
    assert stage.server.commands.puts == {None: 2}


async def test_while_developing_they_are_registered_in_one_guild(stage: Stage) -> None:
    for _ in range(2):
        async with stage.open(development_guild=str(stage.guild.id)):
            message = await stage.told()
    assert stage.server.commands.puts == {stage.guild.id: 1}
    assert message.content


async def test_names_are_translated_where_discord_takes_them(stage: Stage) -> None:
    class German(Words):
        def say(self, text: str, /, **values: object) -> str:
            words = {"joke": "witz", "top": "Die Besten", "Tell a joke": "Erzähl einen Witz"}
            return words.get(text, super().say(text, **values))

    import gettext

    words = German(code="de", translations=gettext.NullTranslations())
    front = stage.front()
    languages = Languages(words={"de": words})
    object.__setattr__(stage.core, "languages", languages)
    async with stage.running(front):
        asked = await stage.use("help", details={"locale": "de"})
        said = await stage.says(asked)
    commands = stage.server.commands.registered()
    assert commands["joke"]["name_localizations"] == {"de": "witz"}
    assert commands["joke"]["description_localizations"] == {"de": "Erzähl einen Witz"}
    assert not commands["top"]["name_localizations"]
    assert "`/witz` – Erzähl einen Witz" in said
    assert "`/top`" in said


async def test_topics_that_made_people_laugh_are_suggested(stage: Stage) -> None:
    async with stage.open():
        message = await (await stage.use("joke", about="ducks")).answer()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
        for typed, expected in (("du", ["ducks"]), ("x", [])):
            found = await stage.server.autocomplete(
                "joke",
                member=stage.ann,
                channel=stage.channel,
                focused="about",
                options={"about": typed},
            )
            assert [choice["value"] for choice in found] == expected

        async def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError

        stage.store.topics = broken  # type: ignore[method-assign]
        found = await stage.server.autocomplete(
            "joke",
            member=stage.ann,
            channel=stage.channel,
            focused="about",
            options={"about": "d"},
        )
        assert found == []


async def test_top_and_stats_are_for_the_asker_alone(stage: Stage) -> None:
    async with stage.open():
        empty = await stage.use("top", period="day")
        assert await stage.says(empty) == "Nobody has voted a joke up here yet."
        message = await stage.told()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
        top = await stage.says(await stage.use("top"))
        stats = await stage.says(await stage.use("stats", stage.bob))
    title, line = top.splitlines()
    assert title == "**The best jokes told here**"
    assert line == "1\\. 👍 1 👎 0 · Why did the \\*duck\\* cross? - To quack up."
    assert stats.splitlines() == [
        "Told here: 1 joke, 1 up and 0 down, 0 reported.",
        "You: 0 jokes, 1 up and 0 down.",
    ]
    assert len(stage.server.messages(stage.channel)) == 1


async def test_help_names_what_the_asker_may_use(stage: Stage) -> None:
    async with stage.open():
        plain = await stage.says(await stage.use("help"))
        of_admin = await stage.says(await stage.use("help", stage.boss))
        direct = stage.server.direct(stage.ann)
        alone = await stage.says(await stage.use("help", channel=direct))
    assert set(re.findall(r"/(\w+)`", plain)) == {*MEMBERS, "settings"}
    assert set(re.findall(r"/(\w+)`", of_admin)) == {*MEMBERS, "settings", *ADMINS}
    assert set(re.findall(r"/(\w+)`", alone)) == MEMBERS


async def test_forgetting_needs_a_yes(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
        question = await (await stage.use("forget", stage.bob)).answer()
        assert question.ephemeral
        await stage.server.press(question, "No, keep them", stage.bob)
        await stage.server.until(lambda: question.content == "Then I forget nothing.")
        assert question.components == []
        question = await (await stage.use("forget", stage.bob)).answer()
        await stage.server.press(question, "Yes, erase them", stage.bob)
        await stage.server.until(lambda: question.content == "Forgotten: 1 vote erased.")
    assert stage.store.rows[1].votes == {}


async def test_an_old_question_of_forget_does_nothing(stage: Stage) -> None:
    async with stage.open():
        message = await stage.told()
        await stage.says(await stage.server.press(message, "👍", stage.bob))
        question = await (await stage.use("forget", stage.bob)).answer()
        question.id -= 301_000 << 22
        await stage.server.press(question, "Yes, erase them", stage.bob)
        await stage.server.until(lambda: "type /forget again" in question.content)
    assert len(stage.store.rows[1].votes) == 1


async def test_settings_are_shown_and_changed_by_those_who_manage_the_guild(
    stage: Stage,
) -> None:
    reports = stage.server.channel(stage.guild)
    async with stage.open():
        before = await stage.says(await stage.use("settings", stage.boss))
        assert before.splitlines()[0] == "Jokes: for the whole family"
        after = await stage.use(
            "settings",
            stage.boss,
            jokes="standard",
            daily=5,
            who="admins",
            votes="buttons",
            language="en",
            reports=reports,
        )
        assert (await stage.says(after)).splitlines() == [
            "Jokes: standard",
            "Jokes for one member in a day: 5",
            "Who may ask: admins only",
            "Votes: buttons",
            "Language: English",
            f"Reports go to: <#{reports.id}>",
        ]
        kept = await stage.core.communities.settings(stage.here)
        with pytest.raises(ImpossibleError):
            await stage.use("settings", stage.ann)
        refused = await stage.says(await stage.use("joke"))
        assert refused == "Only the admins may ask me for jokes here."
        await (await stage.use("joke", stage.boss)).answer()
        await stage.says(await stage.use("settings", stage.boss, language="auto", daily=0))
        now = await stage.core.communities.settings(stage.here)
    assert kept.tier is Tier.STANDARD
    assert kept.audience is Audience.ADMINS
    assert kept.vote_style is VoteStyle.BUTTONS
    assert (kept.daily_jokes, kept.admin_channel) == (5, str(reports.id))
    assert (now.daily_jokes, now.language, now.tier) == (0, "", Tier.STANDARD)


async def test_a_channel_for_reports_that_cannot_be_used_is_pointed_out(stage: Stage) -> None:
    closed = stage.server.channel(stage.guild)
    stage.server.deny(closed, Permission.SEND_MESSAGES)
    async with stage.open():
        said = await stage.says(await stage.use("settings", stage.boss, reports=closed))
    assert said.endswith("I may not write there yet; please allow me to.")


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("retrain", {"action": "cancel"}, "I am not learning anything just now."),
        ("rollback", {"version": "v_1"}, "v\\_1 serves again."),
        ("rollback", {}, "punchline-6 serves again."),
        ("models", {}, MODELS),
        ("pause", {"state": "off"}, "I tell jokes again."),
        ("pause", {}, "Jokes are paused; /pause again lets me go on."),
    ],
)
async def test_the_bots_admins_and_nobody_else(
    stage: Stage, command: str, options: dict[str, Any], said: str
) -> None:
    direct = stage.server.direct(stage.ann)
    async with stage.open():
        assert await stage.says(await stage.use(command, stage.boss, **options)) == said
        paused = stage.core.pause.on
        refused = await stage.use(command, stage.ann, direct, **options)
        assert await stage.says(refused) == "Only the admins of this bot may do that."
        assert stage.core.pause.on is paused
        manager = stage.server.member(administrator=True)
        refused = await stage.use(command, manager, **options)
        assert await stage.says(refused) == "Only the admins of this bot may do that."


async def test_a_paused_bot_says_so(stage: Stage) -> None:
    async with stage.open():
        await stage.says(await stage.use("pause", stage.boss, state="on"))
        asked = await stage.use("joke")
        assert await stage.says(asked) == "I'm taking a break; please try again later."


async def test_a_command_of_an_earlier_release_is_answered(stage: Stage) -> None:
    async with stage.open():
        await stage.use_when_ready("stats")
        (command,) = [
            each for each in stage.server.commands.listed(None) if each["name"] == "stats"
        ]
        command["name"] = "statistics"
        asked = await stage.use("statistics")
        assert await stage.says(asked) == "Sorry, something went wrong; it is noted."
    assert len(sentences(asked)) == 1
    assert JOKE not in sentences(asked)
