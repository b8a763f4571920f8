"""Remote party roles, as an organisation certificate states them (spec sheet 2.5)."""

from __future__ import annotations

from enum import IntEnum


class RemotePartyRole(IntEnum):
    """The role in the OU of an organisation certificate, where it stands as two hexadecimal digits (127 is ``7F``)."""

    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_COS = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    LOAD_CONTROLLER = 8
    OTHER = 127

    @property
    def ou(self) -> str:
        """The text of the certificate's OU."""
        return f"{self.value:02X}"

    @classmethod
    def from_ou(cls, text: str) -> RemotePartyRole:
        """The role of an OU. Raises ValueError for anything but the two digits of a known role."""
        for role in cls:
            if role.ou == text.upper():
                return role
        raise ValueError(f"{text!r} is the OU of no remote party role")


CATALOGUE_NAMES = {
    "supplier": RemotePartyRole.SUPPLIER,
    "networkOperator": RemotePartyRole.NETWORK_OPERATOR,
    "accessControlBroker": RemotePartyRole.ACCESS_CONTROL_BROKER,
}
"""The roles as the tables of use case permissions name them."""
