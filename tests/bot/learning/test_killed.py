"""SIGKILL at any moment of writing and activating a version leaves one champion that loads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from bot.learning.pruning import sweep
from finetune.models import load_model

REPOSITORY = Path(__file__).parents[3]
EVERY = int(os.environ.get("PUNCHLINE_TESTS_KILL_EVERY", "4"))
"""1 kills after every single call, which takes half a minute."""


def test_sigkill_after_any_call_leaves_exactly_one_champion_that_can_be_loaded(
    tmp_path: Path, tiny_version: Path
) -> None:
    arguments = (str(tmp_path), str(tiny_version), str(EVERY))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bot.learning.killed", *arguments],
        capture_output=True,
        cwd=REPOSITORY,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in seen if line["wrong"]] == []
    champions = [line["champion"] for line in seen]
    # The old one until a moment, the new one from then on.
    assert champions == sorted(champions, reverse=True)
    assert set(champions) == {"old", "new"}
    assert len(champions) * EVERY > 60
    models = tmp_path / "data" / "models"
    sweep(models, abandoned_seconds=-1.0)
    assert sorted(path.name for path in models.iterdir()) == ["new", "old"]
    for directory in models.iterdir():
        loaded = load_model(directory, name="", device=torch.device("cpu"), dtype=torch.float32)
        assert loaded.version == directory.name
