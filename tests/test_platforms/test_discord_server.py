"""The local Discord, driven by the genuine discord.py."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.platforms.discord.limits import Limit
from tests.platforms.discord.options import ImpossibleError
from tests.platforms.discord.permissions import Permission
from tests.platforms.discord.places import Channel
from tests.platforms.discord.server import DiscordServer

Reply = Callable[[discord.Interaction], Awaitable[None]]
FAST = Limit(requests=100, seconds=1.0)


class Bot(discord.Client):
    """A bot with one command, whose answer a test writes."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        wanted = discord.Intents(
            guilds=True, guild_reactions=True, dm_reactions=True, guild_messages=True
        )
        # The library would wait two seconds for more guilds to come.
        super().__init__(intents=intents or wanted, guild_ready_timeout=0.02)
        self.tree = app_commands.CommandTree(self)
        self.seen: list[tuple[str, Any]] = []
        self.failures: list[discord.HTTPException] = []
        self.reply: Reply = _nothing

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once, where the library would wait for five seconds."""

    async def setup_hook(self) -> None:
        @self.tree.command(name="joke", description="Tell a joke")
        @app_commands.allowed_installs(guilds=True, users=True)
        async def joke(interaction: discord.Interaction, about: str | None = None) -> None:
            self.seen.append(("joke", about))
            try:
                await self.reply(interaction)
            except discord.HTTPException as error:
                self.failures.append(error)

        @joke.autocomplete("about")
        async def topics(
            interaction: discord.Interaction, typed: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"{typed}s", value=typed)]

        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await self.reply(interaction)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.seen.append(("add", (event.message_id, event.user_id, str(event.emoji))))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.seen.append(("remove", (event.message_id, event.user_id, str(event.emoji))))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.seen.append(("deleted", event.message_id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.seen.append(("left", guild.id))


class Stage:
    """A server with a guild, a channel and a member, and a bot that may be started there."""

    def __init__(self, server: DiscordServer, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.guild = server.guild(locale="de")
        self.channel = server.channel(self.guild)
        self.member = server.member(locale="es-ES")
        self._running: list[tuple[discord.Client, asyncio.Task[None]]] = []
        patch.setattr(discord.http.Route, "BASE", server.rest_url)
        gateway = yarl.URL(server.gateway_url)
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)

    async def start(self, bot: Bot | None = None) -> Bot:
        """A bot that is ready."""
        bot = bot or Bot()
        self._running.append((bot, asyncio.create_task(bot.start(self.server.token))))
        await self.server.connected()
        await asyncio.wait_for(bot.wait_until_ready(), 20)
        return bot

    async def joke(self, bot: Bot, reply: Reply) -> Any:
        """Use the command, and what the member did once the bot's reply is through."""
        bot.reply = _told(done := asyncio.Event(), reply)
        interaction = await self.server.slash("joke", member=self.member, channel=self.channel)
        await asyncio.wait_for(done.wait(), 20)
        return interaction

    def text_channel(self, bot: Bot, channel: Channel | None = None) -> discord.TextChannel:
        """A channel as the bot knows it."""
        found = bot.get_channel((channel or self.channel).id)
        assert isinstance(found, discord.TextChannel)
        return found

    async def close(self) -> None:
        for bot, running in self._running:
            await bot.close()
            await asyncio.gather(running, return_exceptions=True)
        # The library leaves its connector to close in the next turns of the loop.
        await asyncio.sleep(0.05)


async def _nothing(interaction: discord.Interaction) -> None:
    """A bot that does not react."""


