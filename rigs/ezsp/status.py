"""Numbers that EZSP speaks in: statuses, options, policies. Source: Silicon Labs EZSP reference, EmberZNet 7.4."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Status(IntEnum):
    """Statuses of the stack (EmberStatus), those that a HAN meets."""

    SUCCESS = 0x00
    BAD_ARGUMENT = 0x02
    NO_BUFFERS = 0x18
    DELIVERY_FAILED = 0x66
    INVALID_CALL = 0x70
    MESSAGE_TOO_LONG = 0x74
    NETWORK_UP = 0x90
    NETWORK_DOWN = 0x91
    NOT_JOINED = 0x93
    JOIN_FAILED = 0x94
    APS_ENCRYPTION_ERROR = 0xA6
    SECURITY_STATE_NOT_SET = 0xA8
    NO_BEACONS = 0xAB
    NO_NETWORK_KEY_RECEIVED = 0xAD
    NO_LINK_KEY_RECEIVED = 0xAE
    INDEX_OUT_OF_RANGE = 0xB1
    TABLE_ENTRY_ERASED = 0xB6
    KEY_INVALID = 0xB2
    LIBRARY_NOT_PRESENT = 0xB5
    OPERATION_IN_PROGRESS = 0xBA


class EzspStatus(IntEnum):
    """Statuses of the protocol itself, in configuration, values and ``invalidCommand``."""

    SUCCESS = 0x00
    INVALID_FRAME_ID = 0x3A
    INVALID_ID = 0x37
    INVALID_VALUE = 0x36
    INVALID_CALL = 0x38
    VERSION_NOT_SET = 0x30
    TRUNCATED = 0x34


SL_NOT_FOUND = 0x1D
"""The status of the newer key commands, four bytes long, where there is no such key."""


class ApsOption(IntFlag):
    """Options of an APS frame."""

    ENCRYPTION = 0x0020
    RETRY = 0x0040
    ENABLE_ROUTE_DISCOVERY = 0x0100
    SOURCE_EUI64 = 0x0400
    FRAGMENT = 0x8000


class NetworkState(IntEnum):
    """What ``networkState`` says."""

    NO_NETWORK = 0
    JOINING = 1
    JOINED = 2


class NodeType(IntEnum):
    """Roles on a network."""

    COORDINATOR = 1
    ROUTER = 2
    END_DEVICE = 3


class Security(IntFlag):
    """Bits of the initial security state."""

    TRUST_CENTRE_GLOBAL_LINK_KEY = 0x0004
    HAVE_PRECONFIGURED_KEY = 0x0100
    HAVE_NETWORK_KEY = 0x0200
    GET_LINK_KEY_WHEN_JOINING = 0x0400
    REQUIRE_ENCRYPTED_KEY = 0x0800
    HAVE_TRUST_CENTRE_EUI64 = 0x0040


class Policy(IntEnum):
    """Policies that a HAN sets."""

    TRUST_CENTRE = 0x00


class Decision(IntFlag):
    """Bits of the trust centre's policy."""

    ALLOW_JOINS = 0x0001


class Value(IntEnum):
    """Values that a HAN reads."""

    VERSION_INFO = 0x11


OUTGOING_DIRECT, INCOMING_UNICAST, INCOMING_BROADCAST = 0, 0, 3
NO_SHORT_ADDRESS = 0xFFFF
KEY_TRUST_CENTRE, KEY_NETWORK = 2, 1
"""Key types of ``exportKey``; ``getKey`` of older versions numbers them otherwise."""
OLD_KEY_TRUST_CENTRE, OLD_KEY_NETWORK = 1, 3


def name_of(status: int) -> str:
    """A status as a person reads it."""
    try:
        return f"{Status(status).name} ({status:#04x})"
    except ValueError:
        return f"status {status:#04x}"
