"""Registration data and the inventory: whose MPAN it is on which settlement day, and which device measures it.

An MPAN has one supplier and, always, one meter data retrieval agent (MDRA): an MDR User, or the supplier itself (PIA
Requirement 1). A change of MDRA takes effect at 00:00 of a settlement day. Nothing is kept per MPAN: the columns of the
population say it all, and a scenario's share of changes is one more column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.rule_tables import MpanKind
from emulator.population import NONE, Party, Population
from emulator.rng import generator
from emulator.scenario_model import Scenario
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64

KINDS: tuple[MpanKind, ...] = ("import", "export")
_DISTRIBUTOR = "99"
"""Starts the number of every emulated MPAN: no distributor has it, so that none is a real one."""
_CHECK_PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)

Parties = NDArray[np.int16]
"""Positions in :attr:`Registration.parties`; NONE where there is no such MPAN."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """An MDRA from its effective-from date (EFD) up to and including its effective-to date (ETD); None is open."""

    agent: Party
    effective_from: date | None
    effective_to: date | None


@dataclass(frozen=True, slots=True)
class Mpan:
    """A meter point: its number, its kind, its supplier, and its MDRAs in order of time."""

    number: str
    kind: MpanKind
    premises: int
    supplier: Party
    appointments: tuple[Appointment, ...]


class Registration:
    """Supplier, MDRA and network operator of every MPAN, by settlement day.

    Does not model: changes of supplier; MPANs without MDRA; delays of registration data on their way to the DSP.
    """

    def __init__(self, population: Population, change_date: date, change_share: float = 0.0, seed: int = 0) -> None:
        """``change_share`` of the MPANs read by an MDR User get another MDRA on ``change_date``."""
        self.population, self.change_date = population, change_date
        self.parties = population.parties()
        first = {role: self._first(role) for role in ("IS", "ES", "NO", "MDR")}
        self._suppliers: dict[MpanKind, Parties] = {
            "import": _positions(population.import_supplier, first["IS"]),
            "export": _positions(population.export_supplier, first["ES"]),
        }
        self.network_operators: Parties = _positions(population.network_operator, first["NO"])
        self._new: dict[MpanKind, Parties] = {
            "import": self._agents("import", population.mdr_import, first["MDR"]),
            "export": self._agents("export", population.mdr_export, first["MDR"]),
        }
        self._old: dict[MpanKind, Parties] = {
            kind: self._before(kind, first["MDR"], change_share, seed) for kind in KINDS
        }
        # A cell of a memory view is cheaper than one of an array, and access control looks at some for every read.
        self._supplier_at = {kind: self._suppliers[kind].data for kind in KINDS}
        self._operator_at = self.network_operators.data
        self._agent_at = {kind: (self._old[kind].data, self._new[kind].data) for kind in KINDS}

    @classmethod
    def of(cls, scenario: Scenario, population: Population) -> Registration:
        """The registration data of a scenario: its share of changes takes effect on its last settlement day."""
        last = scenario.date + timedelta(days=scenario.days - 1)
        return cls(population, last, scenario.demand.mdr_change_share, scenario.seed)

    def suppliers(self, kind: MpanKind) -> Parties:
        """The supplier of every MPAN of a kind."""
        return self._suppliers[kind]

    def agents(self, kind: MpanKind, day: date) -> Parties:
        """The MDRA of every MPAN of a kind on a settlement day."""
        return (self._new if day >= self.change_date else self._old)[kind]

    def changed(self, kind: MpanKind) -> NDArray[np.bool_]:
        """The MPANs whose MDRA changes on :attr:`change_date`."""
        changed: NDArray[np.bool_] = self._new[kind] != self._old[kind]
        return changed

    def is_registered(self, party: Party, role: str, premises: int, kind: MpanKind, day: date) -> bool:
        """Whether a party holds a role for an MPAN on a settlement day."""
        if role == "NO":
            position = self._operator_at[premises]
        elif role == "MDR":
            position = self._agent_at[kind][day >= self.change_date][premises]
        else:
            position = self._supplier_at[kind][premises]
        if position == NONE:
            return False
        holder = self.parties[position]
        return holder is party or holder == party

    def has_mpan(self, premises: int, kind: MpanKind) -> bool:
        """Whether a premises has an MPAN of a kind."""
        return self._supplier_at[kind][premises] != NONE

    def mpan(self, premises: int, kind: MpanKind) -> Mpan | None:
        """The MPAN of a premises as registration data states it, or None."""
        if not self.has_mpan(premises, kind):
            return None
        old, new = (self.parties[column[kind][premises]] for column in (self._old, self._new))
        appointments: tuple[Appointment, ...] = (Appointment(new, None, None),)
        if old != new:
            last = self.change_date - timedelta(days=1)
            appointments = (Appointment(old, None, last), Appointment(new, self.change_date, None))
        supplier = self.parties[self._suppliers[kind][premises]]
        return Mpan(mpan_number(premises, kind), kind, premises, supplier, appointments)

    def _first(self, role: str) -> int:
        return next((at for at, party in enumerate(self.parties) if party.role == role), 0)

    def _agents(self, kind: MpanKind, column: Parties, first_mdr: int) -> Parties:
        return np.where(column != NONE, column + first_mdr, self._suppliers[kind]).astype(np.int16)

    def _before(self, kind: MpanKind, first_mdr: int, share: float, seed: int) -> Parties:
        """The agents before the change: another MDR User or, where there is only one, the supplier itself."""
        old = self._new[kind].copy()
        by_mdr = np.flatnonzero(old >= first_mdr)
        count = round(share * len(by_mdr))
        chosen = generator(seed, "registration", "mdr_change", kind).permutation(by_mdr)[:count]
        agents = len(self.parties) - first_mdr
        if agents > 1:
            old[chosen] = (old[chosen] - first_mdr - 1) % agents + first_mdr
        else:
            old[chosen] = self._suppliers[kind][chosen]
        return old


class SmartMeteringInventory:
    """Which device measures which MPANs.

    Does not model: the life cycle of devices; gas; more than one meter in a premises.
    """

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        euis = registration.population.esme_eui
        self._premises = {int(eui).to_bytes(8, "big"): at for at, eui in enumerate(euis)}

    def premises(self, device: Eui64) -> int | None:
        """The premises of a device, or None for a device that is not in the inventory."""
        return self._premises.get(device)

    def mpans(self, device: Eui64) -> tuple[Mpan, ...]:
        """The MPANs that a device measures. Raises LocalError for a device that is not in the inventory."""
        premises = self._premises.get(device)
        if premises is None:
            raise LocalError(f"{eui64.show(device)} is not in the smart metering inventory")
        found = (self.registration.mpan(premises, kind) for kind in KINDS)
        return tuple(mpan for mpan in found if mpan is not None)

    def device(self, number: str) -> Eui64:
        """The device that measures an MPAN. Raises LocalError for a number that no MPAN has."""
        if len(number) == 13 and number.isdecimal():
            premises, kind = divmod(int(number[2:12]), len(KINDS))
            known = premises < len(self.registration.population) and mpan_number(premises, KINDS[kind]) == number
            if known and self.registration.has_mpan(premises, KINDS[kind]):
                return self.registration.population.esme(premises)
        raise LocalError(f"no MPAN has the number {number!r}")


def mpan_number(premises: int, kind: MpanKind) -> str:
    """13 digits: distributor, number, check digit (weighted by primes, modulo 11, modulo 10)."""
    digits = f"{_DISTRIBUTOR}{premises * len(KINDS) + KINDS.index(kind):010d}"
    check = sum(int(digit) * prime for digit, prime in zip(digits, _CHECK_PRIMES, strict=True)) % 11 % 10
    return f"{digits}{check}"


def _positions(column: Parties, first: int) -> Parties:
    return np.where(column != NONE, column + first, NONE).astype(np.int16)