def _told(done: asyncio.Event, reply: Reply) -> Reply:
    async def told(interaction: discord.Interaction) -> None:
        try:
            await reply(interaction)
        finally:
            done.set()

    return told


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
async def stage(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    made = Stage(server, monkeypatch)
    yield made
    await made.close()


async def test_a_bot_logs_in_and_finds_its_guilds(stage: Stage) -> None:
    bot = await stage.start()
    (guild,) = bot.guilds
    assert (guild.id, str(guild.preferred_locale)) == (stage.guild.id, "de")
    channel = stage.text_channel(bot)
    assert channel.permissions_for(guild.me).add_reactions
    assert bot.user is not None
    assert bot.user.id == stage.server.application_id


async def test_a_wrong_token_is_refused(stage: Stage) -> None:
    bot = Bot()
    with pytest.raises(discord.LoginFailure):
        await bot.start("wrong")
    await bot.close()


async def test_a_token_that_is_reset_ends_the_bot(stage: Stage) -> None:
    bot = Bot()
    running = asyncio.create_task(bot.start(stage.server.token))
    await stage.server.connected()
    stage.server.faults.refuse_token()
    with pytest.raises(discord.ConnectionClosed) as refusal:
        await asyncio.wait_for(running, 20)
    assert refusal.value.code == 4004
    await bot.close()


async def test_privileged_intents_have_to_be_allowed(stage: Stage) -> None:
    bot = Bot(intents=discord.Intents(guilds=True, message_content=True))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await bot.start(stage.server.token)
    await bot.close()


async def test_the_commands_of_a_bot_are_registered_once(stage: Stage) -> None:
    await stage.start()
    assert list(stage.server.commands.registered()) == ["joke"]
    assert stage.server.commands.puts == {None: 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Joke"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "a joke"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "j" * 33}, "BASE_TYPE_BAD_LENGTH"),
        ({"description": ""}, "BASE_TYPE_BAD_LENGTH"),
        ({"description": "d" * 101}, "BASE_TYPE_BAD_LENGTH"),
        ({"name_localizations": {"es": "broma"}}, "BASE_TYPE_CHOICES"),
        ({"name_localizations": {"de": "Witz"}}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"description_localizations": {"de": "w" * 101}}, "BASE_TYPE_BAD_LENGTH"),
        ({"contexts": [0, 3]}, "BASE_TYPE_CHOICES"),
        ({"integration_types": []}, "BASE_TYPE_BAD_LENGTH"),
        ({"default_member_permissions": "all"}, "NUMBER_TYPE_COERCE"),
        (
            {
                "options": [
                    {"type": 3, "name": "about", "description": "d"},
                    {"type": 3, "name": "opening", "description": "d", "required": True},
                ]
            },
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            {"options": [{"type": 3, "name": f"o{n}", "description": "d"} for n in range(26)]},
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {
                "options": [
                    {
                        "type": 3,
                        "name": "about",
                        "description": "d",
                        "choices": [{"name": "n", "value": "v" * 101}],
                    }
                ]
            },
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {
                "options": [
                    {"type": 1, "name": f"o{n}", "description": "d" * 100, "options": inner}
                    for n in range(4)
                    for inner in [
                        [{"type": 3, "name": f"i{m}", "description": "d" * 100} for m in range(20)]
                    ]
                ]
            },
            "APPLICATION_COMMAND_TOO_LARGE",
        ),
    ],
)
async def test_a_command_against_the_rules_is_refused(
    stage: Stage, change: dict[str, Any], code: str
) -> None:
    bot = await stage.start()
    good = {"name": "good", "description": "A good one", "type": 1}
    with pytest.raises(discord.HTTPException) as refusal:
        await bot.http.bulk_upsert_global_commands(
            stage.server.application_id,
            payload=[good, {**good, "name": "joke", **change}],
        )
    assert refusal.value.code == 50035
    assert code in repr(refusal.value._errors)
    assert list(stage.server.commands.registered()) == ["joke"]


async def test_a_deferred_answer_is_edited_in(stage: Stage) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        assert str(interaction.locale) == "es-ES"
        assert str(interaction.guild_locale) == "de"
        await interaction.response.defer()
        await interaction.edit_original_response(content="In line: 2")
        await interaction.edit_original_response(content="Two cats walk into a bar.")

    interaction = await stage.joke(bot, reply)
    assert interaction.deferred
    assert 0 < interaction.acknowledged_after < 3
    (answer,) = interaction.answers
    assert answer.content == "Two cats walk into a bar."
    assert [edit.content for edit in interaction.edits] == ["In line: 2", answer.content]
    assert stage.server.messages(stage.channel) == [answer]


async def test_the_first_followup_takes_over_the_thinking_message_and_its_privacy(
    stage: Stage,
) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("only you", ephemeral=False)
        await interaction.followup.send("everybody", ephemeral=False)

    interaction = await stage.joke(bot, reply)
    assert [(each.content, each.ephemeral) for each in interaction.answers] == [
        ("only you", True),
        ("everybody", False),
    ]
    public = stage.server.messages(stage.channel)
    assert [message.content for message in public] == ["everybody"]
    own = stage.server.messages(stage.channel, seen_by=stage.member)
    assert [message.content for message in own] == ["only you", "everybody"]


