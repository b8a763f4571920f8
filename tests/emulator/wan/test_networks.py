"""What holds for every network, whatever it is, faults and outages included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.wan import (
    NETWORKS,
    Delivery,
    InterruptedWan,
    Outages,
    WanModel,
    load_parameters,
    make_wan,
    outage_parameters,
    with_faults,
)

HUBS = 40
STATIONS = (np.arange(HUBS) % 2).astype(np.int32)
START = 850_000_000.0


def made(preset: str, seed: int = 162, *, faulty: bool = False) -> WanModel:
    model = make_wan(preset, load_parameters(preset), seed, STATIONS, 4)
    if not faulty:
        return model
    outages = Outages(outage_parameters(), seed, STATIONS)
    return with_faults(InterruptedWan(model, outages), seed, message_loss=0.1, duplicate=0.1, reorder=0.1)


def some(model: WanModel, count: int = 300) -> list[Delivery]:
    return [model.send(n % HUBS, ("down", "up")[n % 2], 100 + 7 * n, START + 3.0 * n) for n in range(count)]


@pytest.mark.parametrize("faulty", [False, True])
@pytest.mark.parametrize("preset", NETWORKS)
def test_the_same_seed_gives_the_same_deliveries_and_another_one_others(preset: str, faulty: bool) -> None:
    first = some(made(preset, faulty=faulty))
    assert first == some(made(preset, faulty=faulty))
    assert first != some(made(preset, seed=163, faulty=faulty))


@pytest.mark.parametrize("preset", NETWORKS)
@given(
    messages=st.lists(
        st.tuples(
            st.integers(0, HUBS - 1), st.sampled_from(["down", "up"]), st.integers(0, 70_000), st.floats(0, 10_000)
        ),
        max_size=30,
    ),
    seed=st.integers(0, 2**63),
)
@settings(max_examples=25, deadline=None)
def test_no_message_arrives_before_it_is_sent_and_no_size_raises(
    preset: str, messages: list[tuple[int, str, int, float]], seed: int
) -> None:
    model, now = made(preset, seed, faulty=True), START
    for hub, direction, size, later_s in messages:
        now += later_s
        sent = model.send(hub, direction, size, now)  # type: ignore[arg-type]
        assert (sent.arrives_at is None) == bool(sent.reason)
        assert sent.arrives_at is None or sent.arrives_at >= now
        assert sent.again_at is None or (sent.arrives_at is not None and sent.again_at > sent.arrives_at)
        assert sent.waited_s >= 0 and sent.air_s >= 0 and sent.frames >= 0


@pytest.mark.parametrize("preset", NETWORKS)
def test_bytes_on_air_hold_the_message_and_its_frames_cost_something(preset: str) -> None:
    for sent in some(made(preset)):
        if sent.arrives_at is not None:
            assert sent.frames >= 1
            assert sent.bytes_on_air > 100


@pytest.mark.parametrize("preset", NETWORKS)
def test_values_are_plain_python_numbers(preset: str) -> None:
    sent = some(made(preset), 50)
    assert all(type(one.arrives_at) in (float, type(None)) and type(one.bytes_on_air) is int for one in sent)
