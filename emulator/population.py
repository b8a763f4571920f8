"""The population of a farm: who lives in each premises, as columns (a numpy array per property, an entry per premises).

Shares become whole numbers by largest remainder and are then shuffled, so a mix is met as exactly as it can be at every
size, and the same scenario and seed give the same farm. Nothing is made per premises: 100,000 of them cost about 5 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.rng import generator
from emulator.scenario_model import Outage, Scenario
from emulator.scenario_names import ALL_CSPS, CSPS, SMETS1
from gbcs import eui64
from gbcs.eui64 import Eui64

Index = NDArray[np.int16]
"""Positions in one of the name lists; NONE where a premises has no such thing."""

NONE = -1
RADIO_PRESET = "csp_north_lrr"
"""The one WAN preset with base stations."""

_HUB_EUIS = 0x024D_4610_0000_0000
_ESME_EUIS = 0x024D_4600_0000_0000
_USER_EUIS = 0x024D_46F0_0000_0000
"""Bases of emulated identifiers: bit 1 of the first octet marks them as locally administered, so no maker's."""

_SCALE_SIGMA = 0.45
"""Spread (lognormal, median 1) of a household's consumption around that of its variant; an assumption."""


@dataclass(frozen=True, slots=True)
class NameLists:
    """What the index columns point into."""

    csp: tuple[str, ...]
    wan: tuple[str, ...]
    cohort: tuple[str, ...]
    import_supplier: tuple[str, ...]
    export_supplier: tuple[str, ...]
    network_operator: tuple[str, ...]
    mdr: tuple[str, ...]
    granularity: tuple[str, ...]
    variant: tuple[str, ...]
    firmware: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """One DCC User: its role ("IS", "ES", "NO", "MDR"), its name in the scenario, and its EUI-64."""

    role: str
    name: str
    eui: Eui64


@dataclass(frozen=True, slots=True)
class OutageWindow:
    """Premises without SM WAN (``affected``, one flag per premises) from ``starts_at`` until ``ends_at``."""

    affected: NDArray[np.bool_]
    starts_at: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class Population:
    """Columns of equal length, one entry per premises. ``scale`` multiplies the consumption of the variant.

    ``cohort`` is that of SMETS1 meters, which are on no SM WAN; a SMETS2 meter has none.
    """

    names: NameLists
    csp: Index
    wan: Index
    cohort: Index
    base_station: NDArray[np.int32]
    hub_eui: NDArray[np.uint64]
    esme_eui: NDArray[np.uint64]
    import_supplier: Index
    export_supplier: Index
    network_operator: Index
    mdr_import: Index
    mdr_export: Index
    granularity: Index
    has_export: NDArray[np.bool_]
    twin: NDArray[np.bool_]
    variant: Index
    firmware: Index
    scale: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.csp)

    def hub(self, premises: int) -> Eui64:
        """EUI-64 of the comms hub."""
        return int(self.hub_eui[premises]).to_bytes(8, "big")

    def esme(self, premises: int) -> Eui64:
        """EUI-64 of the electricity meter."""
        return int(self.esme_eui[premises]).to_bytes(8, "big")

    def is_smets1(self, premises: int) -> bool:
        """Whether the meter of a premises is a SMETS1 one."""
        return bool(self.cohort[premises] != NONE)

    def parties(self) -> tuple[Party, ...]:
        """Every DCC User of the farm, in the order of the name lists. A name in two roles is two parties."""
        return (
            *_parties("IS", 1, self.names.import_supplier),
            *_parties("ES", 2, self.names.export_supplier),
            *_parties("NO", 3, self.names.network_operator),
            *_parties("MDR", 4, self.names.mdr),
        )

    def table(self) -> dict[str, Any]:
        """The columns as a person reads them (names, printed identifiers), as the result store takes them."""
        named: dict[str, tuple[tuple[str, ...], Index]] = {
            "csp": (self.names.csp, self.csp),
            "granularity": (self.names.granularity, self.granularity),
            "import_supplier": (self.names.import_supplier, self.import_supplier),
            "export_supplier": (self.names.export_supplier, self.export_supplier),
            "network_operator": (self.names.network_operator, self.network_operator),
            "mdr_import": (self.names.mdr, self.mdr_import),
            "mdr_export": (self.names.mdr, self.mdr_export),
            "variant": (self.names.variant, self.variant),
            "firmware": (self.names.firmware, self.firmware),
        }
        return {
            "device": [eui64.show(int(eui).to_bytes(8, "big")) for eui in self.esme_eui],
            "hub": [eui64.show(int(eui).to_bytes(8, "big")) for eui in self.hub_eui],
            **{column: np.array([*names, ""], dtype=object)[index] for column, (names, index) in named.items()},
            "wan": np.array([*self.names.wan, *self.names.cohort], dtype=object)[
                np.where(self.cohort == NONE, self.wan, self.cohort + len(self.names.wan))
            ],
            "base_station": self.base_station,
            "has_export": self.has_export,
            "twin": self.twin,
        }