async def test_an_ephemeral_message_does_not_exist_for_the_channel(stage: Stage) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    interaction = await stage.joke(bot, reply)
    with pytest.raises(discord.NotFound) as refusal:
        await stage.text_channel(bot).get_partial_message(interaction.original.id).fetch()
    assert refusal.value.code == 10008


async def test_an_interaction_is_acknowledged_once(stage: Stage) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    interaction = await stage.joke(bot, reply)
    stage.server.deliver_again(interaction)
    await stage.server.until(lambda: bot.failures)
    assert bot.failures[0].code == 40060


async def test_an_interaction_waits_three_seconds_and_can_be_answered_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordServer(acknowledge_within=0.2, token_seconds=0.4) as server:
        stage = Stage(server, monkeypatch)
        bot = await stage.start()

        async def too_late(interaction: discord.Interaction) -> None:
            await asyncio.sleep(0.25)
            await interaction.response.defer()

        async def much_too_late(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            await asyncio.sleep(0.45)
            await interaction.edit_original_response(content="late")

        interaction = await stage.joke(bot, too_late)
        assert not interaction.acknowledged
        interaction = await stage.joke(bot, much_too_late)
        assert not interaction.answers
        assert [error.code for error in bot.failures] == [10062, 50027]
        await stage.close()


async def test_an_answer_before_the_acknowledgement_has_nowhere_to_go(stage: Stage) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.followup.send("too soon")

    await stage.joke(bot, reply)
    assert bot.failures[0].code == 10015


async def test_a_message_has_two_thousand_characters_at_most(stage: Stage) -> None:
    bot = await stage.start()
    channel = stage.text_channel(bot)
    await channel.send("x" * 2000)
    for content, code in (("x" * 2001, 50035), (" \n", 50006)):
        with pytest.raises(discord.HTTPException) as refusal:
            await channel.send(content)
        assert refusal.value.code == code
    assert len(stage.server.messages(stage.channel)) == 1


async def test_who_is_pinged_is_up_to_the_allowed_mentions(stage: Stage) -> None:
    bot = await stage.start()
    channel = stage.text_channel(bot)
    content = f"@everyone {stage.member.mention} <@&77>"
    await channel.send(content)
    await channel.send(content, allowed_mentions=discord.AllowedMentions(users=False))
    await channel.send(content, allowed_mentions=discord.AllowedMentions.none())
    assert [message.pinged for message in stage.server.messages(stage.channel)] == [
        {"@everyone", stage.member.mention, "<@&77>"},
        {"@everyone", "<@&77>"},
        set(),
    ]


async def test_buttons_answer_and_change_their_message(stage: Stage) -> None:
    bot = await stage.start()
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(custom_id="up:7", emoji="👍", label="1"))
    sent = await stage.text_channel(bot).send("A joke.", view=view)

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="A joke, liked.")

    bot.reply = reply
    message = stage.server.message(sent.id)
    assert message is not None
    for which in ("up:7", "👍", "1"):
        interaction = await stage.server.press(message, which, stage.member)
        await interaction.acknowledgement()
    assert message.content == "A joke, liked."
    assert len(message.edits) == 3
    with pytest.raises(ImpossibleError):
        await stage.server.press(message, "👎", stage.member)


@pytest.mark.parametrize(
    "buttons",
    [
        [{"custom_id": "a", "label": "x"}, {"custom_id": "a", "label": "y"}],
        [{"custom_id": "a" * 101, "label": "x"}],
        [{"custom_id": "a", "label": "x" * 81}],
        [{"custom_id": "a"}],
        [{"custom_id": "a", "emoji": {"name": "up"}}],
        [{"custom_id": str(number), "label": "x"} for number in range(6)],
    ],
)
async def test_components_against_the_rules_are_refused(
    stage: Stage, buttons: list[dict[str, Any]]
) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 2, **each} for each in buttons]}
    async with _rest(stage.server) as session:
        answer = await session.post(
            f"{stage.server.rest_url}/channels/{stage.channel.id}/messages",
            json={"content": "A joke.", "components": [row]},
        )
        assert (answer.status, (await answer.json())["code"]) == (400, 50035)


def _rest(server: DiscordServer) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"})


