"""The demand model: its sums are those of its rows, and follow from what the scenario says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.capacity.demand import Demand, hour_shares, make_demand
from emulator.capacity.scenario import load_capacity_scenario
from emulator.dcc.rule_tables import Window


def demand(name: str = "B", **sections: dict[str, object]) -> Demand:
    return make_demand(load_capacity_scenario(name, sections))


def test_scenario_c_is_73_6_million_reads() -> None:
    assert demand("C").total_srvs == pytest.approx(73.6e6, rel=0.002)


@settings(max_examples=25, deadline=None)
@given(mdr=st.floats(0, 1), reuse=st.floats(0, 1), export=st.floats(0, 1), repeats=st.floats(0, 1))
def test_the_count_follows_from_shares_and_repeats(mdr: float, reuse: float, export: float, repeats: float) -> None:
    made = demand(
        demand={"mdr_share": mdr, "data_reuse_share": reuse, "repeats_share": repeats},
        meters={"esmes": 1_000_000, "export_take_up": export},
    )
    flagged = mdr + (1 - mdr) * (1 - reuse)
    everything = 1e6 * (1 + repeats) * (1 + 1 / 30 + export * (2 + 1 / 30))
    assert made.total_srvs == pytest.approx(everything * flagged, rel=1e-9)
    assert made.srvs.sum() == pytest.approx(everything, rel=1e-9), "what is re-used is read anyway"


def test_sums_by_network_cohort_and_hour_are_the_total() -> None:
    made = demand("B")
    assert sum(made.by_network(made.srvs).values()) == pytest.approx(made.total_srvs)
    assert sum(made.by_cohort(made.srvs).values()) == pytest.approx(made.total_srvs)
    assert made.by_hour(made.bytes).sum() == pytest.approx(made.bytes.sum())


def test_networks_share_as_the_scenario_says() -> None:
    made = demand("C", networks={"shares": {"csp_north": 0.25, "csp_south": 0.75}})
    north, south = (made.by_network(made.srvs)[name] for name in ("csp_north", "csp_south"))
    assert north * 3 == pytest.approx(south)
    assert made.by_network(made.srvs)["smets1"] == 0
    assert made.cohorts == ("smets2",)


def test_settlement_reads_lie_in_their_window_and_reused_ones_in_the_existing() -> None:
    made = demand("B")
    north = made.by_hour(made.srvs)[made.networks.index("csp_north")]
    assert np.flatnonzero(north).tolist() == [*range(6), *range(8, 20)]
    assert north[:6].sum() == pytest.approx(made.by_network(made.srvs, flagged=False)["csp_north"])


def test_half_an_hour_of_a_window_counts_half() -> None:
    shares = hour_shares(Window(start="07:30", end="10:00"))
    assert shares[[7, 8, 9]].tolist() == pytest.approx([0.2, 0.4, 0.4])
    assert shares.sum() == pytest.approx(1.0)


def test_a_data_retriever_of_smets2_asks_no_4_1_1_and_smets1_has_no_4_6_2() -> None:
    rows = demand("B").rows
    assert not any(row.srv == "4.1.1" and row.role == "MDR" for row in rows)
    assert not any(row.srv == "4.6.2" and row.cohort != "smets2" for row in rows)
    assert any(row.srv == "4.2" and row.cohort != "smets2" for row in rows)


def test_repeats_and_what_cannot_be_scheduled_are_on_demand() -> None:
    assert demand("C").on_demand_share == pytest.approx(0.2 / 1.2), "MDR reads of C can all be scheduled"
    assert demand("B").on_demand_share > 0.2 / 1.2, "suppliers ask 4.1.1 once a month, which cannot"
    none = {"mdr_share": 1.0, "repeats_share": 0.0}
    assert demand("C", demand=none).on_demand_share == 0
    assert demand("C", demand={**none, "on_demand_share": 0.3}).on_demand_share == pytest.approx(0.3)


def test_sized_as_mdr_is_never_smaller() -> None:
    scenario = load_capacity_scenario("B")
    honest, uniform = make_demand(scenario, "role"), make_demand(scenario, "mdr")
    assert uniform.total_srvs == honest.total_srvs
    assert uniform.total_bytes > honest.total_bytes * 1.05


def test_twins_cost_more_bytes_and_no_more_reads() -> None:
    single, twins = demand("C"), demand("C", meters={"twin_share": 1.0})
    assert twins.total_srvs == pytest.approx(single.total_srvs)
    assert twins.total_bytes > single.total_bytes