def populate(scenario: Scenario) -> Population:
    """The population of a scenario; the same scenario (seed included) gives the same columns."""
    section, count = scenario.population, scenario.premises
    users = section.users
    wan_names = tuple(dict.fromkeys(name for csp in CSPS for name in getattr(section.wan, csp)))
    has_smets1 = section.smets1_share > 0
    names = NameLists(
        (*CSPS, SMETS1) if has_smets1 else CSPS,
        wan_names,
        tuple(section.smets1_cohorts) if has_smets1 else (),
        tuple(users.import_suppliers),
        tuple(users.export_suppliers),
        tuple(users.network_operators),
        tuple(users.mdr_agents),
        tuple(section.granularity),
        tuple(section.variants),
        tuple(section.firmware),
    )
    draw = _Drawing(scenario.seed, count)
    everyone = np.ones(count, dtype=bool)
    smets1 = draw.flag("smets1", section.smets1_share, everyone)
    csp = draw.mix("csp", {name: section.csp.get(name, 0.0) for name in CSPS}, ~smets1)
    csp[smets1] = len(CSPS)
    wan = _wan(scenario, csp, names.wan, draw)
    has_export = draw.flag("export", section.export_share, everyone)
    numbers = np.arange(1, count + 1, dtype=np.uint64)
    return Population(
        names=names,
        csp=csp,
        wan=wan,
        cohort=draw.mix("smets1_cohort", section.smets1_cohorts, smets1),
        base_station=_base_stations(scenario, names.wan, wan, draw),
        hub_eui=numbers + np.uint64(_HUB_EUIS),
        esme_eui=numbers + np.uint64(_ESME_EUIS),
        import_supplier=draw.mix("import_supplier", users.import_suppliers, everyone),
        export_supplier=draw.mix("export_supplier", users.export_suppliers, has_export),
        network_operator=draw.mix("network_operator", users.network_operators, everyone),
        mdr_import=draw.mix(
            "mdr_import", users.mdr_agents, draw.flag("by_mdr_import", section.mdr_import_share, everyone)
        ),
        mdr_export=draw.mix(
            "mdr_export", users.mdr_agents, draw.flag("by_mdr_export", section.mdr_export_share, has_export)
        ),
        granularity=draw.mix("granularity", section.granularity, everyone),
        has_export=has_export,
        twin=draw.flag("twin", section.twin_share, everyone) & ~smets1,
        variant=draw.mix("variant", section.variants, everyone),
        firmware=draw.mix("firmware", section.firmware, everyone),
        scale=draw.scale(),
    )


def outage_windows(scenario: Scenario, population: Population) -> list[OutageWindow]:
    """The planned outages with the premises that each one cuts off, drawn from the scenario's seed."""
    return [_outage_window(scenario, population, number, outage) for number, outage in enumerate(scenario.outage)]


