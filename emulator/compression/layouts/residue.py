"""Numbers and bytes one behind the other, as what is sent of a message is put together and taken apart."""

from __future__ import annotations

from gbcs.errors import DecodeError


class Reader:
    """Takes what was sent of a message apart, and never reads past its end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> bytes:
        """The next bytes. Raises DecodeError where there are fewer."""
        stop = self.at + size
        if stop > len(self.data):
            raise DecodeError(f"{size} bytes needed, {len(self.data) - self.at} left", offset=self.at, field="residue")
        taken, self.at = self.data[self.at : stop], stop
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def varint(self) -> int:
        """The next number, seven bits a byte, the last byte below 0x80."""
        value = 0
        for _ in range(9):
            octet = self.byte()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        raise DecodeError("a number of more than nine bytes", offset=self.at, field="residue")

    def rest(self) -> bytes:
        """All that is left."""
        taken, self.at = self.data[self.at :], len(self.data)
        return taken


def varint(value: int) -> bytes:
    """A number as :meth:`Reader.varint` reads it."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))
