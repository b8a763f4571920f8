"""Who asks on a rig: the parties of a key folder, by the role that their certificates state."""

from __future__ import annotations

from collections.abc import Mapping

from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.times import HALF_HOUR_S

_SEATS = {RemotePartyRole.SUPPLIER: "IS", RemotePartyRole.NETWORK_OPERATOR: "NO"}


def users_of(keys: KeyStore) -> dict[str, Eui64]:
    """IS, NO, ES and MDR, as far as the folder has them: the first party of a role by identifier.

    Export suppliers and data retrievers state the same role, "other": the first of those is the one, the last the
    other. Raises LocalError where the folder has nobody who could ask.
    """
    found: dict[str, Eui64] = {}
    others: list[Eui64] = []
    for eui, role in sorted(keys.parties().items()):
        if role in _SEATS:
            found.setdefault(_SEATS[role], eui)
        elif role is RemotePartyRole.OTHER:
            others.append(eui)
    if others:
        found |= {"ES": others[0], "MDR": others[-1]}
    if not found:
        raise LocalError("the key folder holds no supplier, network operator or other user: nobody could ask")
    return found


def plain_question(users: Mapping[str, Eui64], now: float) -> tuple[str, str, tuple[int, int] | None]:
    """The shortest read that one of these users may ask of any electricity meter: use case, role, window."""
    for role in ("IS", "NO"):
        if role in users:
            return "ECS17b", role, None
    newest = int(now) // HALF_HOUR_S * HALF_HOUR_S - HALF_HOUR_S
    return "ECS22b", next(iter(users)), (newest, newest)


def broker_of(keys: KeyStore) -> Eui64:
    """The access control broker of a key folder. Raises LocalError where it has none."""
    for eui, role in sorted(keys.parties().items()):
        if role is RemotePartyRole.ACCESS_CONTROL_BROKER:
            return eui
    raise LocalError("the key folder holds no certificate of an access control broker (role 04)")
