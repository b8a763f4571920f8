"""Access control of the DSP: the reason why a service request is refused, or None.

Checks come in this order (assumption ``access_order``): the role may use the service request (PIA Table 2, Appendix
D); the ForSettlement flag fits the role (Table 6); the DUIS version can schedule it; the device measures an MPAN of
this kind; the user is registered for it on every settlement day that the request asks for (Requirements 1 and 3); and,
of a SMETS2 meter, GBCS permits the command that would be made of it. What SMETS1 meters do not have is refused too
(Table 3: N/A). The consent of the customer is the user's business (Requirement 5).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.registration import Registration, SmartMeteringInventory, mpan_number
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.rule_tables import Mode
from emulator.dcc.rules import Rules, schedulable
from emulator.dcc.settlement import settlement_date, utc_date
from gbcs import eui64
from gbcs.catalogue import by_srv
from gbcs.errors import LocalError

_HELD_AS = {"IS": "import supplier", "ES": "export supplier", "NO": "network operator", "MDR": "MDRA"}
_MUST_FLAG, _MUST_NOT_FLAG = ("MDR",), ("NO",)
"""PIA Table 6: always, never; suppliers set ForSettlement only where a read serves settlement alone."""


class AccessControl:
    """Tells why the DSP refuses a request.

    Does not model: signatures and authentication of the user's own messages; suspended devices and users; the consent
    of the customer.
    """

    def __init__(self, rules: Rules, registration: Registration, acb: AccessControlBroker, duis_version: str) -> None:
        self.rules, self.registration, self.acb, self.duis_version = rules, registration, acb, duis_version
        self.inventory = SmartMeteringInventory(registration)
        self._static: dict[tuple[str, str, Mode, bool], str] = {}
        self._gbcs: dict[tuple[str, str], str] = {}

    def refusal(self, request: ServiceRequest) -> str | None:
        """The first reason against a request, or None."""
        key = (request.srv, request.role, request.mode, request.for_settlement)
        static = self._static.get(key)
        if static is None:
            static = self._static[key] = self._static_reason(*key)
        return (
            static
            or self._inventory_reason(request)
            or self._registration_reason(request)
            or self._gbcs_reason(request)
        )

    def smets1_refusal(self, request: ServiceRequest) -> str | None:
        """The first reason against a request to a SMETS1 meter, or None: GBCS has no say, and some reads are N/A."""
        row = self.rules.requests.srv.get(request.srv)
        if row is not None and row.trt_s.value.smets1 is None:
            return f"SRV {request.srv} is not available for SMETS1 meters (PIA Table 3: N/A)"
        return (
            self._static_reason(request.srv, request.role, request.mode, request.for_settlement)
            or self._inventory_reason(request)
            or self._registration_reason(request)
            or None
        )

    def _static_reason(self, srv: str, role: str, mode: Mode, for_settlement: bool) -> str:
        """What needs no look at the MPAN; empty where nothing is against it."""
        try:
            row = self.rules.row(srv)
        except LocalError as error:
            return str(error)
        if role not in row.roles.value:
            return f"role {role} is not eligible for SRV {srv} (eligible: {', '.join(row.roles.value)})"
        if role in _MUST_FLAG and not for_settlement:
            return f"role {role} must set ForSettlement (PIA Table 6)"
        if role in _MUST_NOT_FLAG and for_settlement:
            return f"role {role} must not set ForSettlement (PIA Table 6)"
        if mode == "scheduled" and not schedulable(srv, self.duis_version):
            return f"SRV {srv} cannot be scheduled under DUIS {self.duis_version}"
        return ""

    def _inventory_reason(self, request: ServiceRequest) -> str:
        premises, kind = self.inventory.premises(request.device), request.mpan_kind
        if premises is None or premises != request.premises:
            return f"device {eui64.show(request.device)} is not in the smart metering inventory"
        if kind != self.rules.requests.srv[request.srv].mpan:
            return f"SRV {request.srv} reads {self.rules.row(request.srv).mpan} MPANs, not {kind}"
        if not self.registration.has_mpan(premises, kind):
            return f"device {eui64.show(request.device)} has no {kind} MPAN"
        return ""

    def _registration_reason(self, request: ServiceRequest) -> str:
        user, role, kind = request.user, request.role, request.mpan_kind
        for day in self.settlement_dates(request):
            if not self.registration.is_registered(user, role, request.premises, kind, day):
                number = mpan_number(request.premises, kind)
                return f"{user.name} is not the {_HELD_AS[role]} of {kind} MPAN {number} on settlement day {day}"
        return ""

    def _gbcs_reason(self, request: ServiceRequest) -> str | None:
        key = (request.srv, request.role)
        reason = self._gbcs.get(key)
        if reason is None:
            reason = self._gbcs[key] = self._find_gbcs_reason(*key)
        return reason or None

    def _find_gbcs_reason(self, srv: str, role: str) -> str:
        use_case = by_srv(srv)
        try:
            self.acb.is_known(use_case, role)
        except LocalError:
            return f"GBCS {self.acb.gbcs_version} gives role {role} no access to {use_case.use_case} (SRV {srv})"
        return ""

    def settlement_dates(self, request: ServiceRequest) -> tuple[date, ...]:
        """The settlement days that a request asks for: those of its half-hours, else the date of the UTC day read."""
        if self.rules.row(request.srv).reads != "profile" or request.first is None or request.last is None:
            return (utc_date(request.day),)
        return _dates(request.first, request.last)


@lru_cache(maxsize=4096)
def _dates(first_stamp: int, last_stamp: int) -> tuple[date, ...]:
    """The settlement days from that of one half-hour to that of another."""
    first, last = settlement_date(first_stamp), settlement_date(last_stamp)
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))