def whole_counts(shares: Mapping[str, float], count: int) -> list[int]:
    """``count`` split by shares into whole numbers that add up to it: floors first, then the largest remainders."""
    exact = np.array(list(shares.values()), dtype=np.float64) * count
    whole = np.floor(exact + 1e-9).astype(np.int64)
    short = count - int(whole.sum())
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[:short]] += 1
    return [int(number) for number in whole]


class _Drawing:
    """Draws columns, each from a stream of its own, so that changing one share leaves the other columns as they are."""

    def __init__(self, seed: int, count: int) -> None:
        self.seed, self.count = seed, count

    def mix(self, what: str, shares: Mapping[str, float], among: NDArray[np.bool_]) -> Index:
        """Positions in ``shares`` for the premises in ``among``, NONE for the rest."""
        column = np.full(self.count, NONE, dtype=np.int16)
        number = int(among.sum())
        drawn = np.repeat(np.arange(len(shares), dtype=np.int16), whole_counts(shares, number))
        generator(self.seed, "population", what).shuffle(drawn)
        column[among] = drawn
        return column

    def flag(self, what: str, share: float, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Exactly ``share`` of the premises in ``among``."""
        return np.asarray(self.mix(what, {"yes": share, "no": 1 - share}, among) == 0)

    def scale(self) -> NDArray[np.float32]:
        """Lognormal with median 1."""
        return generator(self.seed, "population", "scale").lognormal(0.0, _SCALE_SIGMA, self.count).astype(np.float32)


def _wan(scenario: Scenario, csp: Index, names: tuple[str, ...], draw: _Drawing) -> Index:
    column = np.full(scenario.premises, NONE, dtype=np.int16)
    for number, name in enumerate(CSPS):
        mix: dict[str, float] = getattr(scenario.population.wan, name)
        among = csp == number
        drawn = draw.mix(f"wan_{name}", mix, among)
        column[among] = np.array([names.index(preset) for preset in mix], dtype=np.int16)[drawn[among]]
    return column


def _base_stations(scenario: Scenario, names: tuple[str, ...], wan: Index, draw: _Drawing) -> NDArray[np.int32]:
    """Hubs on long-range radio spread evenly over as many base stations as they need; NONE for all others."""
    column = np.full(scenario.premises, NONE, dtype=np.int32)
    if RADIO_PRESET not in names:
        return column
    among = wan == names.index(RADIO_PRESET)
    hubs = int(among.sum())
    stations = -(-hubs // scenario.networks.north_hubs_per_base_station)
    drawn = np.arange(hubs, dtype=np.int32) % max(stations, 1)
    generator(draw.seed, "population", "base_station").shuffle(drawn)
    column[among] = drawn
    return column


def _outage_window(scenario: Scenario, population: Population, number: int, outage: Outage) -> OutageWindow:
    here = np.ones(len(population), dtype=bool)
    if outage.csp != ALL_CSPS:
        here = population.csp == population.names.csp.index(outage.csp)
    random = generator(scenario.seed, "outage", number)
    if outage.kind == "base_station":
        stations = np.unique(population.base_station[here & (population.base_station != NONE)])
        affected = here & np.isin(population.base_station, _sample(random, stations, outage.share))
    else:
        affected = np.zeros(len(population), dtype=bool)
        affected[_sample(random, np.flatnonzero(here), outage.share)] = True
    return OutageWindow(affected, scenario.instant(outage.starts), scenario.instant(outage.ends))


def _sample(random: np.random.Generator, candidates: NDArray[Any], share: float) -> NDArray[Any]:
    """A share of the candidates, rounded up so that an outage with any share at all hits someone."""
    return random.permutation(candidates)[: int(np.ceil(share * len(candidates) - 1e-9))]


def _parties(role: str, number: int, names: tuple[str, ...]) -> list[Party]:
    return [
        Party(role, name, (_USER_EUIS + (number << 16) + position).to_bytes(8, "big"))
        for position, name in enumerate(names, 1)
    ]
