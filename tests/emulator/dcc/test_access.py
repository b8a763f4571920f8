"""Registration data and access control: who may read what, for which settlement day, and what the refusal says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from head_end_bench import Bench
from smets2_only import smets2_only

from emulator.dcc.registration import Registration, SmartMeteringInventory, mpan_number
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.settlement import local_midnight
from emulator.population import Party, populate
from emulator.scenario import load_scenario
from gbcs.catalogue import by_srv
from gbcs.errors import LocalError
from gbcs.times import from_datetime

WINTER, SUMMER = date(2026, 11, 23), date(2026, 7, 15)
ALL_MDR = {
    "csp": {"csp_north": 0.28, "csp_south": 0.36, "csp_central": 0.36},
    "mdr_import_share": 1.0,
    "mdr_export_share": 1.0,
}


def utc(day: date) -> int:
    return int(from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC)))


def bench(day: date = WINTER, change: float = 0.0, **keys: Any) -> Bench:
    default = smets2_only()
    demand = default.demand.model_dump() | {"mdr_change_share": change}
    population = default.population.model_dump() | ALL_MDR
    return Bench(scenario=load_scenario(premises=40, date=day, demand=demand, population=population, **keys))


def party(of: Bench, role: str, number: int = 0) -> Party:
    return [one for one in of.population.parties() if one.role == role][number]


def ask(of: Bench, srv: str, user: Party, premises: int, day: int, **differences: Any) -> ServiceRequest:
    row = of.rules.row(srv)
    bounds = {"profile": (day + 1800, day + 86400), "daily_log": (day + 86400,) * 2, "registers": (None, None)}
    request = ServiceRequest(
        0, srv, by_srv(srv), user.role, user, premises, of.population.esme(premises), "csp_south", row.mpan,
        "on_demand", user.role == "MDR", *bounds[row.reads], day, day + 90000.0, 86400.0,
    )  # fmt: skip
    return replace(request, **differences)


# ---------------------------------------------------------------------- what needs no MPAN


def test_a_role_is_eligible_for_its_service_requests_only() -> None:
    farm = bench()
    day, premises = utc(WINTER), 0
    not_eligible = {"IS": "4.2 4.6.2 4.8.3", "ES": "4.1.1 4.6.1 4.8.1 4.17", "NO": "4.6.1 4.6.2", "MDR": ""}
    for role, srvs in not_eligible.items():
        for srv in srvs.split():
            reason = farm.access.refusal(ask(farm, srv, party(farm, role), premises, day))
            assert reason is not None and reason.startswith(f"role {role} is not eligible for SRV {srv} (eligible: ")
    unknown = replace(ask(farm, "4.8.1", party(farm, "IS"), premises, day), srv="9.9")
    reason = farm.access.refusal(unknown)
    assert reason is not None and "'9.9' is no read" in reason


def test_the_flag_follows_table_6() -> None:
    farm = bench()
    day = utc(WINTER)
    for role, wrong, word in (("MDR", False, "must set"), ("NO", True, "must not set")):
        request = ask(farm, "4.8.1", party(farm, role), 0, day, for_settlement=wrong)
        assert farm.access.refusal(request) == f"role {role} {word} ForSettlement (PIA Table 6)"
    supplier = party(farm, "IS", int(farm.population.import_supplier[0]))
    for flag in (False, True):
        assert farm.access.refusal(ask(farm, "4.8.1", supplier, 0, day, for_settlement=flag)) is None


@pytest.mark.parametrize(("version", "refused"), [("5.1", {"4.1.1", "4.2"}), ("5.4", {"4.1.1"})])
def test_what_the_duis_version_cannot_schedule_is_refused(version: str, refused: set[str]) -> None:
    farm = bench(duis_version=version, gbcs_version="4.3+MP162")
    premises = int(np.flatnonzero(farm.population.has_export)[0])
    found = set()
    for srv, row in farm.rules.requests.srv.items():
        column = farm.population.mdr_import if row.mpan == "import" else farm.population.mdr_export
        user = party(farm, "MDR", int(column[premises]))
        reason = farm.access.refusal(ask(farm, srv, user, premises, utc(WINTER), mode="scheduled"))
        if reason is not None:
            assert reason == f"SRV {srv} cannot be scheduled under DUIS {version}"
            found.add(srv)
    assert found == refused


# ---------------------------------------------------------------------- inventory and registration


def test_a_device_must_be_known_and_measure_the_mpan() -> None:
    farm = bench()
    day = utc(WINTER)
    without = int(np.flatnonzero(~farm.population.has_export)[0])
    reason = farm.access.refusal(ask(farm, "4.8.3", party(farm, "MDR"), without, day))
    assert reason is not None and reason.endswith("has no export MPAN")
    user = party(farm, "MDR", int(farm.population.mdr_import[0]))
    assert farm.access.refusal(ask(farm, "4.8.1", user, 0, day)) is None
    for device in (bytes(8), farm.population.esme(1)):
        reason = farm.access.refusal(ask(farm, "4.8.1", user, 0, day, device=device))
        assert reason is not None and "is not in the smart metering inventory" in reason
    assert farm.access.refusal(ask(farm, "4.8.1", user, 0, day, mpan_kind="export")) == (
        "SRV 4.8.1 reads import MPANs, not export"
    )


@pytest.mark.parametrize("role", ["IS", "NO", "MDR"])
def test_only_the_registered_party_is_served(role: str) -> None:
    farm = bench()
    population = farm.population
    columns = {"IS": population.import_supplier, "NO": population.network_operator, "MDR": population.mdr_import}
    parties = [one for one in population.parties() if one.role == role]
    names = {"IS": "import supplier", "NO": "network operator", "MDR": "MDRA"}
    for number, one in enumerate(parties):
        reason = farm.access.refusal(ask(farm, "4.8.1", one, 3, utc(WINTER)))
        if number == columns[role][3]:
            assert reason is None
        else:
            number_text = mpan_number(3, "import")
            assert reason == (
                f"{one.name} is not the {names[role]} of import MPAN {number_text} on settlement day 2026-11-23"
            )


def test_a_supplier_that_is_not_its_own_agent_may_still_read_but_an_unappointed_mdr_may_not() -> None:
    farm = Bench()
    own = int(np.flatnonzero(farm.population.mdr_import < 0)[0])
    supplier = party(farm, "IS", int(farm.population.import_supplier[own]))
    assert farm.registration.mpan(own, "import").appointments[0].agent == supplier  # type: ignore[union-attr]
    assert farm.access.refusal(ask(farm, "4.8.1", supplier, own, utc(WINTER))) is None
    for number in (0, 1):
        reason = farm.access.refusal(ask(farm, "4.8.1", party(farm, "MDR", number), own, utc(WINTER)))
        assert reason is not None and "is not the MDRA" in reason


@pytest.mark.parametrize("day", [WINTER, SUMMER])
def test_the_outgoing_agent_gets_nothing_from_the_effective_day_on(day: date) -> None:
    farm = bench(day, change=0.5)
    changed = np.flatnonzero(farm.registration.changed("import"))
    assert len(changed) == 20
    premises = int(changed[0])
    mpan = farm.registration.mpan(premises, "import")
    assert mpan is not None
    outgoing, incoming = mpan.appointments
    assert (outgoing.effective_to, incoming.effective_from) == (day - timedelta(days=1), day)
    assert outgoing.agent != incoming.agent

    def refused(user: Party, first: int, last: int) -> str | None:
        return farm.access.refusal(ask(farm, "4.8.1", user, premises, utc(day), first=first, last=last))

    midnight = local_midnight(day)
    before, after = (midnight - 84600, midnight), (midnight + 1800, midnight + 86400)
    assert refused(outgoing.agent, *before) is None and refused(incoming.agent, *after) is None
    assert f"on settlement day {day}" in (refused(outgoing.agent, *after) or "")
    assert f"on settlement day {day - timedelta(days=1)}" in (refused(incoming.agent, *before) or "")
    for user in (outgoing.agent, incoming.agent):
        assert refused(user, midnight, midnight + 1800) is not None, "one half-hour of each day is one too many"


def test_with_one_agent_a_change_comes_from_the_supplier_itself() -> None:
    default = smets2_only().population.model_dump()
    users = default["users"] | {"mdr_agents": {"elm_data": 1.0}}
    population = populate(load_scenario(premises=40, population=default | {"users": users}))
    registration = Registration(population, WINTER, 1.0, 7)
    for premises in np.flatnonzero(registration.changed("import")).tolist():
        mpan = registration.mpan(premises, "import")
        assert mpan is not None and mpan.appointments[0].agent == mpan.supplier != mpan.appointments[1].agent
    assert registration.changed("import").sum() == 20


# ---------------------------------------------------------------------- GBCS


def test_import_registers_by_a_data_retriever_hang_on_the_gbcs_version() -> None:
    published, proposed = bench(), bench(gbcs_version="4.3+MP162")
    reasons = []
    for farm in (published, proposed):
        user = party(farm, "MDR", int(farm.population.mdr_import[0]))
        reasons.append(farm.access.refusal(ask(farm, "4.1.1", user, 0, utc(WINTER))))
    assert reasons == ["GBCS 4.3 gives role MDR no access to ECS17b (SRV 4.1.1)", None]


def test_reasons_come_in_order() -> None:
    """One request with everything wrong is put right step by step; each step shows the next reason."""
    farm = bench()
    right, wrong = int(farm.population.mdr_import[0]), 1 - int(farm.population.mdr_import[0])
    request = ask(
        farm, "4.1.1", party(farm, "MDR", wrong), 0, utc(WINTER),
        mode="scheduled", for_settlement=False, device=bytes(8), role="ES",
    )  # fmt: skip
    steps: list[tuple[dict[str, Any], str]] = [
        ({}, "role ES is not eligible"),
        ({"role": "MDR"}, "must set ForSettlement"),
        ({"for_settlement": True}, "cannot be scheduled under DUIS 5.4"),
        ({"mode": "on_demand"}, "not in the smart metering inventory"),
        ({"device": farm.population.esme(0)}, "is not the MDRA"),
        ({"user": party(farm, "MDR", right)}, "GBCS 4.3 gives role MDR no access"),
        ({"srv": "4.6.1", "use_case": by_srv("4.6.1")}, ""),
    ]
    for change, expected in steps:
        request = replace(request, **change)
        assert expected in (farm.access.refusal(request) or "")
    assert farm.access.refusal(request) is None


# ---------------------------------------------------------------------- the inventory


def test_numbers_and_devices_lead_to_each_other() -> None:
    farm = bench()
    inventory = SmartMeteringInventory(farm.registration)
    numbers = set()
    for premises in range(40):
        device = farm.population.esme(premises)
        mpans = inventory.mpans(device)
        assert [mpan.kind for mpan in mpans] == ["import", "export"][: 1 + int(farm.population.has_export[premises])]
        for mpan in mpans:
            assert len(mpan.number) == 13 and mpan.number.isdecimal() and inventory.device(mpan.number) == device
            numbers.add(mpan.number)
    assert len(numbers) == 40 + farm.population.has_export.sum()


@pytest.mark.parametrize("number", ["", "99", "9900000000001", "99000000099990", "1200000000000", "99x0000000000"])
def test_a_wrong_number_is_named(number: str) -> None:
    with pytest.raises(LocalError, match="no MPAN has the number"):
        SmartMeteringInventory(bench().registration).device(number)


def test_the_check_digit_tells_every_changed_digit() -> None:
    inventory = SmartMeteringInventory(bench().registration)
    number = mpan_number(7, "import")
    for position in range(2, 12):
        changed = number[:position] + str((int(number[position]) + 1) % 10) + number[position + 1 :]
        with pytest.raises(LocalError):
            inventory.device(changed)
    with pytest.raises(LocalError, match="00-00-00-00-00-00-00-00 is not in the smart metering inventory"):
        inventory.mpans(bytes(8))
