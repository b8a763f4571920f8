"""The session of one hub: SMS, contexts, lingering, races, and what goes wrong by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smets1_run import CALM, bench

from emulator.smets1.session import APN_FULL, BROKEN, NO_WAKE, OVER_QUOTA, RACE, STRAY
from emulator.smets1.states import State


def changed(**values: dict[str, object]) -> dict[str, dict[str, object]]:
    return {"sms_reference": {**CALM["sms_reference"], **values}}


def test_one_read_is_one_wake_one_context_and_comes_back_to_idle() -> None:
    hub = bench()
    hub.ask(100.0)
    hub.run()
    [(outcome, _, at)] = hub.heard
    assert outcome == "answered" and hub.sms == 1
    measures = hub.way.measures
    [first_byte] = measures.first_byte_s
    assert 100.0 + first_byte < at
    [up], [down] = measures.context_up_at, measures.context_down_at
    linger_s = hub.way.radio.parameters.linger_s.value
    assert up < at and linger_s < down - at < linger_s + 30
    assert hub.session.state is State.IDLE and hub.way.access_point.open == 0


def test_a_second_read_in_the_linger_sends_no_sms() -> None:
    hub = bench()
    hub.ask(100.0)
    hub.ask(180.0)
    hub.run()
    assert [outcome for outcome, _, _ in hub.heard] == ["answered"] * 2
    assert hub.sms == 1 and len(hub.way.measures.context_up_at) == 1 and len(hub.dialogue.held) == 2


def test_a_second_read_after_the_linger_sends_another_sms() -> None:
    hub = bench()
    hub.ask(100.0)
    hub.ask(1000.0)
    hub.run()
    assert hub.sms == 2 and len(hub.way.measures.context_up_at) == 2


def test_one_sms_serves_everything_that_waits_for_a_hub() -> None:
    hub = bench()
    for at in (100.0, 100.1, 100.2):
        hub.ask(at)
    hub.run()
    assert hub.sms == 1 and len(hub.heard) == 3
    [(_, asks)] = hub.dialogue.held
    assert len(asks) == 3


def test_a_moc_hub_takes_two_sms() -> None:
    hub = bench("moc_secure")
    hub.ask(100.0)
    hub.run()
    assert hub.sms == 2 and hub.heard[0][0] == "answered"


def test_a_moc_hub_that_gets_one_of_two_sms_does_not_wake() -> None:
    # The second SMS of each wake-up is kept from the hub by its being out of reach at that very moment.
    reached: list[bool] = []

    def reachable(_hub: int, _at: float) -> bool:
        reached.append(len(reached) % 2 == 0)
        return reached[-1]

    radio = changed(sms_retry={"after_s": [1e6]})
    hub = bench("moc_secure", radio, reachable=reachable)
    hub.ask(100.0)
    hub.run(until=700.0)
    assert not hub.dialogue.held


def test_a_hub_out_of_reach_is_tried_as_often_as_the_provider_says_and_then_given_up() -> None:
    hub = bench(reachable=lambda hub, at: False)
    hub.ask(100.0)
    hub.run()
    wakes = hub.way.wakes
    assert hub.heard == [("sms", f"no answer to {wakes} wake-ups", 100.0 + wakes * hub.way.wake_timeout_s)]
    assert hub.sms == wakes and hub.way.measures.faults == {NO_WAKE: 1}
    assert hub.session.state is State.IDLE


def test_the_network_tries_an_sms_again_once_the_hub_is_back() -> None:
    hub = bench(reachable=lambda hub, at: at > 150.0)
    hub.ask(100.0)
    hub.run()
    assert hub.heard[0][0] == "answered" and hub.sms == 1
    assert hub.heard[0][2] > 160.0  # 60 s after the first try


def test_an_sms_that_outlives_its_validity_is_not_delivered() -> None:
    hub = bench(reachable=lambda hub, at: at > 150.0, overrides={"operator.vodafone": {"sms_validity_s": 30.0}})
    hub.ask(100.0)
    hub.run(until=279.0)
    assert hub.sms == 1 and not hub.heard


def test_a_full_access_point_is_asked_again_and_then_given_up() -> None:
    hub = bench(contexts=0)
    hub.ask(100.0)
    hub.run()
    tries = hub.way.radio.parameters.pdp_tries.value
    assert hub.heard[0][:2] == ("apn", f"{APN_FULL}, asked {tries} times")
    assert hub.way.measures.faults[APN_FULL] == tries == hub.way.access_point.turned_away


def test_a_silent_access_point_makes_a_hub_wait_longer_than_one_that_refuses() -> None:
    ends = []
    for when_full in ("reject", "silent"):
        hub = bench(contexts=0, overrides={"apn.aclara": {"when_full": when_full}})
        hub.ask(100.0)
        hub.run()
        ends.append(hub.heard[0][2])
    assert ends[1] > ends[0] + 60


def test_a_place_in_the_access_point_that_comes_free_is_used() -> None:
    hub = bench(contexts=0)
    hub.ask(100.0)
    hub.kernel.at(115.0, setattr, hub.way.access_point, "limit", 1)
    hub.run()
    assert hub.heard[0][0] == "answered" and hub.way.access_point.turned_away == 1


def test_a_session_that_breaks_every_time_is_given_up_after_two() -> None:
    hub = bench(radio=changed(exchange_lost={"value": 1.0}))
    hub.ask(100.0)
    hub.run()
    assert [entry[:2] for entry in hub.heard] == [("apn", f"{BROKEN}, 2 times")]
    assert hub.way.measures.faults[BROKEN] == 2 and hub.sms == 2


def test_a_request_that_meets_a_closing_session_is_a_named_race_and_is_served_later() -> None:
    hub = bench()
    hub.ask(100.0)
    hub.run(until=200.0)
    while hub.session.state is not State.CLOSING:
        hub.kernel.run(until=hub.kernel.now + 0.01)
    hub.ask(hub.kernel.now)
    hub.run()
    assert hub.way.measures.faults[RACE] == 1
    assert [entry[0] for entry in hub.heard] == ["answered"] * 2 and hub.sms == 2


def test_a_duplicate_after_the_session_opens_a_context_for_nothing() -> None:
    radio = changed(sms_duplicate={"value": 1.0}, sms_retry={"after_s": [4000.0]}, linger_s={"value": 5.0})
    hub = bench(radio=radio)
    hub.ask(100.0)
    hub.run()
    assert hub.way.measures.faults[STRAY] == 1
    assert len(hub.way.measures.context_up_at) == 2 and len(hub.dialogue.held) == 1


def test_a_quota_that_holds_stops_the_third_wake_of_a_month() -> None:
    held = {"beyond_quota": "hold", "sms_quota_per_month": 2}
    hub = bench(overrides={"cohort.ioc_aclara": held})
    for at in (100.0, 1000.0, 2000.0, 40 * 86_400.0):
        hub.ask(at)
    hub.run(until=1e8)
    assert [entry[:2] for entry in hub.heard] == [
        ("answered", ""), ("answered", ""), ("sms", OVER_QUOTA), ("answered", ""),
    ]  # fmt: skip
    assert hub.sms == 3


def test_a_refused_association_fails_what_waits_with_the_meters_reason() -> None:
    hub = bench(refused="diagnostic 13")
    hub.ask(100.0)
    hub.run()
    assert hub.heard[0][0] == "esme" and "diagnostic 13" in hub.heard[0][1]
    assert hub.session.state is State.IDLE


def test_a_device_that_calls_home_is_not_looked_up_at_the_operator() -> None:
    calls = {}
    for session in ("server", "device"):
        hub = bench(overrides={"cohort.ioc_aclara": {"session": session}})
        hub.ask(100.0)
        hub.run()
        calls[session] = len(hub.way.measures.api_at)
    assert calls == {"server": 2, "device": 1}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 4000), min_size=1, max_size=25),
    st.sampled_from(["ioc_aclara", "moc_secure"]),
    st.floats(0, 0.5),
)
def test_every_request_ends_once_and_every_context_is_given_back(times: list[float], cohort: str, loss: float) -> None:
    lossy = {"sms_lost": {"value": loss}, "exchange_lost": {"value": loss}, "sms_duplicate": {"value": loss}}
    hub = bench(cohort, {"sms_reference": lossy})
    for at in times:
        hub.ask(at)
    hub.run(until=1e7)
    assert len(hub.heard) == len(times)
    assert hub.session.state is State.IDLE
    assert hub.way.access_point.open == 0
    assert len(hub.way.measures.context_up_at) == len(hub.way.measures.context_down_at)
    assert all(
        down > up for up, down in zip(hub.way.measures.context_up_at, hub.way.measures.context_down_at, strict=True)
    )


def test_the_same_seed_gives_the_same_times() -> None:
    ends = []
    for _ in range(2):
        hub = bench(radio={})
        for at in (0.0, 50.0, 500.0):
            hub.ask(at)
        hub.run()
        ends.append(hub.heard)
    assert ends[0] == ends[1]


@pytest.mark.parametrize("hub_s", [0.0, 2.0])
def test_a_meter_behind_a_hub_takes_longer(hub_s: float) -> None:
    hub = bench(overrides={"cohort.ioc_aclara": {"behind_hub_s": hub_s}})
    hub.ask(0.0)
    hub.run()
    plain = bench()
    plain.ask(0.0)
    plain.run()
    assert hub.heard[0][2] - plain.heard[0][2] == pytest.approx(2 * hub_s)
