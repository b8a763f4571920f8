"""The DLMS dialects of a meter: the TCP wrapper, HDLC, HDLC behind a sign-on; on the same objects and keys."""

from __future__ import annotations

from emulator.smets1.dlms.device import DlmsDevice, emulated_keys
from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.dlms.mode_e import ModeEServer
from emulator.smets1.dlms.settings import DlmsSettings
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.server import ServerFactory


def device(settings: DlmsSettings, meter: Smets1Meter) -> DlmsDevice:
    """A meter as a DLMS server with its test keys."""
    return DlmsDevice(meter, settings, emulated_keys(meter.manufacturer, meter.serial_number))


def wrapper(settings: DlmsSettings, meter: Smets1Meter) -> ServerFactory:
    """Servers of TCP connections to one meter."""
    served = device(settings, meter)
    return lambda: WrapperServer(served)


def hdlc(settings: DlmsSettings, meter: Smets1Meter) -> ServerFactory:
    """Servers of lines to one meter."""
    served = device(settings, meter)
    return lambda: HdlcServer(served)


def mode_e(settings: DlmsSettings, meter: Smets1Meter) -> ServerFactory:
    """Servers of optical ports of one meter."""
    served = device(settings, meter)
    return lambda: ModeEServer(served)
