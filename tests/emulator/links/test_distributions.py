"""Distributions: their stated quantiles, their bounds, and the streams made of them."""

from __future__ import annotations

from itertools import islice, repeat

import numpy as np
import pytest
from pydantic import ValidationError

from emulator.links.distributions import (
    BLOCK,
    Categorical,
    Constant,
    Lognormal,
    Mixture,
    Pareto,
    Uniform,
    chances,
    clean_runs,
    draws,
)
from emulator.rng import generator

N = 40_000
Z95 = 1.6449


def sampled(distribution: Uniform | Lognormal | Pareto | Constant | Mixture) -> np.ndarray:
    draw = draws(distribution, generator(7, "test"))
    return np.array([draw() for _ in range(N)])


def test_a_uniform_fills_its_interval_evenly() -> None:
    values = sampled(Uniform(dist="uniform", lo=1.0, hi=5.0))
    assert values.min() >= 1.0 and values.max() < 5.0
    counts, _ = np.histogram(values, bins=8, range=(1.0, 5.0))
    assert np.abs(counts / N - 1 / 8).max() < 0.01


def test_a_lognormal_has_its_median_and_its_95th_percentile() -> None:
    values = sampled(Lognormal(dist="lognormal", median=2.0, sigma=0.8))
    assert np.median(values) == pytest.approx(2.0, rel=0.03)
    assert np.quantile(values, 0.95) == pytest.approx(2.0 * np.exp(0.8 * Z95), rel=0.05)


def test_a_pareto_has_its_tail_and_its_cap() -> None:
    values = sampled(Pareto(dist="pareto", xm=60.0, alpha=0.9, cap=86_400.0))
    assert values.min() >= 60.0
    assert values.max() == pytest.approx(86_400.0)
    assert (values > 600.0).mean() == pytest.approx(10**-0.9, abs=0.01)


def test_a_pareto_with_hardly_any_slope_stays_at_its_cap() -> None:
    values = sampled(Pareto(dist="pareto", xm=1.0, alpha=1e-9, cap=10.0))
    assert np.isfinite(values).all() and np.median(values) == pytest.approx(10.0)


def test_a_mixture_takes_its_parts_by_share() -> None:
    low, high = Constant(dist="const", value=1.0), Constant(dist="const", value=9.0)
    values = sampled(Mixture(dist="mixture", parts=({"share": 0.9, "of": low}, {"share": 0.1, "of": high})))
    assert set(values.tolist()) == {1.0, 9.0}
    assert (values == 9.0).mean() == pytest.approx(0.1, abs=0.01)


def test_a_categorical_gives_whole_numbers_by_share() -> None:
    values = Categorical(values={1: 0.55, 2: 0.25, 3: 0.12, 4: 0.08}).sample(generator(7, "hops"), N)
    shares = np.bincount(values, minlength=5) / N
    assert shares[1:] == pytest.approx([0.55, 0.25, 0.12, 0.08], abs=0.01)


def test_a_stream_goes_on_past_its_blocks_and_gives_python_floats() -> None:
    draw = draws(Uniform(dist="uniform", lo=0.0, hi=1.0), generator(1, "stream"))
    values = [draw() for _ in range(2 * BLOCK + 5)]
    assert all(type(value) is float for value in values)
    assert values == generator(1, "stream").random(3 * BLOCK)[: len(values)].tolist()


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_chances_and_clean_runs_have_their_share(share: float) -> None:
    chance, run = chances(share, generator(3, "chance")), clean_runs(share, generator(3, "run"))
    assert sum(islice(iter(chance, None), N)) / N == pytest.approx(share, abs=0.005)
    if share == 0.0:
        assert run() > 10**15
    else:
        runs = [run() for _ in repeat(None, 5_000)]
        assert min(runs) >= 0
        assert np.mean(runs) == pytest.approx((1 - share) / share, rel=0.05)


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (Uniform, {"lo": 2, "hi": 1}, "lo 2 is above hi 1"),
        (Uniform, {"lo": -1, "hi": 1}, "greater than or equal to 0"),
        (Lognormal, {"median": 0, "sigma": 1}, "greater than 0"),
        (Lognormal, {"median": float("nan"), "sigma": 1}, "finite"),
        (Lognormal, {"median": True, "sigma": 1}, "valid number"),
        (Pareto, {"xm": 5, "alpha": 1, "cap": 4}, "xm 5 is above cap 4"),
        (Mixture, {"parts": [{"share": 0.5, "of": {"dist": "const", "value": 1}}]}, "add up to 0.5"),
        (Constant, {"value": "1"}, "valid number"),
    ],
)
def test_impossible_values_are_refused(model: type[Uniform], values: dict[str, object], said: str) -> None:
    dist = model.model_fields["dist"].annotation.__args__[0]  # type: ignore[union-attr]
    with pytest.raises(ValidationError, match=said):
        model.model_validate({"dist": dist, **values})
