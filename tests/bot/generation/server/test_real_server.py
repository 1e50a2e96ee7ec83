"""The same against llama-cpp-python's own server, where that is installed (docs/servers.md)."""

import asyncio
import importlib.util
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.generation.protocol import Sampling
from bot.generation.server.abilities import probed
from bot.generation.server.client import Late, ServerAddress, ServerClient, Unreachable
from finetune.bases import STARTER, gguf_file
from finetune.template import TemplateKind
from tests.bot.generation.pools import PATIENCE, request_for
from tests.bot.generation.server.serving import pool_at, until_serving

_MISSING = [
    name
    for name in ("llama_cpp", "fastapi", "uvicorn", "sse_starlette", "starlette_context")
    if importlib.util.find_spec(name) is None
]
pytestmark = pytest.mark.skipif(bool(_MISSING), reason="needs llama-cpp-python[server]")


@asynccontextmanager
async def llama_server() -> AsyncIterator[str]:
    """The starter on a port of this machine; its URL once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "llama_cpp.server", "--model", str(gguf_file(STARTER))),
        *("--model_alias", "smollm2", "--port", str(port)),
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        await _answering(url)
        yield url
    finally:
        process.kill()
        await process.wait()


async def _answering(url: str) -> None:
    client = ServerClient(address=ServerAddress(url=url))
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await client.models(seconds=5.0)
                except (Unreachable, Late):
                    await asyncio.sleep(0.2)
                else:
                    return
    finally:
        await client.close()


async def test_a_real_server_makes_candidates_of_its_own_for_each_seed() -> None:
    sampling = Sampling(temperature=0.9, top_k=0, top_p=0.95, max_tokens=24)
    async with llama_server() as url:
        client = ServerClient(address=ServerAddress(url=url))
        able = await probed(client, "smollm2", seconds=PATIENCE)
        assert not await client.loads_adapters(seconds=PATIENCE)
        await client.close()
        assert able.limits
        async with pool_at(
            url, model="smollm2", candidates=2, kind=TemplateKind.PLAIN_EXAMPLES
        ) as pool:
            await until_serving(pool)
            made = await pool.generate(request_for("cats", count=2, seed=5, sampling=sampling))
    texts = [candidate.text for candidate in made.candidates]
    assert len(texts) == 2
    assert texts[0] != texts[1]
    assert all(texts)
