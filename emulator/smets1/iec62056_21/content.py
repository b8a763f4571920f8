"""What a meter has to say in a session: readout, objects, profiles, and the errors in their place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from emulator.smets1.iec62056_21.datasets import DataSet, parse_data_set
from emulator.smets1.iec62056_21.framing import Block
from emulator.smets1.iec62056_21.loadprofile import newest, profile_lines, requested_range
from emulator.smets1.iec62056_21.objects import NEVER, ObjectRow, ProfileRow, objects, set_clock, value_of
from emulator.smets1.meter import Smets1Meter
from gbcs.errors import DecodeError, LocalError

DENIED, UNKNOWN, NO_VALUE, WRONG_PASSWORD = "ERROR01", "ERROR02", "ERROR03", "ERROR04"


class Refused(Exception):
    """The meter refuses; the text goes on the wire."""


def error_block(text: str) -> Block:
    """An error message."""
    return Block(f"({text})".encode("ascii"))


def read_out(meter: Smets1Meter, rows: int, now: float) -> Block:
    """The readout: registers and clock, and the newest ``rows`` of every profile."""
    table = objects()
    lines = [f"{row.address}{value_of(row, meter, now)}\r\n" for row in table.single.values() if row.readout]
    first, last = newest(meter, now, rows)
    profiles = (profile_lines(row, meter, now, first, last) for row in table.profiles.values())
    return Block("".join(chain(lines, *profiles, ("!\r\n",))).encode("ascii"))


def read(meter: Smets1Meter, level: int, data: bytes, now: float) -> Block:
    """What a read asks for. Raises Refused."""
    return Block("".join(_parts(meter, level, data, now)).encode("ascii"))


def read_blocks(meter: Smets1Meter, level: int, data: bytes, now: float, rows_per_block: int) -> Iterator[Block]:
    """What a read asks for in partial blocks, made as they are taken; an empty one for nothing. Raises Refused."""
    return _blocks(_parts(meter, level, data, now, rows_per_block))


def write(meter: Smets1Meter, level: int, data: bytes, now: float) -> None:
    """Set the meter's clock. Raises Refused for everything else, and for text that is no date or time."""
    given = _data_set(data)
    row = objects().single.get(given.address)
    if row is None:
        raise Refused(UNKNOWN)
    if row.write == NEVER or level < row.write:
        raise Refused(DENIED)
    try:
        set_clock(row, meter, given.values[0].text, now)
    except LocalError:
        raise Refused(NO_VALUE) from None


def _parts(meter: Smets1Meter, level: int, data: bytes, now: float, rows_per_part: int = 0) -> Iterator[str]:
    """What is read, in parts of whole lines. Raises Refused."""
    asked = _data_set(data)
    row = _allowed(asked.address, level)
    if isinstance(row, ObjectRow):
        return iter((f"{row.address}{value_of(row, meter, now)}",))
    try:
        first, last = requested_range(asked.values[0].text)
    except LocalError:
        raise Refused(NO_VALUE) from None
    return profile_lines(row, meter, now, first, last, rows_per_part)


def _allowed(address: str, level: int) -> ObjectRow | ProfileRow:
    table = objects()
    row = table.single.get(address) or table.profiles.get(address)
    if row is None:
        raise Refused(UNKNOWN)
    if level < row.read:
        raise Refused(DENIED)
    return row


def _data_set(data: bytes) -> DataSet:
    try:
        return parse_data_set(data)
    except DecodeError:
        raise Refused(NO_VALUE) from None


def _blocks(parts: Iterator[str]) -> Iterator[Block]:
    part = next(parts, "")
    for following in parts:
        yield Block(part.encode("ascii"), last=False)
        part = following
    yield Block(part.encode("ascii"))