async def test_a_member_uses_menus_and_modals(stage: Stage) -> None:
    bot = await stage.start()
    told: list[object] = []

    class Why(discord.ui.Modal, title="Why?"):
        reason: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Reason", max_length=20)

        async def on_submit(self, interaction: discord.Interaction) -> None:
            told.append(self.reason.value)
            await interaction.response.send_message("Thanks.", ephemeral=True)

    modal = Why(custom_id="why")

    async def reply(interaction: discord.Interaction) -> None:
        told.append(dict(interaction.data or {}).get("values"))
        await interaction.response.send_modal(modal)

    view = discord.ui.View(timeout=None)
    options = [discord.SelectOption(label=tier) for tier in ("family", "adult")]
    view.add_item(discord.ui.Select(custom_id="tier", options=options))
    sent = await stage.text_channel(bot).send("Which?", view=view)
    bot.reply = reply
    message = stage.server.message(sent.id)
    assert message is not None
    chosen = await stage.server.choose(message, "tier", ["adult"], stage.member)
    await chosen.acknowledgement()
    field = modal.reason.custom_id
    with pytest.raises(ImpossibleError):
        await stage.server.submit("why", {field: "x"}, stage.server.member())
    submitted = await stage.server.submit("why", {field: "It is funny"}, stage.member)
    assert (await submitted.answer()).ephemeral
    assert told == [["adult"], "It is funny"]


async def test_a_topic_is_completed(stage: Stage) -> None:
    await stage.start()
    choices = await stage.server.autocomplete(
        "joke",
        member=stage.member,
        channel=stage.channel,
        focused="about",
        options={"about": "cat"},
    )
    assert [(choice["name"], choice["value"]) for choice in choices] == [("cats", "cat")]


async def test_reactions_reach_a_bot_that_does_not_know_the_message(stage: Stage) -> None:
    bot = await stage.start()
    message = await stage.server.say(stage.channel, stage.member, "Not a joke.")
    direct = await stage.server.say(stage.server.direct(stage.member), stage.member, "Hello.")
    other = stage.server.member(bot=True)
    await stage.server.react(message, "👍", other)
    await stage.server.react(message, "👍", other)
    await stage.server.unreact(message, "👍", other)
    await stage.server.react(direct, "👎", stage.member)
    await stage.server.until(lambda: len(bot.seen) >= 3)
    assert bot.seen == [
        ("add", (message.id, other.id, "👍")),
        ("remove", (message.id, other.id, "👍")),
        ("add", (direct.id, stage.member.id, "👎")),
    ]


async def test_the_bot_hears_of_its_own_reactions(stage: Stage) -> None:
    bot = await stage.start()
    sent = await stage.text_channel(bot).send("A joke.")
    await sent.add_reaction("👍")
    await stage.server.until(lambda: bot.seen)
    assert bot.seen == [("add", (sent.id, stage.server.application_id, "👍"))]
    with pytest.raises(discord.HTTPException) as refusal:
        await sent.add_reaction("funny")
    assert refusal.value.code == 10014


async def test_reactions_are_not_told_without_the_intent(stage: Stage) -> None:
    bot = await stage.start(Bot(intents=discord.Intents(guilds=True)))
    message = await stage.server.say(stage.channel, stage.member, "Not a joke.")
    await stage.server.react(message, "👍", stage.member)
    stage.server.kick_bot(stage.guild)
    await stage.server.until(lambda: bot.seen)
    assert bot.seen == [("left", stage.guild.id)]


@pytest.mark.parametrize(
    ("denied", "code"),
    [
        (Permission.SEND_MESSAGES, 50013),
        (Permission.VIEW_CHANNEL, 50001),
        (Permission.ATTACH_FILES, 50013),
    ],
)
async def test_what_the_bot_may_not_do_is_refused(
    stage: Stage, denied: Permission, code: int
) -> None:
    bot = await stage.start()
    stage.server.deny(stage.channel, denied)
    with pytest.raises(discord.Forbidden) as refusal:
        await stage.text_channel(bot).send("Look!", file=discord.File(io.BytesIO(b"x"), "x.txt"))
    assert refusal.value.code == code


