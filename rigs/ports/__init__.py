"""Byte streams to real devices, whatever carries them."""

from rigs.ports.port import LineSettings, Port

__all__ = ["LineSettings", "Port"]
