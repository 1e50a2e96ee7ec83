"""What a step takes, on what was measured and on what a data sheet says."""

import pytest

from tests.scaling.assumptions import GPUS, STATED
from tests.scaling.hardware import TOKENS_A_SECOND, GpuSteps, MeasuredSteps, kinds
from tests.scaling.measured import read_measured

TOKENS = 48


@pytest.mark.parametrize("rows", sorted(TOKENS_A_SECOND))
def test_the_steps_add_up_to_the_speeds_that_were_measured(rows: int) -> None:
    steps = MeasuredSteps()
    seconds = steps.read(rows) + (TOKENS - 1) * steps.decode(rows)
    assert rows * TOKENS / seconds == pytest.approx(TOKENS_A_SECOND[rows])


def test_four_candidates_of_one_request_take_about_as_long_as_was_measured() -> None:
    # 0.347 s in docs/performance.md, from another run than the speeds.
    steps = MeasuredSteps()
    assert steps.read(1) + (TOKENS - 1) * steps.decode(4) == pytest.approx(0.347, rel=0.15)


def test_a_gpu_reads_all_weights_for_every_step() -> None:
    gpu = GPUS[0]
    steps = GpuSteps(gpu, STATED, tokens=24)
    weights = 2 * STATED.gpu_model_weights / (gpu.bandwidth * STATED.gpu_efficiency)
    alone = steps.decode(1)
    assert alone == pytest.approx(STATED.gpu_step_seconds + weights, rel=0.01)
    assert alone < steps.decode(128) < 3 * alone


def test_more_bandwidth_is_never_slower() -> None:
    few, many = (GpuSteps(gpu, STATED, tokens=24) for gpu in (GPUS[0], GPUS[-1]))
    assert many.decode(64) < few.decode(64)
    assert many.read(8) < few.read(8)


def test_the_measured_kind_is_the_first() -> None:
    first, *gpus = kinds(read_measured(), STATED, slots=32)
    assert (first.name, first.places) == ("2 CPU cores", 32)
    assert [kind.name for kind in gpus] == [gpu.name for gpu in GPUS]
