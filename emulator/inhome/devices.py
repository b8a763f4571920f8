"""Emulated in-home devices: they join, leave, hold credentials and report their firmware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from emulator.device import asn1
from emulator.device.device import Device, Family
from emulator.esme.esme import Esme


class Ppmid(Device):
    """A prepayment meter interface device.

    Does not model: its display and keys, and the commands that it sends to meters inside the home.
    """

    families: ClassVar[Mapping[str, Family]] = {"ASN.1": asn1.execute}

    __slots__ = ()


class Hcalcs(Device):
    """A HAN-connected auxiliary load control switch.

    Does not model: the switch; its meter's object holds the state.
    """

    families: ClassVar[Mapping[str, Family]] = {"ASN.1": asn1.execute}

    __slots__ = ()


class Sapc(Esme):
    """A stand-alone auxiliary proportional controller: an ESME's objects for auxiliary control, without its metering.

    Does not model: the load behind it.
    """

    __slots__ = ()
