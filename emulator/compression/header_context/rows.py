"""Rows in clear, coded: what a hub can do with export data, which no meter encrypts."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.compression.header_context.actions import Message, Receiving, Sending
from emulator.compression.layouts import Reader
from emulator.compression.payload.rows import pack_rows, unpack_rows

_VERBATIM, _CODED = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class RowsCoded:
    """The packed rows of a profile of uint32, coded; or as they are, where that is no longer."""

    columns: int

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """The rows, and a byte that says how."""
        rows = message.values[name]
        coded = pack_rows(rows, self.columns)
        return _CODED + coded if coded is not None and len(coded) < len(rows) else _VERBATIM + rows

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The rows."""
        how, rest = reader.take(1), reader.rest()
        message.values[name] = unpack_rows(rest, self.columns) if how == _CODED else rest
