"""Three pages to read, whoever asks and however."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from bot.jokes import Declined, Reason
from bot.measures import Measures
from bot.monitoring.readiness import Readiness
from bot.monitoring.server import AddressRefusedError, listening, served
from bot.monitoring.vitals import Vitals
from tests.bot.monitoring.test_readiness import Tried

SECONDS = 20.0
MANY = 100


class Site:
    """A server and what it shows."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.measures = Measures()
        self.tried = Tried(at=time.monotonic())

    async def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url) as response:
            return response.status, await response.text()

    async def send(self, request: bytes) -> bytes:
        """Everything that comes back for some bytes until the connection is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(SECONDS):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def site(
    *, tasks: tuple[str, ...] = (), longest_seconds: float = SECONDS
) -> AsyncIterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = Site(listener.getsockname()[1])
        async with served(
            listener,
            registry=here.measures.registry,
            vitals=Vitals(tasks),
            readiness=Readiness(tried=here.tried),
            longest_seconds=longest_seconds,
        ):
            yield here


async def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    async with site() as here:
        here.measures.answered("discord", Declined(reason=Reason.BUSY))
        status, text = await here.get("/metrics")
    assert status == 200
    samples = {
        sample.name: sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["punchline_requests_total"].labels == {"front": "discord", "outcome": "busy"}
    assert samples["punchline_requests_total"].value == 1


async def test_health_says_which_task_has_ended() -> None:
    async with site(tasks=("the writer",)) as here:
        task = asyncio.create_task(asyncio.sleep(SECONDS), name="the writer")
        assert await here.get("/healthz") == (200, '{"status": "ok"}')
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        status, text = await here.get("/healthz")
    assert status == 503
    assert json.loads(text)["reason"] == "These tasks have ended: the writer."


async def test_ready_says_why_not_in_one_sentence() -> None:
    async with site() as here:
        assert await here.get("/readyz") == (200, '{"status": "ok"}')
        here.tried = Tried(Reason.MODEL_DOWN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with served(
            listener,
            registry=Measures().registry,
            vitals=Vitals(()),
            readiness=Readiness(tried=here.tried),
        ):
            status, text = await Site(port).get("/readyz")
    assert status == 503
    assert json.loads(text)["reason"].startswith("No worker can generate")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/metrics/../../etc/passwd", "GET", 404),
        ("/%2e%2e/config.toml", "GET", 404),
        ("/metrics", "POST", 405),
        ("/healthz", "DELETE", 405),
        ("/readyz", "OPTIONS", 405),
        ("/metrics", "HEAD", 200),
    ],
)
async def test_there_is_nothing_else(path: str, method: str, status: int) -> None:
    async with site() as here:
        assert (await here.get(path, method))[0] == status


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /metrics\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"b" * 100_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ],
    ids=["no version", "TLS", "endless path", "endless header", "length", "chunked"],
)
async def test_hostile_bytes_are_answered_or_cut_off_and_the_next_one_is_served(
    request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with site() as here:
        answer = await here.send(request_bytes)
        assert len(answer) < 20_000
        assert b"Traceback" not in answer
        assert (await here.get("/healthz"))[0] == 200


@pytest.mark.parametrize("beginning", [b"", b"GET /metrics HTTP/1.1\r\nX-Slow: "])
async def test_whoever_never_finishes_asking_is_shown_out(beginning: bytes) -> None:
    async with site(longest_seconds=0.2) as here:
        assert await here.send(beginning) == b""
        assert (await here.get("/healthz"))[0] == 200


async def test_asking_for_metrics_all_the_time_does_not_have_them_put_together_each_time() -> None:
    class Rare(Collector):
        asked = 0

        def collect(self) -> Iterator[Metric]:
            self.asked += 1
            yield from ()

    rare = Rare()
    async with site() as here:
        here.measures.registry.register(rare)
        before = rare.asked
        began = time.monotonic()
        for _ in range(20):
            assert (await here.get("/metrics"))[0] == 200
        assert rare.asked - before <= 1 + (time.monotonic() - began)


async def test_many_silent_connections_keep_only_a_few_descriptors() -> None:
    async with site() as here:
        silent = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(MANY)]
        turned_away = 0
        for reader, _ in silent:
            try:
                async with asyncio.timeout(0.02):
                    turned_away += await reader.read() == b""
            except TimeoutError:
                pass
            except ConnectionError:
                turned_away += 1
        assert turned_away >= MANY / 2
        for _, writer in silent:
            writer.close()
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    assert (await here.get("/healthz"))[0] == 200
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)


def test_without_an_address_nothing_listens() -> None:
    with listening("") as listener:
        assert listener is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_address_is_taken_before_anything_else_is_done(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        with listening(f"{host}:{port}") as listener:
            assert listener is not None
            assert listener.getsockname()[1] == port
    except AddressRefusedError as refused:
        if host != "[::1]":
            raise
        pytest.skip(str(refused))


def test_an_address_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressRefusedError) as refused, listening(f"127.0.0.1:{port}"):
            pass
    assert str(refused.value) == (
        f"Nothing can listen on 127.0.0.1:{port} (Address already in use); change metrics.listen."
    )
