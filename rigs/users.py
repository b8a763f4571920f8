"""Who asks on a rig: the parties of a key folder, by the role that their certificates state."""

from __future__ import annotations

from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole

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


def broker_of(keys: KeyStore) -> Eui64:
    """The access control broker of a key folder. Raises LocalError where it has none."""
    for eui, role in sorted(keys.parties().items()):
        if role is RemotePartyRole.ACCESS_CONTROL_BROKER:
            return eui
    raise LocalError("the key folder holds no certificate of an access control broker (role 04)")
