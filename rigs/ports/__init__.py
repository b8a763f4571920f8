"""Byte streams to real devices, whatever carries them."""

from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings, Port
from rigs.ports.reopening import ReopeningPort
from rigs.ports.trace import Trace, TraceFile

__all__ = ["LineSettings", "Port", "ReopeningPort", "Trace", "TraceFile", "open_port"]
