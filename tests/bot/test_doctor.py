"""What the doctor sees, and how it says to mend it."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from bot.doctor import examine, show
from bot.findings import Finding, State
from bot.settings import load_settings
from finetune.artifacts import MANIFEST, Manifest, write_version
from finetune.bases import converted_directory
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import TelegramServer

HUB_TOKEN = "hf_" + "averysecrettoken" * 2


async def diagnosis(directory: Path, **changes: str) -> dict[str, Finding]:
    """What is found, by subject, where `directory` is home to everything."""
    environment = {
        "HOME": str(directory),
        "PUNCHLINE_MODEL__BASE": str(directory / "model.gguf"),
        "PUNCHLINE_MODEL__CACHE": str(directory / "cache"),
        "PUNCHLINE_STORE__DIRECTORY": str(directory / "data"),
        **changes,
    }
    settings = load_settings(path=Path(os.devnull), environment=environment)
    return {finding.subject: finding for finding in await examine(settings, file=None)}


def shown(findings: list[Finding], *, terminal: bool) -> str:
    file = io.StringIO()
    show(findings, console=Console(file=file, force_terminal=terminal, width=60, color_system=None))
    return file.getvalue()


async def test_on_a_fresh_machine_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    found = await diagnosis(tmp_path, PUNCHLINE_HUB__TOKEN=HUB_TOKEN)
    assert {finding.state for finding in found.values()} == {State.OK, State.NOTE}
    assert found["configuration"].seen == "built-in defaults; no config.toml"
    assert found["database"].seen == f"{tmp_path}/data/punchline.db is made at the first start"
    assert found["model"].state is State.NOTE
    assert "not prepared yet" in found["model"].seen
    assert "computing in" in found["accelerator"].seen
    assert found["hub token"].seen == "set (hidden)"
    assert "PUNCHLINE_DISCORD__TOKEN" in found["Discord"].seen
    assert "PUNCHLINE_TELEGRAM__TOKEN" in found["Telegram"].seen
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


async def test_everything_that_is_wrong_is_found_at_once_with_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    base = tmp_path / "model.gguf"
    base.write_bytes(b"GGUF")
    prepared = converted_directory(str(base), cache=tmp_path / "cache")
    write_version(
        directory=prepared,
        manifest=Manifest(version="model", base=str(base), template={}),
        fill=lambda into: into.joinpath("model.safetensors").touch(),
    )
    (prepared / "model.safetensors").write_bytes(b"not what was written")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "punchline.db").write_text("no database " * 1_000, encoding="utf-8")

    async with DiscordServer() as discord, TelegramServer() as telegram:
        found = await diagnosis(
            tmp_path,
            PUNCHLINE_GENERATION__DEVICE="cuda",
            PUNCHLINE_HUB__TOKEN=f"x{HUB_TOKEN}"[:20],
            PUNCHLINE_DISCORD__TOKEN="notours.abcdef.abcdef",
            PUNCHLINE_DISCORD__REST_URL=discord.rest_url,
            PUNCHLINE_TELEGRAM__TOKEN="123456:notours",
            PUNCHLINE_TELEGRAM__BASE_URL=telegram.base_url,
        )

    failed = {subject: each for subject, each in found.items() if each.state is State.FAIL}
    assert set(failed) == {
        "database",
        "model",
        "accelerator",
        "hub token",
        "Discord",
        "Telegram",
    }
    assert all(finding.mend for finding in failed.values())
    assert "is damaged" in failed["model"].seen
    assert failed["model"].mend.endswith(f"rm -r {prepared}")
    assert "punchline restore FILE" in failed["database"].mend
    assert (prepared / MANIFEST).is_file()


FINDINGS = [
    Finding(subject="database", state=State.OK, seen="sound"),
    Finding(subject="hub token", state=State.NOTE, seen="not set " * 20),
    Finding(subject="model", state=State.FAIL, seen="[damaged]", mend="remove it: rm -r x"),
]


def test_on_a_terminal_findings_are_a_table_with_mends_below() -> None:
    lines = [line.strip() for line in shown(FINDINGS, terminal=True).splitlines()]
    assert any(line.startswith("✔  database") for line in lines)
    assert any(line.startswith("✘  model") and line.endswith("[damaged]") for line in lines)
    assert any(line.endswith("→ remove it: rm -r x") for line in lines)
    assert max(map(len, lines)) <= 60


def test_through_a_pipe_a_finding_is_one_line_that_is_not_broken() -> None:
    assert shown(FINDINGS, terminal=False).splitlines() == [
        "✔ database: sound",
        f"• hub token: {'not set ' * 20}",
        "✘ model: [damaged]",
        "→ remove it: rm -r x",
    ]