async def test_reacting_needs_permission_only_for_the_first(stage: Stage) -> None:
    bot = await stage.start()
    sent = await stage.text_channel(bot).send("A joke.")
    message = stage.server.message(sent.id)
    assert message is not None
    stage.server.deny(stage.channel, Permission.ADD_REACTIONS)
    await stage.server.react(message, "👍", stage.member)
    await sent.add_reaction("👍")
    with pytest.raises(discord.Forbidden) as refusal:
        await sent.add_reaction("👎")
    assert refusal.value.code == 50013


async def test_what_is_gone_is_unknown(stage: Stage) -> None:
    bot = await stage.start()
    channel = stage.text_channel(bot)
    sent = await channel.send("A joke.")
    message = stage.server.message(sent.id)
    assert message is not None
    stage.server.delete_message(message)
    await stage.server.until(lambda: ("deleted", sent.id) in bot.seen)
    codes = []
    for channel_too in (False, True):
        if channel_too:
            stage.server.delete_channel(stage.channel)
        with pytest.raises(discord.NotFound) as refusal:
            await sent.edit(content="Changed.")
        codes.append(refusal.value.code)
    assert codes == [10008, 10003]


async def test_a_member_who_blocks_the_bot_cannot_be_written_to(stage: Stage) -> None:
    bot = await stage.start()
    blocking = stage.server.member(blocks_bot=True)
    with pytest.raises(discord.Forbidden) as refusal:
        await (await bot.fetch_channel(stage.server.direct(blocking).id)).send("Hello")  # type: ignore[union-attr]
    assert refusal.value.code == 50007


async def test_the_library_keeps_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"messages": Limit(requests=2, seconds=0.3)}
    async with DiscordServer(limits=limits) as server:
        stage = Stage(server, monkeypatch)
        bot = await stage.start()
        channel = stage.text_channel(bot)
        await asyncio.gather(*(channel.send(f"Joke {number}") for number in range(5)))
        assert len(server.messages(stage.channel)) == 5
        assert not server.limits.exceeded
        await stage.close()


async def test_going_beyond_a_limit_is_refused_until_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordServer(limits={"typing": Limit(requests=1, seconds=0.3)}) as server:
        channel = server.channel(server.guild())
        async with _rest(server) as session:
            address = f"{server.rest_url}/channels/{channel.id}/typing"
            first = await session.post(address)
            second = await session.post(address)
            told = await second.json()
            await asyncio.sleep(told["retry_after"])
            third = await session.post(address)
        assert [answer.status for answer in (first, second, third)] == [204, 429, 204]
        assert not told["global"]
        assert first.headers["X-RateLimit-Remaining"] == "0"
        assert server.limits.exceeded == {"typing": 1}


async def test_faults_strike_as_planned(stage: Stage) -> None:
    bot = await stage.start()
    channel = stage.text_channel(bot)
    faults = stage.server.faults
    faults.rate_limit("POST .*/messages", retry_after=0.2)
    await channel.send("One.")
    faults.drop_answer("POST .*/messages")
    with pytest.raises(aiohttp.ClientError):
        await channel.send("Two.")
    faults.hang("POST .*/messages", seconds=0.2)
    await channel.send("Three.")
    faults.fail("POST .*/messages", status=503)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("Four.")
    sent = [message.content for message in stage.server.messages(stage.channel)]
    assert sent == ["One.", "Two.", "Three."]
    assert faults.impatient == 0
    statuses = [each.status for each in stage.server.requests if "/messages" in each.path]
    assert statuses == [429, 200, 200, 200, 503]


async def test_a_resumed_session_gets_what_it_missed(stage: Stage) -> None:
    bot = await stage.start()
    message = await stage.server.say(stage.channel, stage.member, "Not a joke.")
    stage.server.faults.drop_gateway()
    assert not stage.server.gateway.connected()
    await stage.server.react(message, "👍", stage.member)
    await stage.server.until(lambda: stage.server.gateway.resumed)
    await stage.server.react(message, "👎", stage.member)
    await stage.server.until(lambda: len(bot.seen) >= 2)
    assert [emoji for _, (_, _, emoji) in bot.seen] == ["👍", "👎"]
    assert stage.server.gateway.identified == 1


async def test_a_session_that_is_lost_begins_anew(stage: Stage) -> None:
    bot = await stage.start()
    stage.server.faults.drop_gateway(resumable=False)
    await stage.server.until(lambda: stage.server.gateway.identified == 2)
    message = await stage.server.say(stage.channel, stage.member, "Not a joke.")
    await stage.server.react(message, "👍", stage.member)
    await stage.server.until(lambda: bot.seen)
    assert stage.server.gateway.resumed == 0


