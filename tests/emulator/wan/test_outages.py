"""Outages: their shares and lengths, that they hang on seed and hub alone, and told ones."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.links.distributions import Stated
from emulator.population import OutageWindow
from emulator.wan import InterruptedWan, Outages, load_parameters, make_wan, outage_parameters
from emulator.wan.outages import HUB_DOWN, NO_COVERAGE, PLANNED, OutageParameters

DAY_S = 86_400.0
TODAY = 9_800
NOON = TODAY * DAY_S + DAY_S / 2
HUBS = 20_000


def parameters(**own: dict[str, float]) -> OutageParameters:
    """Shipped parameters with some keys replaced; what is not named never happens."""
    shipped = outage_parameters()
    given = {
        "no_coverage": {"value": 0.0},
        "hub_down": {"per_day": 0.0},
        "base_station_down": {"mtbf_days": 1e15},
        **own,
    }
    changed = {name: _with(getattr(shipped, name), keys) for name, keys in given.items()}
    return shipped.model_copy(update=changed)


def _with(one: Stated, keys: dict[str, float]) -> Stated:
    return one.model_copy(update=keys)


def stations(count: int = 10, hubs: int = HUBS) -> np.ndarray:
    return (np.arange(hubs) % count).astype(np.int32)


def reasons(outages: Outages, now: float, hubs: int = HUBS) -> list[str]:
    return [outages.blocked(hub, now) for hub in range(hubs)]


def test_permanent_loss_of_coverage_has_its_share_and_never_ends() -> None:
    outages = Outages(parameters(no_coverage={"value": 0.007}), 162, stations())
    first = reasons(outages, NOON)
    assert first.count(NO_COVERAGE) / HUBS == pytest.approx(0.007, abs=0.002)
    assert first == reasons(outages, NOON + 400 * DAY_S)


def test_hubs_are_down_as_often_and_as_long_as_stated() -> None:
    own = {"hub_down": {"per_day": 0.01, "mean_hours": 18.0}}
    outages = Outages(parameters(**own), 162, stations())
    share = np.mean([reasons(outages, NOON + day * DAY_S).count(HUB_DOWN) / HUBS for day in range(5)])
    # Little's law: a day's chance of going down times the mean length in days
    assert share == pytest.approx(0.01 * 18 / 24, rel=0.1)


def test_stations_are_down_as_often_as_stated_and_take_down_hubs_without_overlap() -> None:
    own = {"base_station_down": {"mtbf_days": 10.0, "mttr_hours": 24.0, "overlap_share": 0.6}}
    count = 4_000
    outages = Outages(parameters(**own), 162, stations(count // 10, count))
    said = [reasons(outages, NOON + 3 * day * DAY_S, count) for day in range(8)]
    down = np.mean([sum(map(bool, each)) / count for each in said])
    assert down == pytest.approx((1 - np.exp(-0.1)) * 0.4, rel=0.2)
    for each in said:
        assert all(reason in ("", f"base station {hub % (count // 10)} down") for hub, reason in enumerate(each))


def test_hubs_without_a_station_do_not_mind_stations() -> None:
    own = {"base_station_down": {"mtbf_days": 0.001, "mttr_hours": 240.0, "overlap_share": 0.0}}
    outages = Outages(parameters(**own), 162, np.array([-1, 0], np.int32))
    assert [outages.blocked(hub, NOON) for hub in (0, 1)] == ["", "base station 0 down"]


def test_outages_hang_on_seed_and_hub_alone() -> None:
    shipped = outage_parameters()
    small, large = (Outages(shipped, 162, np.full(hubs, -1, np.int32)) for hubs in (3_000, 9_000))
    for day in range(3):
        assert reasons(small, NOON + day * DAY_S, 3_000) == reasons(large, NOON + day * DAY_S, 3_000)
    other = Outages(shipped, 163, np.full(3_000, -1, np.int32))
    assert reasons(other, NOON, 3_000) != reasons(small, NOON, 3_000)


def test_the_order_of_asking_changes_nothing() -> None:
    hours = [NOON + hour * 3600.0 for hour in range(0, 240, 5)]
    shipped = outage_parameters()
    forward, backward = (Outages(shipped, 5, stations(3, 2_000)) for _ in range(2))
    said = {now: reasons(forward, now, 2_000) for now in hours}
    assert said == {now: reasons(backward, now, 2_000) for now in reversed(hours)}


def test_an_outage_has_one_beginning_and_one_end() -> None:
    """A hub that is down over midnight is down on both sides of it."""
    own = {"hub_down": {"per_day": 0.2, "mean_hours": 18.0}}
    outages = Outages(parameters(**own), 1, stations(1, 400))
    midnight = (TODAY + 1) * DAY_S
    before, after = reasons(outages, midnight - 1.0, 400), reasons(outages, midnight + 1.0, 400)
    assert before.count(HUB_DOWN) > 20
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 2


def test_natural_outages_can_be_switched_off() -> None:
    outages = Outages(outage_parameters(), 162, stations(), natural=False)
    assert not any(reasons(outages, NOON))
    assert outages.assumptions() == []


def test_planned_windows_hit_whom_they_name_while_they_last() -> None:
    affected = np.array([True, False, True])
    planned = [OutageWindow(affected, NOON, NOON + 2 * DAY_S)]
    outages = Outages(outage_parameters(), 162, stations(1, 3), planned, natural=False)
    assert [reasons(outages, at, 3) for at in (NOON - 0.1, NOON + 2 * DAY_S)] == [["", "", ""]] * 2
    for at in (NOON, NOON + DAY_S, NOON + 2 * DAY_S - 0.1):
        assert reasons(outages, at, 3) == [PLANNED, "", PLANNED]


@pytest.mark.parametrize("asked_before", [True, False])
def test_told_windows_count_whenever_they_are_told(asked_before: bool) -> None:
    outages = Outages(outage_parameters(), 162, stations(1, 3), natural=False)
    if asked_before:
        assert outages.blocked(1, NOON) == ""
    outages.add_hub_window(1, NOON, NOON + 3600.0, "power cut")
    assert [outages.blocked(hub, NOON + 60.0) for hub in range(3)] == ["", "power cut", ""]
    assert outages.blocked(1, NOON + 3600.0) == ""


def test_messages_to_and_from_a_hub_that_is_cut_off_are_lost_with_the_reason() -> None:
    network = make_wan("csp_sc_cellular_3g", load_parameters("csp_sc_cellular_3g"), 162, stations(1, 3), 4)
    outages = Outages(outage_parameters(), 162, stations(1, 3), natural=False)
    outages.add_hub_window(0, NOON, NOON + 60.0, "power cut")
    model = InterruptedWan(network, outages)
    sent = model.send(0, "down", 100, NOON + 1.0)
    assert (sent.arrives_at, sent.reason, sent.frames) == (None, "power cut", 0)
    in_flight = model.send(0, "down", 100, NOON - 0.001)
    assert (in_flight.arrives_at, in_flight.reason) == (None, "power cut")
    assert in_flight.frames >= 1
    assert model.send(1, "down", 100, NOON + 1.0).arrives_at is not None
    assert model.send(0, "up", 100, NOON + 60.0).arrives_at is not None
