"""A text is continued as it stands, word by word, the same for the same seed."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finetune.continuation import ContinuationError, Drawing, continue_text, showable
from finetune.models import LoadedModel, load_model

DRAWING = Drawing(tokens=16, top_k=10, temperature=0.9, seed=5)


@pytest.fixture(scope="module")
def loaded(tiny_version: Path) -> LoadedModel:
    device = torch.device("cpu")
    return load_model(tiny_version, name="tiny", device=device, dtype=torch.float32)


def pieces(loaded: LoadedModel, text: str, drawing: Drawing = DRAWING) -> list[str]:
    written: list[str] = []
    continue_text(loaded, text, drawing=drawing, write=written.append)
    return written


def test_it_comes_word_by_word_and_without_the_prompt(loaded: LoadedModel) -> None:
    written = pieces(loaded, "JOKE: Why did the")
    assert len([piece for piece in written if piece]) > 2
    assert not "".join(written).startswith("JOKE")


def test_the_same_seed_repeats_it_and_another_does_not(loaded: LoadedModel) -> None:
    text = "JOKE: What do you"
    wild = [
        "".join(pieces(loaded, text, Drawing(tokens=16, top_k=0, temperature=3, seed=seed)))
        for seed in (1, 1, 2)
    ]
    assert wild[0] == wild[1] != wild[2]


def test_the_randomness_of_the_process_is_left_alone(loaded: LoadedModel) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    pieces(loaded, "JOKE:")
    assert torch.rand(1) == expected


def test_a_temperature_of_zero_takes_the_likeliest_whatever_the_seed(loaded: LoadedModel) -> None:
    cold = [
        pieces(loaded, "JOKE:", Drawing(tokens=12, top_k=10, temperature=0, seed=seed))
        for seed in (1, 2)
    ]
    assert cold[0] == cold[1]


def test_a_text_beyond_what_the_model_reads_is_refused(loaded: LoadedModel) -> None:
    with pytest.raises(ContinuationError, match="this model reads 512 at most"):
        pieces(loaded, "joke " * 600)


def test_nothing_cannot_be_continued(loaded: LoadedModel) -> None:
    with pytest.raises(ContinuationError, match="nothing to continue"):
        pieces(loaded, "")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=20))
@example(text="\ud800")
@example(text="<|endoftext|>")
def test_any_text_can_be_continued(loaded: LoadedModel, text: str) -> None:
    pieces(loaded, text, Drawing(tokens=2, top_k=10, temperature=0.9, seed=0))


@given(text=st.text())
@example(text="\x1b[2Jgone")
def test_nothing_shown_can_steer_a_terminal(text: str) -> None:
    shown = showable(text)
    assert "\x1b" not in shown
    assert showable(shown) == shown


def test_words_and_lines_are_shown_as_they_are() -> None:
    assert showable("Why?\n\tBecause – “é” 🐈.") == "Why?\n\tBecause – “é” 🐈."
