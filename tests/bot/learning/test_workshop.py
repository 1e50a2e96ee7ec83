"""How the trainer is started follows from the settings."""

import os
from pathlib import Path
from typing import Any

import pytest

from bot.generation.cluster.ray_cluster import has_ray
from bot.learning.process import FinetuneError
from bot.learning.workshop import FinetuneWorkshop
from bot.model import ServedModel
from bot.settings import GenerationSettings, RaySettings, Settings, StoreSettings, TrainingSettings

# Stands for a training program that has nothing to learn.
PROGRAM = """
import json, sys
print(json.dumps({"stage": "done", "arguments": sys.argv[1:]}))
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `python -m finetune` the program above."""
    package = tmp_path / "finetune"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")


async def started(tmp_path: Path, **training: Any) -> list[str]:
    """What the program was told of where and how to compute."""
    settings = Settings(
        training=TrainingSettings(**training),
        generation=GenerationSettings(device="cpu"),
        ray=RaySettings(address="head:6379"),
        store=StoreSettings(directory=tmp_path / "data"),
    )
    heard: list[Any] = []
    await FinetuneWorkshop(settings=settings).teach(
        parent=ServedModel(name="parent", directory=tmp_path / "parent"),
        votes=tmp_path / "votes.jsonl",
        corpus=tmp_path / "corpus",
        version=tmp_path / "version",
        resume=False,
        hear=heard.append,
    )
    arguments: list[str] = heard[-1]["arguments"]
    return arguments[arguments.index("--restart") + 1 : arguments.index("--device")]


async def test_by_itself_it_is_one_process_with_half_of_the_threads(tmp_path: Path) -> None:
    half = max(1, (os.cpu_count() or 1) // 2)
    assert await started(tmp_path) == ["--threads", str(half)]


async def test_several_workers_here_share_them(tmp_path: Path) -> None:
    share = max(1, (os.cpu_count() or 1) // 2 // 2)
    assert await started(tmp_path, workers=2) == ["--workers", "2", "--threads", str(share)]
    assert await started(tmp_path, workers=2, threads=3) == ["--workers", "2", "--threads", "3"]


@pytest.mark.skipif(not has_ray(), reason="Ray is not installed")
async def test_on_ray_the_settings_name_the_cluster(tmp_path: Path) -> None:
    assert await started(tmp_path, where="ray", workers=4, threads=2) == [
        *("--ray", "head:6379", "--workers", "4", "--threads", "2")
    ]
    assert await started(tmp_path, where="ray") == ["--ray", "head:6379", "--threads", "1"]


@pytest.mark.skipif(has_ray(), reason="Ray is installed")
async def test_without_ray_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match=r"pip install 'punchline\[ray\]'"):
        await started(tmp_path, where="ray")
