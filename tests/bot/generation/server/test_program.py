"""The whole program with a server as its generator: jokes, votes, the shelf, doctor, bad days."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import App, open_app
from bot.doctor import examine
from bot.findings import State
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest, Reason
from bot.learning.port import LearningRefused
from bot.model import ready_model
from bot.settings import Settings, SettingsError
from tests.bot.generation.pools import PATIENCE
from tests.bot.generation.server.test_versions import settings_for
from tests.campaigns.waiting import until
from tests.clean_jokes import CLEAN_JOKES
from tests.platforms.openai import Fault, OpenAIServer

HERE = Community(front="memory", key="here")


@asynccontextmanager
async def app_on(settings: Settings) -> AsyncIterator[App]:
    model = ready_model(settings)
    assert model is not None
    async with open_app(settings, model=model) as app:
        yield app


def ask(app: App, *, member: str = "ada", topic: str | None = None) -> "asyncio.Task[Answer]":
    request = JokeRequest(community=HERE, member=member, topic=topic, operator=True)
    return asyncio.create_task(app.service.tell(request))


async def test_a_joke_of_the_server_is_told_voted_on_and_not_told_again(tmp_path: Path) -> None:
    async with (
        OpenAIServer() as server,
        app_on(settings_for(tmp_path, server.url, SHELF__ENABLED="false")) as app,
    ):
        first, second = await ask(app), await ask(app)
        assert isinstance(first, Joke)
        assert isinstance(second, Joke)
        assert {first.text, second.text} <= set(CLEAN_JOKES)
        assert first.text != second.text
        assert first.model_version == "humour"
        assert await app.service.vote(first.id, "bob", 1)
        [line] = await app.core.learner.models()
        assert (line.version, line.jokes, line.up) == ("humour", 2, 1)


async def test_idle_time_fills_the_shelf_from_the_server(tmp_path: Path) -> None:
    async with (
        OpenAIServer() as server,
        app_on(
            settings_for(tmp_path, server.url, SHELF__QUIET_SECONDS="0", SHELF__JOKES_PER_SHELF="2")
        ) as app,
    ):
        await until(lambda: len(server.asked) >= 1, seconds=PATIENCE)
        assert isinstance(await ask(app), Joke)


async def test_the_bot_starts_without_its_server_apologises_and_recovers(tmp_path: Path) -> None:
    server = OpenAIServer()
    await server.start()
    await server.stop()
    async with app_on(settings_for(tmp_path, server.url)) as app:
        answer = await ask(app, topic="cats")
        assert isinstance(answer, Declined)
        assert answer.reason is Reason.MODEL_DOWN
        await server.start()
        try:
            await until(lambda: app.fleet.serves is not None, seconds=PATIENCE)
            assert isinstance(await ask(app), Joke)
        finally:
            await app.drain()
            await server.stop()


async def test_every_request_of_a_bad_day_has_one_answer(tmp_path: Path) -> None:
    faults = [
        Fault(status=500),
        Fault(status=429, headers={"Retry-After": "0.05"}),
        Fault(drops=True),
        Fault(body=b"{"),
        Fault(breaks_off=True),
        Fault(status=503),
    ]
    async with (
        OpenAIServer() as server,
        app_on(settings_for(tmp_path, server.url, SHELF__ENABLED="false")) as app,
    ):
        await until(lambda: app.fleet.serves is not None, seconds=PATIENCE)
        server.go_wrong(*faults)
        answers = await asyncio.gather(*(ask(app, member=f"member {n}") for n in range(12)))
        assert len(answers) == 12
        reasons = [answer.reason for answer in answers if isinstance(answer, Declined)]
        assert set(reasons) <= {Reason.BUSY, Reason.GAVE_UP, Reason.NOTHING_FIT}
        assert sum(isinstance(answer, Joke) for answer in answers) >= 8


async def test_retraining_is_refused_before_it_starts_where_nothing_can_be_swapped(
    tmp_path: Path,
) -> None:
    async with OpenAIServer() as server, app_on(settings_for(tmp_path, server.url)) as app:
        with pytest.raises(LearningRefused, match="cannot swap models while it runs"):
            await app.core.learner.retrain()
        assert await app.core.learner.report() is None


async def findings(settings: Settings) -> dict[str, tuple[State, str, str]]:
    found = await examine(settings, file=None)
    return {each.subject: (each.state, each.seen, each.mend) for each in found}


async def test_doctor_says_what_a_server_offers(tmp_path: Path) -> None:
    async with OpenAIServer(adapters=True) as server:
        found = await findings(settings_for(tmp_path, server.url))
    assert found["server"][:2] == (State.OK, f"{server.url} answers and serves humour")
    assert {name: found[name][0] for name in found if name.startswith("server")} == {
        "server": State.OK,
        "server's candidates": State.OK,
        "server's ranking": State.OK,
        "server's versions": State.OK,
    }
    assert "accelerator" not in found
    assert found["model"][0] is State.OK


async def test_probabilities_are_not_asked_for_where_the_settings_say_so(tmp_path: Path) -> None:
    async with OpenAIServer() as server:
        settings = settings_for(
            tmp_path, server.url, SERVER__LOGPROBS="false", SHELF__ENABLED="false"
        )
        found = await findings(settings)
        assert found["server's ranking"][0] is State.NOTE
        assert "server.logprobs is false" in found["server's ranking"][1]
        async with app_on(settings) as app:
            assert isinstance(await ask(app), Joke)
        assert server.completions
        assert not any("logprobs" in asked for asked in server.completions)


async def test_doctor_says_what_a_server_does_not_offer(tmp_path: Path) -> None:
    async with OpenAIServer(refuses=["n", "logprobs"]) as server:
        found = await findings(settings_for(tmp_path, server.url))
    assert found["server"][0] is State.OK
    for subject in ("server's candidates", "server's ranking", "server's versions"):
        assert found[subject][0] is State.NOTE


@pytest.mark.parametrize(
    ("changes", "seen", "mend"),
    [
        ({"SERVER__MODEL": "wrong"}, "it has humour", "server.model"),
        ({"SERVER__TOKEN": "wrong"}, "401", "as it says"),
        ({"SERVER__URL": "http://127.0.0.1:1/v1"}, "cannot be reached", "start the server"),
    ],
)
async def test_doctor_says_how_to_mend_a_server(
    tmp_path: Path, changes: dict[str, str], seen: str, mend: str
) -> None:
    async with OpenAIServer(key="right") as server:
        settings = settings_for(tmp_path, server.url, **{"SERVER__TOKEN": "right", **changes})
        state, said, how = (await findings(settings))["server"]
    assert state is State.FAIL
    assert seen in said
    assert mend in how


def test_a_server_without_a_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"PUNCHLINE_GENERATION__WHERE.* server.model is"):
        settings_for(tmp_path, "http://127.0.0.1:1/v1", SERVER__MODEL="")


def test_the_key_of_the_server_is_a_secret(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "http://127.0.0.1:1/v1", SERVER__TOKEN="very-secret")
    assert settings.secrets() == ("very-secret",)
    assert "very-secret" not in repr(settings)
