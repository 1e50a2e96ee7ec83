"""Tokens are drawn exactly as temperature, top-k and nucleus sampling define it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.sampling import DRAWS, SamplingRows, sample, sample_at_once, uniforms

CPU = torch.device("cpu")
ALMOST_ONE = math.nextafter(1.0, 0.0)


def peaked_logits(vocabulary: int, *, seed: int = 0, spread: float = 2.5) -> torch.Tensor:
    """Logits [vocabulary] without ties, in no order."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(vocabulary, generator=generator) * spread


def flat_logits(vocabulary: int) -> torch.Tensor:
    """Logits [vocabulary] without ties whose likeliest token has hardly more than its share."""
    order = torch.randperm(vocabulary, generator=torch.Generator().manual_seed(1))
    return order.float() / vocabulary / 10


def draw(
    logits: torch.Tensor, *, temperature: float, top_k: int, top_p: float, number: int = 6000
) -> torch.Tensor:
    """Tokens [number] drawn from logits [vocabulary] with a fixed seed."""
    generator = torch.Generator().manual_seed(7)
    drawn = []
    for start in range(0, number, 2000):
        rows = min(2000, number - start)
        settings_of_all = SamplingRows.of(
            [(temperature, top_k, top_p)] * rows, vocabulary=len(logits), device=CPU
        )
        uniform = torch.rand((rows, DRAWS), generator=generator)
        drawn.append(sample(logits.expand(rows, -1), settings_of_all, uniform)[0])
    return torch.cat(drawn)


def exact(logits: torch.Tensor, *, temperature: float, top_k: int, top_p: float) -> torch.Tensor:
    """The distribution [vocabulary] as the papers define it, in float64."""
    probabilities = torch.softmax(logits.double() / temperature, dim=-1)
    ordered, order = probabilities.sort(descending=True)
    kept = ordered.cumsum(0) - ordered < top_p
    kept &= torch.arange(len(ordered)) < (top_k or len(ordered))
    nucleus = torch.zeros_like(probabilities)
    nucleus[order] = torch.where(kept, ordered, 0.0)
    return nucleus / nucleus.sum()


SETTINGS = [
    (1.0, 0, 1.0),
    (0.7, 0, 1.0),
    (1.6, 0, 0.9),
    (1.0, 5, 1.0),
    (1.0, 0, 0.5),
    (0.9, 40, 0.95),
    (1.3, 3, 0.2),
    (1.0, 1, 1.0),
]