async def test_a_bot_comes_again_when_asked(stage: Stage) -> None:
    await stage.start()
    stage.server.faults.ask_reconnect()
    await stage.server.until(lambda: stage.server.gateway.resumed)


async def test_a_connection_without_heartbeats_is_closed() -> None:
    async with (
        DiscordServer(heartbeat_seconds=0.1) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.gateway_url}?v=10&encoding=json") as connection,
    ):
        hello = await connection.receive_json()
        assert hello["d"] == {"heartbeat_interval": 100}
        closed = await connection.receive(timeout=10)
        assert closed.data == 4009


async def test_the_port_can_be_closed_and_opened_again(stage: Stage) -> None:
    bot = await stage.start()
    address = stage.server.rest_url
    await stage.server.stop()
    with pytest.raises(OSError, match="connect"):
        await stage.text_channel(bot).send("Anybody there?")
    await stage.server.start_again()
    assert stage.server.rest_url == address
    await stage.text_channel(bot).send("There you are.")


async def test_members_install_the_bot_for_themselves(stage: Stage) -> None:
    bot = await stage.start()

    async def reply(interaction: discord.Interaction) -> None:
        bot.seen.append(("user", interaction.is_user_integration()))
        await interaction.response.send_message("A joke.")

    bot.reply = reply
    server = stage.server
    places = [
        server.channel(server.guild(present=False)),
        server.private(stage.member, server.member()),
        server.direct(stage.member),
    ]
    for place in places:
        interaction = await server.slash(
            "joke", member=stage.member, channel=place, options={"about": "cats"}
        )
        assert (await interaction.answer()).content == "A joke."
    assert [told for what, told in bot.seen if what == "user"] == [True, True, False]
    async with _rest(server) as session:
        answer = await session.get(f"{server.rest_url}/channels/{places[0].id}")
        assert (await answer.json())["code"] == 50001


async def test_what_the_client_does_not_offer_cannot_be_done(stage: Stage) -> None:
    await stage.start()
    member, channel = stage.member, stage.channel
    with pytest.raises(ImpossibleError):
        await stage.server.slash("riddle", member=member, channel=channel)
    with pytest.raises(ImpossibleError):
        await stage.server.slash("joke", member=member, channel=channel, options={"of": "x"})
    with pytest.raises(ImpossibleError):
        await stage.server.slash("joke", member=member, channel=channel, options={"about": 3})
    adults = {"name": "admin", "description": "d", "default_member_permissions": "0"}
    stage.server.commands.upsert(None, adults)
    with pytest.raises(ImpossibleError):
        await stage.server.slash("admin", member=member, channel=channel)
    admin = stage.server.member(administrator=True)
    assert await stage.server.slash("admin", member=admin, channel=channel)


async def test_shards_hear_of_their_own_guilds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sharded(discord.AutoShardedClient):
        async def before_identify_hook(
            self, shard_id: int | None, *, initial: bool = False
        ) -> None:
            """Identify at once."""

    async with DiscordServer(shards=2, everywhere=FAST) as server:
        stage = Stage(server, monkeypatch)
        others = [server.guild() for _ in range(4)]
        bot = Sharded(intents=discord.Intents(guilds=True), guild_ready_timeout=0.02)
        running = asyncio.create_task(bot.start(server.token))
        await server.connected(shards=2)
        await asyncio.wait_for(bot.wait_until_ready(), 20)
        assert {guild.id for guild in bot.guilds} == {stage.guild.id, *(g.id for g in others)}
        assert {guild.shard_id for guild in bot.guilds} == {0, 1}
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_presence_of_the_bot_is_noted(stage: Stage) -> None:
    bot = await stage.start()
    await bot.change_presence(activity=discord.CustomActivity("starter-3"))
    await stage.server.until(lambda: stage.server.presences)
    assert stage.server.presences[-1]["activities"][0]["state"] == "starter-3"


async def test_without_a_list_of_requests_they_are_still_counted() -> None:
    async with DiscordServer(keep_requests=False) as server, _rest(server) as session:
        await session.get(f"{server.rest_url}/users/@me")
        assert not server.requests
        assert server.counts["GET", "/users/@me", 200] == 1
