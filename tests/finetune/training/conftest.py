"""What the tests of training share: written once, never changed."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.finetune.training.material import write_base, write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-four jokes to train on and eight held out."""
    return write_corpus(tmp_path_factory.mktemp("corpus") / "small")


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untaught base of the Llama family."""
    return write_base(tmp_path_factory.mktemp("bases") / "llama")


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untaught base of the GPT-2 family, which has dropout."""
    return write_base(tmp_path_factory.mktemp("bases") / "gpt2", family="gpt2")


@pytest.fixture(scope="package", autouse=True)
def quick_collections() -> Iterator[None]:
    """A trainer collects garbage twice a run, and would go through every imported module."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
