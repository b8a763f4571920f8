"""A client's end of the TCP wrapper: APDUs in frames between two ports."""

from __future__ import annotations

from struct import Struct
from typing import TypeVar

from emulator.smets1.conversation import Say, Script
from emulator.smets1.dlms.wrapper import VERSION, WrapperFrame

Result = TypeVar("Result")
_HEADER = Struct(">HHHH")
_MAX_APDU = 0xFFFF


class WrapperReader:
    """Finds frames. A wrong version cannot be got over: where the next frame would start is not known.

    Does not model: finding the way back in a stream that is not a wrapper's.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> tuple[WrapperFrame, ...]:
        """The frames that end in ``data``."""
        self._buffer += data
        found: list[WrapperFrame] = []
        while len(self._buffer) >= _HEADER.size:
            version, source, destination, size = _HEADER.unpack_from(self._buffer)
            if version != VERSION:
                self._buffer.clear()
                break
            if len(self._buffer) < _HEADER.size + size:
                break
            apdu = bytes(self._buffer[_HEADER.size : _HEADER.size + size])
            del self._buffer[: _HEADER.size + size]
            found.append(WrapperFrame(source, destination, apdu))
        return tuple(found)

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._buffer.clear()


def over_wrapper(client_sap: int, server_sap: int, script: Script[bytes, Result]) -> Script[WrapperFrame, Result]:
    """A script of APDUs in frames. TCP loses nothing, so nothing is said twice; foreign frames are passed over."""
    try:
        say = next(script)
        while True:
            framed = _HEADER.pack(VERSION, client_sap, server_sap, len(say.data)) + say.data if say.data else b""
            frame = yield Say(framed, again=b"")
            while (frame.source, frame.destination) != (server_sap, client_sap):
                frame = yield Say()
            say = script.send(frame.apdu)
    except StopIteration as stop:
        result: Result = stop.value
        return result
