"""Long-range radio: air time, queues against a recomputation of their own, duty cycle, loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emulator.wan import WanModel, load_parameters, make_wan

NOTHING: dict[str, Any] = {"dist": "const", "value": 0.0}
IDEAL: dict[str, Any] = {
    "downlink_wait_s": NOTHING,
    "uplink_wait_s": NOTHING,
    "backhaul_s": NOTHING,
    "frame_loss": {"p": 0.0},
    "hub_duty_cycle": {"value": 1.0},
}
START = 1000.0


def radio(stations: list[int], channels: int = 1, **own: Any) -> WanModel:
    parameters = load_parameters("csp_north_lrr", {"csp_north_lrr": {**IDEAL, **own}})
    return make_wan("csp_north_lrr", parameters, 162, np.array(stations, np.int32), channels)


def test_the_air_time_of_one_message_alone() -> None:
    sent = radio([0]).send(0, "down", 612, START)
    assert (sent.frames, sent.bytes_on_air) == (4, 612 + 4 * 32)
    assert sent.air_s == pytest.approx(0.740)
    assert sent.arrives_at == pytest.approx(START + 0.740)


def test_messages_queue_at_their_station_and_direction_alone() -> None:
    model = radio([0, 0, 1])
    arrivals = [
        model.send(hub, way, 200, START).arrives_at  # type: ignore[arg-type]
        for hub, way in ((0, "down"), (1, "down"), (2, "down"), (0, "up"), (1, "up"))
    ]
    assert arrivals == pytest.approx([START + s for s in (0.232, 0.464, 0.232, 0.232, 0.464)])


@pytest.mark.parametrize("channels", [1, 4, 8])
def test_queues_are_those_of_a_first_come_first_served_system(channels: int) -> None:
    """Recomputed second by second of free channels: a plain list of channels, the one that is free first taken."""
    random = np.random.default_rng(4)
    instants = START + np.cumsum(random.exponential(0.4 / channels, 3000))
    sizes = random.integers(50, 1200, 3000)
    stations = random.integers(0, 2, 3000)
    model = radio([0, 1], channels)
    free = {0: [0.0] * channels, 1: [0.0] * channels}
    waited = 0.0
    for now, size, station in zip(instants.tolist(), sizes.tolist(), stations.tolist(), strict=True):
        busy_s = (size + 32 * ((size + 199) // 200)) * 8 / 8000
        channel = int(np.argmin(free[station]))
        starts_at = max(now, free[station][channel])
        free[station][channel] = starts_at + busy_s
        sent = model.send(station, "down", size, now)
        assert sent.arrives_at == pytest.approx(starts_at + busy_s)
        assert sent.waited_s == pytest.approx(starts_at - now, abs=1e-6)
        waited += sent.waited_s
    assert waited > 100


def test_the_mean_wait_is_that_of_pollaczek_and_khinchine() -> None:
    """One channel, Poisson arrivals, constant service: W = rho * s / (2 * (1 - rho))."""
    random, count, service_s, rho = np.random.default_rng(8), 60_000, 0.232, 0.6
    model = radio([0])
    instants = START + np.cumsum(random.exponential(service_s / rho, count))
    mean = np.mean([model.send(0, "down", 200, now).waited_s for now in instants.tolist()])
    assert mean == pytest.approx(rho * service_s / (2 * (1 - rho)), rel=0.06)


def test_background_traffic_stretches_service() -> None:
    model = radio([0], background_utilisation={"value": 0.75})
    first, second = model.send(0, "down", 200, START), model.send(0, "down", 200, START)
    assert first.arrives_at == pytest.approx(START + 4 * 0.232)
    assert second.arrives_at == pytest.approx(START + 8 * 0.232)


def test_waiting_for_a_slot_leaves_the_channel_to_others() -> None:
    model = radio([0, 0], downlink_wait_s={"dist": "const", "value": 3.0})
    first, second = model.send(0, "down", 200, START), model.send(1, "down", 200, START)
    assert first.arrives_at == pytest.approx(START + 3.232)
    assert second.arrives_at == pytest.approx(START + 3.464)


def test_a_hub_keeps_its_duty_cycle_and_others_do_not_wait_for_it() -> None:
    model = radio([0, 0], hub_duty_cycle={"value": 0.1})
    first, second = model.send(0, "up", 200, START), model.send(0, "up", 200, START)
    other = model.send(1, "up", 200, START)
    assert first.arrives_at == pytest.approx(START + 0.232)
    assert second.arrives_at == pytest.approx(START + 2.32 + 0.232)
    assert other.arrives_at == pytest.approx(START + 3 * 0.232)
    assert model.send(0, "down", 200, START).arrives_at == pytest.approx(START + 0.232)


def test_frames_lost_too_often_lose_the_message() -> None:
    own = {"p": 0.5, "max_tries": 3, "backoff_s": NOTHING}
    model = radio([0], 100, frame_loss=own)
    sent = [model.send(0, "down", 400, START + n) for n in range(10_000)]
    lost = [one for one in sent if one.arrives_at is None]
    assert len(lost) / len(sent) == pytest.approx(1 - (1 - 0.5**3) ** 2, abs=0.015)
    assert {one.reason for one in lost} == {"radio frame lost 3 times"}
    assert max(one.frames for one in sent) > 2


def test_a_frame_sent_again_costs_backoff_and_air_time() -> None:
    own = {"p": 0.3, "max_tries": 50, "backoff_s": {"dist": "const", "value": 5.0}}
    model = radio([0], 100, frame_loss=own)
    sent = [model.send(0, "down", 200, START + 60.0 * n) for n in range(500)]
    for n, one in enumerate(sent):
        again = one.frames - 1
        assert one.bytes_on_air == 232 * one.frames
        assert one.arrives_at == pytest.approx(START + 60.0 * n + one.frames * 0.232 + 5.0 * again)
    assert any(one.frames > 2 for one in sent)


def test_unloaded_round_trips_are_those_of_the_sheet() -> None:
    """Median of both ways of a read by a data retriever without the meter's own time: 4 s of waits, 2 s on the air."""
    parameters = load_parameters("csp_north_lrr")
    model = make_wan("csp_north_lrr", parameters, 162, np.arange(2000, dtype=np.int32), 4)
    trips = []
    for hub in range(2000):
        down = model.send(hub, "down", 612, START)
        up = model.send(hub, "up", 568, START + 100.0)
        assert down.arrives_at is not None and up.arrives_at is not None
        trips.append(down.arrives_at - START + up.arrives_at - START - 100.0)
    assert 5.0 < np.median(trips) < 8.0
    assert np.quantile(trips, 0.99) < 25.0
