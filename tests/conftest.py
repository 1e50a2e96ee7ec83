"""What many tests share: a tiny model version, taught once a run."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.tiny import write_tiny_version

# The time limit of each test is enough; a limit for each example only fails on busy machines.
settings.register_profile("punchline", settings.default, deadline=None)
settings.load_profile("punchline")


@pytest.fixture(scope="session")
def tiny_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a tiny Llama-family version called `tiny`."""
    return write_tiny_version(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_gpt2_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a tiny GPT-2-family version called `tiny`."""
    return write_tiny_version(tmp_path_factory.mktemp("models") / "tiny-gpt2", family="gpt2")
