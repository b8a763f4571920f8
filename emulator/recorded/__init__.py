"""Devices in the state that a capture shows: they answer what nobody asked in it."""

from __future__ import annotations

from emulator.recorded.device import RecordedDevice, record_devices
from emulator.recorded.exchanges import Captured, Exchange, exchanges_of

__all__ = ["Captured", "Exchange", "RecordedDevice", "exchanges_of", "record_devices"]
