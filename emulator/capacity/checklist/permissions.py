"""Rows about target response times, permissions and what is collected."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from emulator.capacity.checklist.answer import Answer, Evidence, holds
from emulator.capacity.demand import read_rows
from emulator.capacity.sample import run_scenario
from emulator.capacity.scenario import CapacityScenario, DemandSection
from emulator.capacity.sizes import exchange
from emulator.dcc.registration import Registration
from emulator.dcc.rule_tables import Generation, Mode, Purpose
from emulator.dcc.rules import Rules, schedulable
from emulator.farm import ROLES
from emulator.population import populate
from emulator.scenario_names import SMETS1
from gbcs.errors import LocalError

DAY_S, SHORT_S, LONG_S, SMETS1_S = 86_400, 30, 5_600, 16
"""The four target response times of PIA Table 3."""

_MODES: Final[tuple[Mode, ...]] = ("scheduled", "on_demand")
_GENERATIONS: Final[tuple[Generation, ...]] = ("smets2", "smets1")
_OF_THE_PIA, _NEWEST = "5.1", "5.4"


def _cells(purpose: Purpose) -> dict[tuple[str, Generation, Mode], int]:
    rules = Rules()
    srvs = (*rules.requests.srv, *rules.requests.dcc_only)
    cells = {
        (srv, generation, mode): rules.table_3(srv, mode, purpose, generation)
        for srv in srvs
        for generation in _GENERATIONS
        for mode in _MODES
    }
    return {cell: seconds for cell, seconds in cells.items() if seconds is not None}


def extended_times(_evidence: Evidence) -> Answer:
    """Row 1."""
    cells = _cells("mhhs")
    short = {cell: seconds for cell, seconds in cells.items() if seconds != DAY_S}
    expected = {("8.2", "smets2", "on_demand"): SHORT_S, ("8.2", "smets1", "on_demand"): SMETS1_S}
    return holds(
        short == expected,
        f"24 h in {len(cells) - len(short)} of {len(cells)} cells; 8.2 30 s, SMETS1 16 s",
        "the table has 16 s until the change of footnote 4",
    )


def existing_times(_evidence: Evidence) -> Answer:
    """Row 2."""
    reads = {cell: seconds for cell, seconds in _cells("existing").items() if cell[0].startswith("4.")}
    right = all(seconds == _existing(*cell) for cell, seconds in reads.items())
    return holds(right, f"all {len(reads)} cells of reads as in the table")


def _existing(srv: str, generation: Generation, mode: Mode) -> int:
    if mode == "scheduled":
        return DAY_S
    if generation == SMETS1:
        return SMETS1_S
    return LONG_S if srv == "4.8.1" else SHORT_S


def absent_reads(_evidence: Evidence) -> Answer:
    """Row 3, under the DUIS that the PIA knew."""
    rules = Rules().requests.srv
    absent = [srv for srv, row in rules.items() if row.trt_s.value.smets1 is None]
    unscheduled, later = ([srv for srv in rules if not schedulable(srv, version)] for version in (_OF_THE_PIA, _NEWEST))
    ours = f"SMETS1 without {', '.join(sorted(absent))}; not schedulable {', '.join(unscheduled)}"
    now = ", ".join(later)
    met = sorted(absent) == ["4.17", "4.6.2"] and unscheduled == ["4.1.1", "4.2"]
    return holds(met, ours, f"from DUIS {_NEWEST} on only {now}, as its schema has it")


def mdr_requests(_evidence: Evidence) -> Answer:
    """Row 4."""
    requests = Rules().requests
    count = sum("MDR" in row.roles.value for row in requests.srv.values()) + len(requests.dcc_only)
    try:
        exchange("4.1.1", "MDR")
        refused = False
    except LocalError:
        refused = True
    return holds(count == 11 and refused, f"{count} SRVs; 4.1.1 of SMETS2 {'refused' if refused else 'answered'}")


def collected(evidence: Evidence) -> Answer:
    """Row 5."""
    values = [exchange(srv, "MDR").values for srv in ("4.8.1", "4.8.3")]
    monthly = [read for read in read_rows() if read.every == "month"]
    days = evidence.scenario.demand.month_days.value
    return holds(
        values == [48, 48] and all(read.granularity == "half_hourly" for read in read_rows() if read.of == "export"),
        f"{values[0]} and {values[1]} half-hours in the answers; {len(monthly)} kinds of monthly read over {days} days",
        f"export profile {evidence.scenario.demand.export_reads_per_day.value:g} times a day, fitted to Table 5",
    )


def granularities(_evidence: Evidence) -> Answer:
    """Row 6: what the demand model asks against what the customer's consent allows."""
    rules = Rules().requests.srv
    beyond = sorted({
        f"{srv} by {role} ({read.granularity})"
        for read in read_rows() for role, srv in read.srv.items()
        if read.granularity not in rules[srv].granularities.value
    })  # fmt: skip
    why = "a data retriever of a monthly customer has no other read of SMETS2 registers (row 4)" if beyond else ""
    return holds(not beyond, "as in the table" + (f" but {', '.join(beyond)}" if beyond else ""), why)


def change_of_agent(evidence: Evidence) -> Answer:
    """Row 28: everybody changes, and registration data is asked for the day before and the day itself."""
    scenario = run_scenario(evidence.scenario.model_copy(update={"demand": _all_mdr(evidence.scenario)}), 40)
    population, day = populate(scenario), date(2026, 11, 24)
    registration = Registration(population, day, 1.0, scenario.seed)
    before, after = (registration.agents("import", when) for when in (day - timedelta(days=1), day))
    right = all(
        registration.is_registered(registration.parties[old], "MDR", at, "import", day - timedelta(days=1))
        and not registration.is_registered(registration.parties[old], "MDR", at, "import", day)
        and registration.is_registered(registration.parties[new], "MDR", at, "import", day)
        for at, (old, new) in enumerate(zip(before.tolist(), after.tolist(), strict=True))
    )
    return holds(right, f"{len(before)} of {len(before)} MPANs change hands at 00:00" if right else "not all do")


def _all_mdr(scenario: CapacityScenario) -> DemandSection:
    share = scenario.demand.mdr_share.model_copy(update={"value": 1.0})
    return scenario.demand.model_copy(update={"mdr_share": share})


def party_role(_evidence: Evidence) -> Answer:
    """Row 29."""
    role = ROLES["MDR"]
    return holds(int(role) == 127, str(int(role)))