@pytest.mark.parametrize("vocabulary", [17, 300])
@pytest.mark.parametrize(("temperature", "top_k", "top_p"), SETTINGS)
def test_tokens_come_as_often_as_the_exact_distribution_says(
    vocabulary: int, temperature: float, top_k: int, top_p: float
) -> None:
    logits = peaked_logits(vocabulary)
    expected = exact(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    drawn = draw(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    counts = torch.bincount(drawn, minlength=vocabulary).double()
    assert counts[expected == 0].sum() == 0
    assert_chi_square_fits(counts, expected)


def assert_chi_square_fits(counts: torch.Tensor, expected: torch.Tensor) -> None:
    """Pearson's test at about five standard deviations; rare tokens are counted together."""
    wanted = expected * counts.sum()
    rare = wanted < 10
    observed = torch.cat([counts[~rare], counts[rare].sum()[None]])
    wanted = torch.cat([wanted[~rare], wanted[rare].sum()[None]])
    observed, wanted = observed[wanted > 0], wanted[wanted > 0]
    statistic = ((observed - wanted) ** 2 / wanted).sum().item()
    freedom = max(1, len(wanted) - 1)
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize(
    ("logits", "top_k", "top_p"),
    [
        (flat_logits(700), 1, 1.0),
        (flat_logits(700), 4, 1.0),
        (flat_logits(700), 0, 0.01),
        (-torch.arange(100) / 20, 0, 0.2),
        (torch.arange(100) / 20, 0, 0.2),
    ],
    ids=["one of 700", "four of 700", "a hundredth of 700", "the first tokens", "the last tokens"],
)
def test_a_nucleus_that_holds_little_of_the_mass_is_still_drawn_from_exactly(
    logits: torch.Tensor, top_k: int, top_p: float
) -> None:
    """Many or all rows miss their five quick tries here and are drawn by sorting."""
    expected = exact(logits, temperature=1.0, top_k=top_k, top_p=top_p)
    drawn = draw(logits, temperature=1.0, top_k=top_k, top_p=top_p, number=4000)
    counts = torch.bincount(drawn, minlength=len(logits)).double()
    assert counts[expected == 0].sum() == 0
    assert_chi_square_fits(counts, expected)


def test_temperature_zero_takes_the_likeliest_token_whatever_the_randomness() -> None:
    logits = torch.stack([peaked_logits(300, seed=seed) for seed in range(20)])
    rows = SamplingRows.of([(0.0, 0, 1.0)] * 20, vocabulary=300, device=CPU)
    for value in (0.0, 0.5, ALMOST_ONE):
        tokens, _ = sample(logits, rows, torch.full((20, DRAWS), value))
        assert tokens.tolist() == logits.argmax(-1).tolist()


def test_rows_with_different_settings_do_not_disturb_each_other() -> None:
    logits = torch.stack([peaked_logits(300, seed=seed) for seed in range(len(SETTINGS) + 1)])
    mixed = [*SETTINGS, (0.0, 0, 1.0)]
    uniform = torch.rand((len(mixed), DRAWS), generator=torch.Generator().manual_seed(3))
    together, scores = sample(logits, SamplingRows.of(mixed, vocabulary=300, device=CPU), uniform)
    for number, setting in enumerate(mixed):
        alone, score = sample(
            logits[number : number + 1],
            SamplingRows.of([setting], vocabulary=300, device=CPU),
            uniform[number : number + 1],
        )
        assert alone.item() == together[number].item()
        assert score.item() == pytest.approx(scores[number].item(), abs=1e-6)


def test_log_probabilities_are_the_models_own_before_temperature_and_truncation() -> None:
    logits = peaked_logits(300).expand(500, -1)
    rows = SamplingRows.of([(2.0, 3, 0.4)] * 500, vocabulary=300, device=CPU)
    uniform = torch.rand((500, DRAWS), generator=torch.Generator().manual_seed(5))
    tokens, logprobs = sample(logits, rows, uniform)
    own = torch.log_softmax(logits.double(), dim=-1).gather(1, tokens[:, None]).squeeze(1)
    torch.testing.assert_close(logprobs.double(), own, atol=1e-5, rtol=0)


edges = st.sampled_from([0.0, 1e-8, 0.5, 1 - 2**-24])


@settings(max_examples=200)
@given(
    values=st.lists(
        st.floats(min_value=-60, max_value=60, width=32) | st.sampled_from([-1e30, -math.inf, 90]),
        min_size=1,
        max_size=600,
    ),
    temperature=st.sampled_from([0.0, 0.05, 1.0, 5.0]),
    top_k=st.integers(min_value=0, max_value=5),
    top_p=st.sampled_from([1e-6, 0.3, 0.9, 1.0]),
    uniform=st.lists(
        edges | st.floats(min_value=0, max_value=1 - 2**-24, width=32),
        min_size=DRAWS,
        max_size=DRAWS,
    ),
)
def test_no_spike_edge_or_gap_ever_yields_a_token_outside_the_nucleus(
    values: list[float], temperature: float, top_k: int, top_p: float, uniform: list[float]
) -> None:
    logits = torch.tensor([[0.0, *values]])
    rows = SamplingRows.of([(temperature, top_k, top_p)], vocabulary=logits.shape[1], device=CPU)
    tokens, logprobs = sample(logits, rows, torch.tensor([uniform]))
    probabilities = torch.softmax(logits[0].double() / (temperature or 1e-9), dim=-1)
    drawn = probabilities[tokens]
    likelier = probabilities > drawn * (1 + 1e-4)
    assert drawn > 0
    assert likelier.sum() < (top_k or logits.shape[1])
    assert probabilities[likelier].sum() < top_p + 1e-5
    assert -math.inf < logprobs.item() <= 1e-5


@pytest.mark.parametrize("value", [0.0, 1 - 2**-24])
def test_rounding_never_lands_on_a_token_that_cannot_come(value: float) -> None:
    logits = torch.randn((3000, 700), generator=torch.Generator().manual_seed(2))
    impossible = torch.ones(700, dtype=torch.bool)
    impossible[300:420] = impossible[530:550] = False
    logits[:, impossible] = -math.inf
    rows = SamplingRows.of([(1.0, 0, 1.0)] * 3000, vocabulary=700, device=CPU)
    tokens, _ = sample(logits, rows, torch.full((3000, DRAWS), value))
    assert not impossible[tokens].any()


@pytest.mark.parametrize("vocabulary", [1, 255, 256, 257, 511, 49152, 50257])
def test_the_first_and_the_last_token_can_be_drawn_whatever_the_size(vocabulary: int) -> None:
    logits = torch.zeros((2, vocabulary))
    rows = SamplingRows.of([(1.0, 0, 1.0)] * 2, vocabulary=vocabulary, device=CPU)
    uniform = torch.tensor([[0.0] * DRAWS, [1 - 2**-24] * DRAWS])
    tokens, _ = sample(logits, rows, uniform)
    assert tokens.tolist() == [0, vocabulary - 1]


def test_the_randomness_of_a_candidate_is_its_seeds_alone() -> None:
    assert torch.equal(uniforms(11, 64), uniforms(11, 64))
    assert not torch.equal(uniforms(11, 64), uniforms(12, 64))
    assert torch.equal(uniforms(11, 64)[:20], uniforms(11, 20))
    assert uniforms(11, 64).shape == (64, DRAWS)


@pytest.mark.parametrize(("temperature", "top_k", "top_p"), [*SETTINGS, (0.0, 0, 1.0)])
@pytest.mark.parametrize("logits", [peaked_logits(1000), flat_logits(1000)], ids=["peaked", "flat"])
def test_all_tries_at_once_give_what_one_after_the_other_gives(
    logits: torch.Tensor, temperature: float, top_k: int, top_p: float
) -> None:
    rows = SamplingRows.of([(temperature, top_k, top_p)] * 500, vocabulary=1000, device=CPU)
    uniform = torch.rand((500, DRAWS), generator=torch.Generator().manual_seed(3))
    many = logits.expand(500, -1)
    expected, logprobs = sample(many, rows, uniform)

    got, own = sample_at_once(many, rows, uniform, sort=True)
    unsorted, _ = sample_at_once(many, rows, uniform, sort=False)

    assert torch.equal(got, expected)
    torch.testing.assert_close(own, logprobs, atol=1e-4, rtol=1e-4)
    missed = unsorted < 0
    assert torch.equal(unsorted[~missed], expected[~missed])


def test_rows_that_miss_every_try_say_so_and_greedy_ones_never_do() -> None:
    rows = SamplingRows.of([(1.0, 1, 1.0), (0.0, 1, 1.0)] * 50, vocabulary=1000, device=CPU)
    uniform = torch.rand((100, DRAWS), generator=torch.Generator().manual_seed(3))

    tokens, _ = sample_at_once(flat_logits(1000).expand(100, -1), rows, uniform, sort=False)

    assert (tokens[::2] < 0).sum() > 40
    assert (tokens[1::2] >= 0).all()
