"""Cellular networks, the mesh behind one, and SMS wake-up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emulator.wan import WanModel, load_parameters, make_wan

START = 1000.0
HUBS = 3000


def const(value: float) -> dict[str, Any]:
    return {"dist": "const", "value": value}


CELLULAR: dict[str, Any] = {
    "session_setup_s": const(2.0),
    "session_idle_s": {"value": 30.0},
    "rtt_s": const(0.6),
    "rate_bps": const(8000.0),
    "transport": {"payload_bytes": 1000, "overhead_bytes": 100},
    "loss": {"p": 0.0},
}
SMS: dict[str, Any] = {
    "mt_sms_s": const(4.0),
    "mt_sms_success": {"p_final": 1.0},
    "wake_to_pdp_s": const(8.0),
    "rtt_s": const(0.6),
    "rate_bps": const(8000.0),
    "transport": {"payload_bytes": 1000, "overhead_bytes": 100},
}


def made(preset: str, overrides: dict[str, Any], hubs: int = 4) -> WanModel:
    return make_wan(preset, load_parameters(preset, overrides), 162, np.full(hubs, -1, np.int32), 4)


def cellular(**own: Any) -> WanModel:
    return made("csp_sc_cellular_2g", {"csp_sc_cellular_2g": {**CELLULAR, **own}})


def test_the_first_message_sets_up_a_session_and_the_next_one_does_not() -> None:
    model = cellular()
    first = model.send(0, "down", 900, START)
    assert first.arrives_at == pytest.approx(START + 2.0 + 0.3 + 1.0)
    assert first.waited_s == 2.0 and first.bytes_on_air == 1000
    second = model.send(0, "up", 900, START + 33.2)
    assert second.arrives_at == pytest.approx(START + 33.2 + 1.3)
    assert model.send(1, "up", 900, START + 33.2).waited_s == 2.0
    assert model.send(0, "down", 900, START + 33.2 + 1.3 + 30.1).waited_s == 2.0


def test_a_packet_sent_again_waits_twice_as_long_each_time() -> None:
    model = cellular(loss={"p": 0.5, "rto_s": 1.0, "max_tries": 4})
    extra = set()
    for n in range(2000):
        now = START + 10.0 * n
        sent = model.send(0, "down", 900, now)
        if sent.arrives_at is None:
            assert sent.reason == "packet lost 4 times"
            extra.add(-1.0)
        else:
            extra.add(round(sent.arrives_at - now - sent.waited_s - 0.3 - sent.air_s, 6))
    assert extra == {-1.0, 0.0, 1.0, 3.0, 7.0}


def test_each_hub_has_a_rate_of_its_own() -> None:
    model = made("csp_sc_cellular_2g", {"csp_sc_cellular_2g": {"loss": {"p": 0.0}}}, HUBS)
    rates = np.array([8 * s.bytes_on_air / s.air_s for s in (model.send(hub, "up", 500, START) for hub in range(HUBS))])
    assert np.median(rates) == pytest.approx(25_000, rel=0.05)
    assert np.std(np.log(rates)) == pytest.approx(0.5, rel=0.05)
    again = model.send(7, "up", 500, START)
    assert 8 * again.bytes_on_air / again.air_s == pytest.approx(rates[7])


@pytest.mark.parametrize(("preset", "median"), [("csp_sc_cellular_2g", 0.65), ("csp_sc_cellular_3g", 0.22)])
def test_round_trip_times_have_their_median(preset: str, median: float) -> None:
    quick = {"rate_bps": const(1e12), "session_setup_s": const(0.0), "loss": {"p": 0.0}}
    model = made(preset, {preset: quick})
    rtts = [2 * ((model.send(0, "down", 100, START).arrives_at or 0.0) - START) for _ in range(5000)]
    assert np.median(rtts) == pytest.approx(median, rel=0.05)


def test_a_tenth_of_lte_m_round_trips_are_those_of_extreme_coverage() -> None:
    quick = {"rate_bps": const(1e12), "session_setup_s": const(0.0), "loss": {"p": 0.0}}
    model = made("cellular_ltem", {"cellular_ltem": quick})
    rtts = np.array([2 * ((model.send(0, "down", 100, START).arrives_at or 0.0) - START) for _ in range(5000)])
    assert (rtts > 0.7).mean() == pytest.approx(0.1, abs=0.02)


def test_the_mesh_adds_hops_on_the_far_side_of_the_cellular_network() -> None:
    own = {
        "hops": {"values": {"3": 1.0}},
        "per_hop_s": const(0.1),
        "hop_air": {"payload_bytes": 100, "overhead_bytes": 25, "rate_bps": 50_000},
        "hop_loss": {"p": 0.0},
    }
    model = made("csp_sc_mesh_868", {"csp_sc_mesh_868": own, "csp_sc_cellular_2g": CELLULAR})
    mesh_s = 3 * 0.1 + 3 * (900 + 9 * 25) * 8 / 50_000
    for hub, way in ((0, "down"), (1, "up")):
        sent = model.send(hub, way, 900, START)  # type: ignore[arg-type]
        assert sent.arrives_at == pytest.approx(START + mesh_s + 3.3)
        assert sent.frames == 3 * 9 + 1
        assert sent.bytes_on_air == 3 * (900 + 9 * 25) + 1000


def test_a_hub_keeps_its_number_of_hops_and_shares_are_met() -> None:
    own = {"per_hop_s": const(1.0), "hop_loss": {"p": 0.0}, "hop_air": {"rate_bps": 1e12}}
    quick = {**CELLULAR, "session_setup_s": const(0.0), "rtt_s": const(0.0), "rate_bps": const(1e12)}
    model = made("csp_sc_mesh_868", {"csp_sc_mesh_868": own, "csp_sc_cellular_2g": quick}, HUBS)
    hops = [round((model.send(hub, "down", 100, START).arrives_at or 0) - START) for hub in range(HUBS)]
    assert hops == [round((model.send(hub, "up", 100, START).arrives_at or 0) - START) for hub in range(HUBS)]
    assert np.bincount(hops, minlength=5)[1:] / HUBS == pytest.approx([0.55, 0.25, 0.12, 0.08], abs=0.03)


def test_a_mesh_frame_lost_on_all_its_tries_is_named() -> None:
    own = {"hop_loss": {"p": 1.0, "retries": 3}}
    model = made("csp_sc_mesh_868", {"csp_sc_mesh_868": own})
    assert {model.send(0, way, 100, START).reason for way in ("down", "up")} == {"mesh frame lost 4 times"}


def test_a_read_wakes_the_hub_opens_a_session_and_goes_on_in_it() -> None:
    model = made("smets1_sms", {"smets1_sms": SMS})
    first = model.send(0, "down", 900, START)
    # SMS, wake-up, association and authentication, half a round trip, one second on the air
    assert first.arrives_at == pytest.approx(START + 4.0 + 8.0 + 2 * 0.6 + 0.3 + 1.0)
    answer = model.send(0, "up", 900, START + 20.0)
    assert answer.arrives_at == pytest.approx(START + 21.3)
    held = model.send(0, "down", 900, START + 21.3 + 89.0)
    assert held.waited_s == 0.0
    late = model.send(0, "down", 900, START + 21.3 + 89.0 + 1.3 + 91.0)
    assert late.waited_s == pytest.approx(13.2)
    assert model.send(1, "up", 900, START).waited_s == pytest.approx(8.0)
    assert model.sms_sent == 2  # type: ignore[attr-defined]


def test_sms_get_lost_and_are_late_as_often_as_stated() -> None:
    model = made("smets1_sms", {}, HUBS)
    sent = [model.send(hub, "down", 612, START) for hub in range(HUBS)]
    lost = [one for one in sent if one.arrives_at is None]
    assert len(lost) / HUBS == pytest.approx(0.02, abs=0.01)
    assert {one.reason for one in lost} == {"wake-up SMS not delivered in 6 tries"}
    late = np.mean([one.arrives_at - START > 90.0 for one in sent if one.arrives_at is not None])
    assert 0.03 < late < 0.07
    assert model.sms_sent > HUBS  # type: ignore[attr-defined]
