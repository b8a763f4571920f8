"""Populations: shares met exactly, independent columns, repeatable, and the premises that outages hit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smets2_only import smets2_only

from emulator.population import NONE, Population, outage_windows, populate, whole_counts
from emulator.scenario import Outage, Scenario, load_scenario
from gbcs import eui64


def population(premises: int = 1000, seed: int = 162, **sections: dict[str, object]) -> Population:
    return populate(changed(premises, seed, **sections))


def changed(premises: int = 1000, seed: int = 162, **sections: dict[str, object]) -> Scenario:
    scenario = smets2_only(premises=premises, seed=seed)
    updated = {name: getattr(scenario, name).model_copy(update=values) for name, values in sections.items()}
    return scenario.model_copy(update=updated)


def share(column: np.ndarray, position: int) -> float:
    return float((column == position).mean())


# ---------------------------------------------------------------------- shares


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any), st.integers(0, 10_000))
def test_whole_counts_add_up_and_are_never_off_by_a_whole(weights: list[int], count: int) -> None:
    shares = {str(number): weight / sum(weights) for number, weight in enumerate(weights)}
    counts = whole_counts(shares, count)
    assert sum(counts) == count
    assert all(abs(n - exact * count) < 1 for n, exact in zip(counts, shares.values(), strict=True))
    assert all(n == 0 for n, weight in zip(counts, weights, strict=True) if weight == 0)


def test_the_shares_of_the_scenario_are_met_exactly() -> None:
    made, section = population(), load_scenario().population
    for column, names, shares in (
        (made.csp, made.names.csp, section.csp),
        (made.variant, made.names.variant, section.variants),
        (made.granularity, made.names.granularity, section.granularity),
        (made.firmware, made.names.firmware, section.firmware),
        (made.import_supplier, made.names.import_supplier, section.users.import_suppliers),
    ):
        assert {name: share(column, number) for number, name in enumerate(names)} == pytest.approx(dict(shares))
    assert made.has_export.mean() == section.export_share
    assert made.twin.mean() == section.twin_share
    assert (made.mdr_import != NONE).mean() == section.mdr_import_share


def test_only_premises_with_export_have_who_reads_it() -> None:
    made = population()
    assert ((made.export_supplier != NONE) == made.has_export).all()
    assert not (made.mdr_export != NONE)[~made.has_export].any()
    assert (made.mdr_export != NONE).sum() == round(made.has_export.sum() * load_scenario().population.mdr_export_share)


def test_every_region_uses_its_own_networks() -> None:
    made, wan = population(), load_scenario().population.wan
    for number, csp in enumerate(made.names.csp):
        used = {made.names.wan[preset] for preset in made.wan[made.csp == number]}
        assert used == set(getattr(wan, csp))


@pytest.mark.parametrize("premises", [1, 2, 3, 7])
def test_a_farm_of_a_few_premises_is_whole(premises: int) -> None:
    made = population(premises)
    assert len(made) == premises and len(made.table()["device"]) == premises
    assert all((column >= 0).all() for column in (made.csp, made.wan, made.variant, made.firmware))


# ---------------------------------------------------------------------- repeatable


def test_a_seed_repeats_every_column() -> None:
    one, again, other = population(seed=5), population(seed=5), population(seed=6)
    for name in ("csp", "wan", "mdr_import", "variant", "scale", "base_station", "has_export"):
        assert (getattr(one, name) == getattr(again, name)).all()
        assert (getattr(one, name) != getattr(other, name)).any()


def test_one_changed_share_leaves_the_other_columns_as_they_were() -> None:
    one, other = population(), population(population={"twin_share": 0.5})
    assert other.twin.mean() == 0.5
    for name in ("csp", "wan", "variant", "granularity", "import_supplier", "scale", "has_export"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_the_scale_has_median_one() -> None:
    scale = population(20_000).scale
    assert 0.97 < np.median(scale) < 1.03 and (scale > 0).all()


# ---------------------------------------------------------------------- identifiers


def test_identifiers_are_local_and_nobody_elses() -> None:
    made = population(300)
    meters, hubs = ({made.esme(n) for n in range(300)}, {made.hub(n) for n in range(300)})
    users = {party.eui for party in made.parties()}
    assert len(meters) == len(hubs) == 300 and len(meters | hubs | users) == 600 + len(users)
    assert all(eui[0] & 0x02 and len(eui) == 8 for eui in meters | hubs | users)
    assert made.table()["device"][4] == eui64.show(made.esme(4))


def test_parties_are_those_of_the_scenario_in_their_roles() -> None:
    parties, users = population(3).parties(), load_scenario().population.users
    named = [(party.role, party.name) for party in parties]
    assert named == [
        *(("IS", name) for name in users.import_suppliers),
        *(("ES", name) for name in users.export_suppliers),
        *(("NO", name) for name in users.network_operators),
        *(("MDR", name) for name in users.mdr_agents),
    ]


def test_a_name_in_two_roles_is_two_parties() -> None:
    users = load_scenario().population.users.model_copy(
        update={"import_suppliers": {"both": 1.0}, "export_suppliers": {"both": 1.0}}
    )
    both = [party.eui for party in population(3, population={"users": users}).parties() if party.name == "both"]
    assert len(set(both)) == 2


def test_the_table_shows_names_and_an_empty_one_for_none() -> None:
    made = population(200)
    table = made.table()
    assert all(len(column) == 200 for column in table.values())
    assert {name == "" for name in np.array(table["mdr_export"])[~made.has_export]} == {True}
    assert set(table["csp"]) == set(made.names.csp)


# ---------------------------------------------------------------------- base stations and outages


def test_radio_hubs_are_spread_evenly_over_base_stations() -> None:
    made = population(1000, networks={"north_hubs_per_base_station": 100})
    radio = made.wan == made.names.wan.index("csp_north_lrr")
    assert ((made.base_station != NONE) == radio).all()
    hubs = np.bincount(made.base_station[radio])
    assert len(hubs) == -(-int(radio.sum()) // 100) and hubs.max() - hubs.min() <= 1 and hubs.max() <= 100


def outage(**values: object) -> Outage:
    return Outage.model_validate({"share": 0.1, "from": "D+1 01:00", "to": "D+1 02:00", **values})


def hit(scenario: Scenario, made: Population) -> np.ndarray:
    (window,) = outage_windows(scenario, made)
    assert window.ends_at - window.starts_at == 3600
    return window.affected


def with_outage(**values: object) -> Scenario:
    return load_scenario(premises=1000).model_copy(update={"outage": (outage(**values),)})


def test_an_outage_of_hubs_hits_its_share_of_its_region() -> None:
    scenario = with_outage(csp="csp_south", share=0.1)
    made = populate(scenario)
    affected = hit(scenario, made)
    south = made.csp == made.names.csp.index("csp_south")
    assert affected.sum() == np.ceil(0.1 * south.sum()) and not affected[~south].any()
    assert (hit(scenario, made) == affected).all()


def test_an_outage_of_base_stations_hits_whole_stations() -> None:
    scenario = with_outage(kind="base_station", share=0.5).model_copy(
        update={"networks": changed(networks={"north_hubs_per_base_station": 50}).networks}
    )
    made = populate(scenario)
    affected = hit(scenario, made)
    stations = set(made.base_station[affected])
    assert NONE not in stations and len(stations) == -(-(made.base_station.max() + 1) // 2)
    assert (affected == np.isin(made.base_station, list(stations))).all()


def test_any_share_hits_someone_and_no_share_nobody() -> None:
    for share_, expected in ((1e-6, 1), (0.0, 0), (1.0, 1000)):
        scenario = with_outage(share=share_)
        assert hit(scenario, populate(scenario)).sum() == expected
