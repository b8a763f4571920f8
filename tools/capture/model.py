"""Frames of a HAN as values, whoever builds or reads them."""

from __future__ import annotations

from dataclasses import dataclass

from gbcs.eui64 import Eui64

WHOLE, FIRST, FURTHER = 0, 1, 2
"""Which fragment of a payload a frame carries."""


@dataclass(frozen=True, slots=True)
class Address:
    """A device on a HAN, as frames name it."""

    eui: Eui64
    short: int


@dataclass(frozen=True, slots=True)
class Route:
    """Sequence numbers and frame counter of one frame on the lower layers."""

    pan: int
    source: Address
    destination: Address
    mac_sequence: int
    nwk_sequence: int
    counter: int
    network_key: bytes


@dataclass(frozen=True, slots=True)
class Aps:
    """An application layer frame. ``block`` is the number of blocks in the first one; ``counter`` is that of APS."""

    cluster: int
    counter: int
    fragment: int = WHOLE
    block: int = 0
    is_ack: bool = False
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame as it was captured, decrypted: addresses are short ones, ``sender`` is the EUI-64 that secured it."""

    at: float
    pan: int
    source: int
    destination: int
    sender: Eui64
    aps: Aps
