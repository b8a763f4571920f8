"""Capacity scenarios: A, B and C are those of PIA Table 5; every value has a mark; mistakes are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.capacity.scenario import NETWORKS, SHIPPED, load_capacity_scenario
from emulator.errors import ScenarioError


@pytest.mark.parametrize(
    ("name", "export", "mdr", "reuse", "in_window"),
    [("A", 0.1, 0.25, 1.0, 0.25), ("B", 0.3, 0.5, 0.5, 0.75), ("C", 0.5, 1.0, 0.0, 1.0)],
)
def test_the_shipped_scenarios_are_those_of_table_5(
    name: str, export: float, mdr: float, reuse: float, in_window: float
) -> None:
    scenario = load_capacity_scenario(name)
    assert scenario.meters.export_take_up.value == export
    assert scenario.demand.mdr_share.value == mdr
    assert scenario.demand.data_reuse_share.value == reuse
    assert scenario.in_window_share == pytest.approx(in_window), "the last row of the table follows from the others"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_value_has_its_mark_and_source(name: str) -> None:
    rows = load_capacity_scenario(name).assumptions()
    assert len(rows) > 20
    assert all(row.confidence in "HMLA" and row.source and row.value for row in rows)


def test_network_shares_add_up_to_one() -> None:
    shares = load_capacity_scenario("C").networks.shares.value
    assert set(shares) == set(NETWORKS)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_a_plain_value_of_ones_own_counts_as_assumed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        "title = 'Mine'\n[meters]\nesmes = 1000\n[windows.csp_north]\nmhhs = {start='21:00', end='24:00'}\n"
    )
    scenario = load_capacity_scenario(file)
    assert (scenario.name, scenario.title, scenario.meters.esmes.value) == ("mine", "Mine", 1000)
    assert (scenario.meters.esmes.confidence, scenario.windows.csp_north.mhhs.value.start) == ("A", "21:00")
    assert str(file) in scenario.meters.esmes.source
    assert scenario.meters.export_take_up.confidence == "H", "what it does not state stays as it was"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[meters]\nesme = 5", "key meters.esme: is not known (allowed: esmes, export_take_up"),
        ("[meters]\nesmes = 0", "key meters.esmes"),
        ("[networks]\nshares = {csp_north = 0.9}", "key networks.shares: the shares must add up to 1"),
        ("[networks]\nshares = {csp_west = 1.0}", "key networks.shares: 'csp_west' is not known (allowed: csp_north"),
        ("[sizing]\nsized_as = 'guess'", "key sizing.sized_as"),
        ("[windows.csp_north]\nmhhs = {start='20:00', end='08:00'}", "key windows.csp_north.mhhs"),
        ("[meters", "is not TOML"),
        ("demand = 3", "key demand"),
        (
            "[radio]\nbusiest_to_mean = {value = 3, confidence = 'Z', source = 'x'}",
            "key radio.busiest_to_mean.confidence",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as error:
        load_capacity_scenario(file)
    assert said in str(error.value) and "wrong.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match=r"no such file \(shipped: A, B, C\)"):
        load_capacity_scenario("D")
