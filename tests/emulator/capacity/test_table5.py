"""PIA Table 5 comes out of the demand model, and the report says how much of that is fitted."""

from __future__ import annotations

import pytest

from emulator.capacity.pia import VOLUMES, Volume, pia
from emulator.capacity.scenario import load_capacity_scenario
from emulator.capacity.shares import OWN, broken, held
from emulator.capacity.table5 import (
    FITTED,
    WINDOWS_H,
    fit_transport,
    mean_rates,
    role_split,
    role_split_refitted,
    table5,
)


def test_all_six_figures_are_within_two_per_cent_at_mdr_size() -> None:
    table = table5()
    assert len(table.figures) == 6
    assert {figure.figure: figure.error for figure in table.figures if abs(figure.error) >= 0.02} == {}
    assert table.worst < 0.02


def test_the_honest_role_split_misses_by_more_and_says_so() -> None:
    errors = [figure.error for figure in role_split().figures[3:]]
    assert errors[1] == pytest.approx(-0.06, abs=0.01), "scenario B, where suppliers read a third"
    assert max(abs(error) for error in errors) == role_split().worst
    refitted = [figure.error for figure in role_split_refitted().figures[3:]]
    assert -0.06 < min(refitted) < -0.02 < 0.01 < max(refitted) < 0.03


def test_three_parameters_are_fitted_and_each_figure_is_predicted_without_itself() -> None:
    assert len(FITTED) == 3
    counts, octets = table5().figures[:3], table5().figures[3:]
    assert all(abs(figure.left_out or 1.0) < 0.005 for figure in counts), "three counts lie on one line"
    assert all(abs(figure.left_out or 1.0) < 0.03 for figure in octets)


def test_the_shipped_transport_is_the_fit() -> None:
    shipped = load_capacity_scenario("C").sizing.transport_bytes.value
    assert fit_transport("mdr") == pytest.approx(shipped, abs=1.0)


@pytest.mark.parametrize("left_out", VOLUMES)
def test_a_fit_without_one_figure_does_not_look_at_it(left_out: Volume) -> None:
    assert fit_transport("mdr", without=left_out) != pytest.approx(fit_transport("mdr"), abs=0.01)


@pytest.mark.parametrize(
    ("scenario", "window_h", "srvs_per_s", "mb_per_s"),
    [("A", 6, 514, 0.70), ("A", 24, 128, 0.17), ("B", 12, 1025, 1.28), ("C", 8, 2556, 3.17), ("C", 13, 1573, 1.95)],
)
def test_mean_rates_are_those_of_the_published_volumes(
    scenario: str, window_h: int, srvs_per_s: float, mb_per_s: float
) -> None:
    (rate,) = (one for one in mean_rates() if (one.scenario, one.window_h) == (scenario, window_h))
    assert rate.srvs_per_s == pytest.approx(srvs_per_s, rel=0.005)
    assert rate.bytes_per_s / 1e6 == pytest.approx(mb_per_s, rel=0.025)


def test_every_scenario_has_every_window() -> None:
    assert [(one.scenario, one.window_h) for one in mean_rates()] == [(v, h) for v in VOLUMES for h in WINDOWS_H]


def test_costs_of_table_8_are_the_sums_of_table_9() -> None:
    costs = pia().costs
    assert costs.total.fixed == pytest.approx(costs.smets1.fixed + costs.smets2.fixed)
    assert costs.range.lower == pytest.approx(costs.total.fixed + costs.total.A)
    assert costs.range.upper == pytest.approx(costs.total.fixed + costs.total.C)


def test_no_choice_of_network_shares_agrees_with_everything_that_is_said() -> None:
    found = broken(held(load_capacity_scenario("C")))
    assert OWN in found and len(found) >= 5
    assert all(found.values()), "every choice breaks something"
    assert "telefonica_c" in found["telefonica_a"] and "telefonica_a" not in found["telefonica_a"]
    assert "telefonica_c" not in found["telefonica_c"]
    assert "north_homes" not in found["homes"]
