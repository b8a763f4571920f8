"""Emulated gas devices: the GSME, and the GPF that mirrors it while it sleeps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar

from emulator.device import asn1, gbz
from emulator.device.device import Family
from gbcs.catalogue import UseCase
from gbcs.times import cosem


class TimeStatus(IntEnum):
    """The status byte of a gas device's header time (spec sheet 1.5; what bit 04 means is inferred)."""

    OK = 0x00
    UNRELIABLE = 0x02
    GSME_RELIABLE = 0x04


class GasDevice(gbz.ZigbeeDevice):
    """What gas meter and gas proxy share.

    Does not model: sleeping (a link holds messages back until the meter wakes), the mirroring of one's state to the
    other, tariffs at work.
    """

    families: ClassVar[Mapping[str, Family]] = {"GBZ": gbz.execute, "ASN.1": asn1.execute}

    __slots__ = ("time_status",)
    time_status: int

    def header_time(self, use_case: UseCase, device_time: int) -> bytes:
        """Reads say how good the time is; the answers to critical commands and top-ups leave it open."""
        if use_case.critical or not use_case.use_case.startswith("GCS"):
            return cosem(device_time)
        return cosem(device_time, getattr(self, "time_status", TimeStatus.OK))


class Gsme(GasDevice):
    """One gas meter.

    Does not model: see :class:`GasDevice`; the valve is its status attribute.
    """

    __slots__ = ()


class Gpf(GasDevice):
    """The gas proxy function of one comms hub.

    Does not model: see :class:`GasDevice`; what it mirrors is what it was loaded with.
    """

    __slots__ = ()
