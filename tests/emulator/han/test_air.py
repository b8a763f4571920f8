"""The HAN inside the process: who hears whom, when, what is lost, and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.han import Air, AirNode, Carried, HanPort, load_han_parameters
from emulator.han.zigbee import CLUSTER_TUNNELING, DEVICE_METERING, PROFILE_SMART_ENERGY
from gbcs.errors import LocalError

HUB, METER, STRANGER = (bytes([n] * 8) for n in (1, 2, 3))


class Bench:
    """One HAN, what was scheduled on it and what was lost."""

    def __init__(self, seed: int = 162, **own: Any) -> None:
        self.scheduled: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []
        self.lost: list[tuple[str, bytes]] = []
        self.heard: list[tuple[bytes, int, bytes, float]] = []
        parameters = load_han_parameters({"han_zigbee": own})
        self.air = Air(parameters, seed, self.schedule, lambda reason, payload: self.lost.append((reason, payload)))
        self.hub, self.meter = self.air.hub(HUB), self.air.meter(METER)
        self.hub.form()
        self.meter.join(HUB)
        for node in (self.hub, self.meter):
            node.on_aps(lambda *what: self.heard.append(what))

    def schedule(self, at: float, callback: Callable[..., None], *args: Any) -> None:
        self.scheduled.append((at, callback, args))

    def deliver(self) -> None:
        for _, callback, args in self.scheduled:
            callback(*args)


STILL: dict[str, Any] = {
    "rtt_s": {"dist": "const", "value": 0.1},
    "per_fragment_s": {"value": 0.04},
    "meter_execution_s": {"dist": "const", "value": 1.2},
}


def ports(bench: Bench) -> list[HanPort]:
    """The nodes are what the seam asks for; a type checker sees to it."""
    return [bench.hub, bench.meter]


def test_a_payload_arrives_after_half_a_round_trip_and_its_fragments() -> None:
    bench = Bench(**STILL)
    bench.hub.send_aps(METER, CLUSTER_TUNNELING, bytes(64), 100.0)
    bench.deliver()
    assert bench.heard == [(HUB, CLUSTER_TUNNELING, bytes(64), pytest.approx(100.0 + 0.05 + 2 * 0.04))]
    assert bench.scheduled[0][0] == bench.heard[0][3]


def test_a_node_sends_one_payload_after_the_other_in_order() -> None:
    bench = Bench(**STILL)
    for size in (630, 63, 126):
        bench.hub.send_aps(METER, CLUSTER_TUNNELING, bytes(size), 100.0)
    at = [scheduled[0] for scheduled in bench.scheduled]
    assert at == pytest.approx([100.45, 100.45 + 0.09, 100.45 + 0.09 + 0.13])
    bench.meter.send_aps(HUB, CLUSTER_TUNNELING, bytes(63), 100.0)
    assert bench.scheduled[-1][0] == pytest.approx(100.09)


def test_round_trips_and_execution_have_their_medians() -> None:
    bench = Bench()
    for number in range(4000):
        bench.hub.send_aps(METER, CLUSTER_TUNNELING, b"x", 100.0 * number)
    took = [at - 100.0 * number for number, (at, _, _) in enumerate(bench.scheduled)]
    assert np.median(took) == pytest.approx(0.06 + 0.04, rel=0.05)
    assert np.median([bench.air.execution_s() for _ in range(4000)]) == pytest.approx(1.2, rel=0.06)


def test_a_watcher_sees_what_crosses_and_when_and_not_what_is_given_up() -> None:
    bench, seen = Bench(**STILL), list[Carried]()
    bench.hub.send_aps(METER, CLUSTER_TUNNELING, b"unseen", 0.0)
    bench.air.watch(seen.append)
    bench.meter.send_aps(HUB, CLUSTER_TUNNELING, bytes(64), 100.0)
    assert seen == [Carried(100.0, pytest.approx(100.13), HUB, METER, HUB, CLUSTER_TUNNELING, bytes(64))]
    dead = Bench(fragment_loss={"p": 1.0})
    dead.air.watch(seen.append)
    dead.hub.send_aps(METER, CLUSTER_TUNNELING, b"lost", 0.0)
    assert len(seen) == 1 and dead.lost


@given(st.integers(0, 70_000), st.integers(0, 2**63), st.floats(0, 1e10))
@settings(deadline=None)
def test_nothing_arrives_before_it_is_sent_and_no_size_raises(size: int, seed: int, now: float) -> None:
    bench = Bench(seed, fragment_loss={"p": 0.2})
    bench.hub.send_aps(METER, CLUSTER_TUNNELING, bytes(size), now)
    assert len(bench.scheduled) + len(bench.lost) == 1
    assert all(at > now or (at == now and now > 1e6) for at, _, _ in bench.scheduled)


def test_same_seed_same_instants() -> None:
    first, second, other = Bench(1), Bench(1), Bench(2)
    for bench in (first, second, other):
        for size in range(0, 2000, 50):
            bench.hub.send_aps(METER, CLUSTER_TUNNELING, bytes(size), 5.0)
    instants = [[at for at, _, _ in bench.scheduled] for bench in (first, second, other)]
    assert instants[0] == instants[1] != instants[2]


def test_lost_fragments_lose_the_payload_and_say_so() -> None:
    bench = Bench(fragment_loss={"p": 0.5, "max_tries": 2, "wait_s": 0.0})
    count = 8000
    for _ in range(count):
        bench.hub.send_aps(METER, CLUSTER_TUNNELING, bytes(126), 0.0)
    assert len(bench.lost) / count == pytest.approx(1 - 0.75**2, abs=0.02)
    assert set(bench.lost) == {("APS fragment lost 2 times", bytes(126))}


def _off_the_han(bench: Bench) -> tuple[AirNode, bytes]:
    return bench.air.meter(STRANGER), HUB


def _to_a_stranger(bench: Bench) -> tuple[AirNode, bytes]:
    return bench.hub, STRANGER


def _to_another_han(bench: Bench) -> tuple[AirNode, bytes]:
    other = bench.air.hub(STRANGER)
    other.form()
    other.on_aps(lambda *_: None)
    return bench.meter, STRANGER


@pytest.mark.parametrize("case", [_off_the_han, _to_a_stranger, _to_another_han])
def test_who_is_not_on_the_han_hears_nothing(case: Callable[[Bench], tuple[AirNode, bytes]]) -> None:
    bench = Bench()
    sender, destination = case(bench)
    sender.send_aps(destination, CLUSTER_TUNNELING, b"payload", 0.0)
    assert not bench.scheduled
    (reason, payload), *rest = bench.lost
    assert reason.endswith("is not on the HAN") and payload == b"payload" and not rest


def test_there_has_to_be_a_han_to_join() -> None:
    bench = Bench()
    with pytest.raises(LocalError, match="no HAN of 03-03-03-03-03-03-03-03"):
        bench.air.meter(METER).join(STRANGER)


def test_both_ends_have_the_same_link_key_and_others_have_another() -> None:
    bench = Bench()
    hub, meter = bench.hub.keys(METER), bench.meter.keys(HUB)
    assert hub == meter and len(hub.link) == len(hub.network) == 16
    assert hub.link != hub.network
    assert bench.hub.keys(STRANGER).link != hub.link
    with pytest.raises(LocalError, match="is on no HAN"):
        bench.air.meter(STRANGER).keys(HUB)


def test_keys_hang_on_the_key_seed_and_are_not_printed() -> None:
    parameters = load_han_parameters()
    links = []
    for key_seed in (1, 2):
        hub = Air(parameters, 162, lambda *_: None, lambda *_: None, key_seed).hub(HUB)
        hub.form()
        keys = hub.keys(METER)
        assert keys.link.hex() not in repr(keys) and str(keys.link) not in repr(keys)
        links.append(keys.link)
    assert links[0] != links[1]


def test_endpoints_say_what_a_device_is() -> None:
    bench = Bench()
    (endpoint,) = bench.meter.endpoints()
    assert (endpoint.profile, endpoint.device) == (PROFILE_SMART_ENERGY, DEVICE_METERING)
    # The hub is the client of the meter's tunnel.
    assert CLUSTER_TUNNELING in endpoint.server_clusters
    assert CLUSTER_TUNNELING in bench.hub.endpoints()[0].client_clusters


def test_parameters_and_the_stand_in_for_keys_are_stated() -> None:
    stated = {one.name: one for one in Bench().air.assumptions()}
    assert "CBKE" in stated["han.link_keys"].source
    assert stated["han_zigbee.rtt_s"].confidence == "M"
