"""The tables against the published ones, cell by cell, and what a scenario may replace."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.dcc.rules import Rules, schedulable
from emulator.errors import ScenarioError
from emulator.scenario import Scenario, load_scenario
from gbcs.catalogue import by_srv, mhhs
from gbcs.errors import LocalError

DAY = 86400
NA = None
TABLE_3 = {
    #        existing: SMETS2      SMETS1       MHHS: SMETS2     SMETS1       (scheduled, on demand) each
    "4.1.1": ((NA, 30), (NA, 16), (NA, DAY), (NA, DAY)),
    "4.2": ((NA, 30), (NA, 16), (NA, DAY), (NA, DAY)),
    "4.6.1": ((DAY, 30), (DAY, 16), (DAY, DAY), (DAY, DAY)),
    "4.6.2": ((DAY, 30), (NA, NA), (DAY, DAY), (NA, NA)),
    "4.8.1": ((DAY, 5600), (DAY, 16), (DAY, DAY), (DAY, DAY)),
    "4.8.3": ((DAY, 30), (DAY, 16), (DAY, DAY), (DAY, DAY)),
    "4.17": ((DAY, 30), (NA, NA), (DAY, DAY), (NA, NA)),
    "5.1": ((NA, DAY), (NA, DAY), (NA, DAY), (NA, DAY)),
    "5.2": ((NA, DAY), (NA, DAY), (NA, DAY), (NA, DAY)),
    "5.3": ((NA, DAY), (NA, DAY), (NA, DAY), (NA, DAY)),
    "8.2": ((NA, 30), (NA, 16), (NA, 30), (NA, 16)),
}
COLUMNS = (("existing", "smets2"), ("existing", "smets1"), ("mhhs", "smets2"), ("mhhs", "smets1"))


def scenario(**sections: Any) -> Scenario:
    return load_scenario(None, **sections)


@pytest.mark.parametrize("srv", TABLE_3)
def test_target_response_times_are_those_of_table_3(srv: str) -> None:
    rules = Rules()
    for (purpose, generation), (scheduled, on_demand) in zip(COLUMNS, TABLE_3[srv], strict=True):
        assert rules.table_3(srv, "scheduled", purpose, generation) == scheduled, (purpose, generation)
        assert rules.table_3(srv, "on_demand", purpose, generation) == on_demand, (purpose, generation)


def test_a_cell_without_a_time_is_an_error_or_a_named_assumption() -> None:
    rules = Rules()
    assert rules.trt_s("4.8.1", "on_demand", for_settlement=False) == 5600
    assert rules.trt_s("4.8.1", "on_demand", for_settlement=True) == DAY
    assert rules.trt_s("4.2", "scheduled", for_settlement=True) == DAY
    assert any(one.name == "dcc.srv.assumed.trt_newly_schedulable_s" for one in rules.assumptions())
    with pytest.raises(LocalError, match=r"4\.17 is not available for smets1"):
        rules.trt_s("4.17", "scheduled", True, "smets1")
    with pytest.raises(LocalError, match=r"'9\.9' is not in PIA Table 3"):
        rules.trt_s("9.9", "scheduled", True)


def test_roles_and_granularities_are_those_of_tables_2_and_4() -> None:
    rows = Rules().requests.srv
    assert set(rows) == {"4.1.1", "4.2", "4.6.1", "4.6.2", "4.8.1", "4.8.3", "4.17"} == {r.srvs[0] for r in mhhs()}
    assert all("MDR" in row.roles.value for row in rows.values())
    assert {srv for srv, row in rows.items() if "ES" in row.roles.value} == {"4.2", "4.6.2", "4.8.3"}
    assert {srv for srv, row in rows.items() if "IS" in row.roles.value} == {"4.1.1", "4.6.1", "4.8.1", "4.17"}
    operators = {srv for srv in rows if any(role.name == "NETWORK_OPERATOR" for role in by_srv(srv).roles)}
    assert {srv for srv, row in rows.items() if "NO" in row.roles.value} == operators
    by_granularity = {
        name: {srv for srv, row in rows.items() if name in row.granularities.value}
        for name in ("half_hourly", "daily", "monthly")
    }
    assert by_granularity == {
        "half_hourly": set(rows),
        "daily": {"4.1.1", "4.2", "4.6.1", "4.6.2", "4.17"},
        "monthly": {"4.1.1", "4.2"},
    }


def test_what_can_be_scheduled_depends_on_the_duis_version() -> None:
    def names(version: str) -> set[str]:
        return {srv for srv in Rules().requests.srv if schedulable(srv, version)}

    everything_but_registers = {"4.6.1", "4.6.2", "4.8.1", "4.8.3", "4.17"}
    assert names("5.1") == names("5.3") == everything_but_registers
    assert names("5.4") == names("5.10") == everything_but_registers | {"4.2"}
    with pytest.raises(LocalError, match=r"DUIS 5\.0 is older than 5\.1"):
        schedulable("4.2", "5.0")


def test_windows_are_six_hours_for_existing_and_twelve_or_thirteen_for_settlement() -> None:
    windows = Rules().windows.csp
    for csp, hours in (("csp_north", 12), ("csp_south", 13), ("csp_central", 13)):
        existing, settled = windows[csp].existing.value, windows[csp].mhhs.value
        assert (existing.start_s, existing.end_s) == (0, 6 * 3600)
        assert settled.end_s - settled.start_s == hours * 3600
        assert settled.start_s >= existing.end_s
    assert windows["csp_south"].mhhs.value.start == "07:00"
    assert windows["csp_north"].mhhs.confidence == "A"


def test_every_value_has_a_confidence_and_a_source() -> None:
    shown = Rules().assumptions()
    assert len({one.name for one in shown}) == len(shown) > 60
    assert all(one.confidence in "HMLA" and one.source and one.value for one in shown)
    known = {one.name: one for one in shown}
    assert known["dcc.retry.csp_north.stops_before_midnight"].confidence == "H"
    assert known["dcc.windows.csp_north.mhhs"].value == "start 08:00, end 20:00"


def test_a_scenario_replaces_single_values_and_owns_them() -> None:
    rules = Rules(
        scenario(
            windows={"csp_north": {"mhhs": {"end": "16:00"}}},
            retry={"csp_south": {"attempts": 5}},
            rates={"csp_central": {"per_s": 2}},
        )
    )
    north = rules.windows.csp["csp_north"]
    assert (north.mhhs.value.start, north.mhhs.value.end) == ("08:00", "16:00")
    assert (north.mhhs.confidence, north.mhhs.source) == ("A", "the scenario")
    assert north.existing.confidence == "H"
    assert (rules.retry.csp["csp_south"].attempts.value, rules.retry.csp["csp_central"].attempts.value) == (5, 3)
    assert rules.rates.csp["csp_central"].per_s.value == 2.0
    assert Rules().retry.csp["csp_south"].attempts.value == 3


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"retry": {"csp_north": {"atempts": 5}}}, r"key retry\.csp_north\.atempts: is not known \(allowed: attempts,"),
        ({"retry": {"csp_north": {"attempts": 0}}}, r"key retry\.csp_north\.attempts: .*greater than or equal to 1.*0"),
        ({"retry": {"csp_north": {"attempts": "3"}}}, r"key retry\.csp_north\.attempts: .*'3'"),
        ({"retry": {"csp_north": {"attempts": True}}}, r"key retry\.csp_north\.attempts: .*True"),
        ({"rates": {"csp_south": {"per_s": 0}}}, r"key rates\.csp_south\.per_s: "),
        ({"windows": {"csp_south": {"mhhs": {"start": "21:00"}}}}, r"key windows\.csp_south\.mhhs: .*20:00.*not after"),
        ({"windows": {"csp_south": {"mhhs": {"start": "7am"}}}}, r"key windows\.csp_south\.mhhs\.start: '7am'"),
        ({"windows": {"csp_south": {"mhhs": {"begin": "07:00"}}}}, r"key windows\.csp_south\.mhhs\.begin: "),
        ({"windows": {"csp_south": {"mhhs": "07:00"}}}, r"key windows\.csp_south\.mhhs: "),
    ],
)
def test_a_mistake_in_a_scenario_is_one_line_with_its_key(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as caught:
        Rules(scenario(**sections))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("scenario default.toml: ")
