"""Whether a need fits depends on the memory and on what comes on top of it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.memory.capacity import GIB, Capacity, Fit, card, here


@pytest.mark.parametrize(
    ("need", "fit"), [(10 * GIB, Fit.YES), (23 * GIB, Fit.TIGHT), (25 * GIB, Fit.NO)]
)
def test_a_card_needs_some_room_to_spare(need: int, fit: Fit) -> None:
    assert card(24).fit(need) is fit


@given(need=st.integers(0, 2**50), size=st.integers(0, 2**50))
def test_less_never_fits_worse(need: int, size: int) -> None:
    order = [Fit.YES, Fit.TIGHT, Fit.NO]
    capacity = Capacity(name="memory", size=size, spare=0.15)
    assert order.index(capacity.fit(need)) <= order.index(capacity.fit(need + 1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_memory_of_the_machine_counts() -> None:
    memory = here(torch.device("cpu"))
    assert memory.name == "this machine's memory"
    assert memory.size > GIB / 4
