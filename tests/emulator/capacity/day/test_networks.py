"""Networks of whole arrays are those of a run: the same messages give the same distributions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.capacity.day.networks import Layout, make_network
from emulator.capacity.day.resends import Resends
from emulator.capacity.day.tables import Dice, table
from emulator.links.arq import Arq
from emulator.links.distributions import Lognormal, Mixture, Pareto, Part, Uniform
from emulator.wan.model import Direction
from emulator.wan.registry import NETWORKS, load_parameters, make_wan

Floats = NDArray[np.float64]
MESSAGES = 20_000
APART_S = 0.05


def distance(one: Floats, other: Floats) -> float:
    """The Kolmogorov-Smirnov distance of two samples; infinity is a value like others."""
    both = np.sort(np.concatenate([one, other]))
    places = (np.searchsorted(np.sort(sample), both, side="right") / len(sample) for sample in (one, other))
    first, second = places
    return float(np.abs(first - second).max())


def at_random(size: int) -> float:
    """What the distance of two samples of one distribution stays below, but for 1 time in 100,000."""
    return 2.47 * float(np.sqrt(2 / size))


@pytest.mark.parametrize("preset", NETWORKS)
@pytest.mark.parametrize("size", [187, 1_164])
def test_command_and_answer_take_as_long_as_in_a_run(preset: str, size: int) -> None:
    parameters, hubs = load_parameters(preset), MESSAGES
    station = np.arange(hubs) % 50
    one = make_wan(preset, parameters, 7, station.astype(np.int32), 4)
    nothing = np.zeros((50, 24))
    other = make_network(
        parameters,
        Dice(np.random.default_rng(8)),
        Layout(station, 50, 4, {"down": nothing, "up": nothing}),
        {"down": np.array([size]), "up": np.array([size])},
    )
    at = 1000.0 + APART_S * np.arange(hubs)
    for direction, begins in (("down", at), ("up", at + 40 * hubs)):
        expected = one_by_one(one, direction, size, begins)
        passage = other.send(np.arange(hubs), direction, np.zeros(hubs, np.int64), begins)
        assert distance(passage.arrives_at - begins, expected - begins) < at_random(hubs)


def one_by_one(wan: object, direction: Direction, size: int, at: Floats) -> Floats:
    deliveries = [wan.send(hub, direction, size, now) for hub, now in enumerate(at.tolist())]  # type: ignore[attr-defined]
    return np.array([np.inf if each.arrives_at is None else each.arrives_at for each in deliveries])


@pytest.mark.parametrize(("loss", "tries", "frames"), [(0.04, 5, 4), (0.3, 3, 7), (0.5, 2, 1), (0.05, 4, 28)])
def test_frames_are_sent_again_as_often_as_in_a_run(loss: float, tries: int, frames: int) -> None:
    wait = lambda number: 3.0 * 2.0 ** (number - 1)  # noqa: E731
    arq = Arq(loss, tries, wait, np.random.default_rng(1))
    run = np.array(
        [(again, np.inf if lost else waited_s) for again, waited_s, lost in map(arq.send, [frames] * MESSAGES)]
    )
    resends = Resends(loss, tries, wait)
    again, waited_s, lost = resends.draw(resends.rows(np.full(MESSAGES, frames)), Dice(np.random.default_rng(2)))
    assert again[~lost].mean() == pytest.approx(run[np.isfinite(run[:, 1]), 0].mean(), rel=0.05)
    assert distance(np.where(lost, np.inf, waited_s), run[:, 1]) < at_random(MESSAGES)
    assert sum(Resends(loss, tries, wait).outcomes(frames).values()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "distribution",
    [
        Uniform(dist="uniform", lo=1.0, hi=8.0),
        Lognormal(dist="lognormal", median=2.0, sigma=0.8),
        Pareto(dist="pareto", xm=60.0, alpha=0.9, cap=86400.0),
        Mixture(
            dist="mixture",
            parts=(
                Part(share=0.93, of=Lognormal(dist="lognormal", median=3.5, sigma=0.55)),
                Part(share=0.07, of=Pareto(dist="pareto", xm=60.0, alpha=0.9, cap=86400.0)),
            ),
        ),
    ],
)
def test_a_table_holds_the_quantiles_of_its_distribution(distribution: Uniform | Lognormal | Pareto | Mixture) -> None:
    sampled = distribution.sample(np.random.default_rng(3), 400_000)
    assert distance(sampled, table(distribution).astype(np.float64)) < 0.006
