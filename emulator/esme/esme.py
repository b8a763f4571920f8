"""The emulated ESME: the device core with an electricity meter's objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from emulator.device import asn1, dlms
from emulator.device.clocks import DeviceTime, TrueTime
from emulator.device.device import Family

__all__ = ["DeviceTime", "Esme", "TrueTime"]


class Esme(dlms.CosemDevice):
    """One electricity meter.

    Does not model: the certificate chain of a supplementary party; limits of values that are set; power consumption and
    processing time (links add it).
    """

    kind = "ESME"
    families: ClassVar[Mapping[str, Family]] = {"DLMS": dlms.execute, "ASN.1": asn1.execute}

    __slots__ = ()
