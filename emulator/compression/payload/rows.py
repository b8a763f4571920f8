"""Rows of uint32 whose first column is a time: the times as start and step, the other columns as bits.

::

    varint    number of rows
    3 bytes   first time, in half-hours since 2000
    varint    step, in half-hours; only from two rows on
    1 byte    for each other column, how it is coded (:mod:`.bits`); only from ``_FEW`` rows on
    bits      the columns, one after the other; of few rows, the values as varints with runs of zeros
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from emulator.compression.layouts import Reader, varint
from emulator.compression.payload.bits import Bits, read_column, to_bytes, write_column
from gbcs.errors import DecodeError
from gbcs.times import HALF_HOUR_S

_FEW = 4
"""Below so many rows a column has too little to be coded by itself."""

_MAX_BYTES = 65_536


def pack_rows(packed: bytes, columns: int) -> bytes | None:
    """Packed rows, coded; None where the times are on no regular grid of half-hours, or these are no whole rows."""
    width = 4 * columns
    if not packed or len(packed) % width:
        return None
    rows = np.frombuffer(packed, ">u4").reshape(-1, columns)
    times: list[int] = rows[:, 0].tolist()
    step = times[1] - times[0] if len(times) > 1 else 0
    if times[0] % HALF_HOUR_S or step % HALF_HOUR_S or step < 0:
        return None
    if any(after - before != step for before, after in pairwise(times)):
        return None
    head = varint(len(rows)) + (times[0] // HALF_HOUR_S).to_bytes(3, "big")
    if len(rows) > 1:
        head += varint(step // HALF_HOUR_S)
    values = rows[:, 1:]
    if len(rows) < _FEW:
        return head + runs(values.ravel().tolist())
    coded = [write_column(values[:, column].tolist()) for column in range(columns - 1)]
    return head + bytes(how for how, _ in coded) + to_bytes("".join(bits for _, bits in coded))


def unpack_rows(data: bytes, columns: int) -> bytes:
    """The packed rows again. Raises DecodeError, also for more rows than a message can hold."""
    reader = Reader(data)
    count = reader.varint()
    if not 0 < count <= _MAX_BYTES // (4 * columns):
        raise DecodeError(f"{count:,} rows of {columns} columns", field="coded rows", hint="refused")
    first = int.from_bytes(reader.take(3), "big") * HALF_HOUR_S
    step = reader.varint() * HALF_HOUR_S if count > 1 else 0
    times = range(first, first + count * step, step) if step else [first] * count
    if times[-1] >= 1 << 32:
        raise DecodeError("times beyond 2136", field="coded rows")
    if count < _FEW:
        flat = read_runs(reader, count * (columns - 1))
        rows = [[at, *flat[n * (columns - 1) : (n + 1) * (columns - 1)]] for n, at in enumerate(times)]
    else:
        hows = reader.take(columns - 1)
        bits = Bits(reader.rest())
        rows = [list(row) for row in zip(times, *(read_column(how, count, bits) for how in hows), strict=True)]
    return _packed(rows)


def _packed(rows: Sequence[Sequence[int]]) -> bytes:
    try:
        return struct.pack(f">{sum(map(len, rows))}I", *(value for row in rows for value in row))
    except struct.error:
        raise DecodeError("a value beyond 32 bits", field="coded rows") from None


# ---------------------------------------------------------------------- few values, most of them zero


def runs(values: Iterable[int]) -> bytes:
    """Varints; behind a zero stands how many more zeros follow."""
    found, zeros = [], 0
    for value in (*values, None):
        if value == 0:
            zeros += 1
            continue
        if zeros:
            found.append(b"\x00" + varint(zeros - 1))
            zeros = 0
        if value is not None:
            found.append(varint(value))
    return b"".join(found)


def read_runs(reader: Reader, count: int) -> list[int]:
    """``count`` values of :func:`runs`. Raises DecodeError."""
    values: list[int] = []
    while len(values) < count:
        value = reader.varint()
        if value:
            values.append(value)
            continue
        zeros = reader.varint() + 1
        if zeros > count - len(values):
            raise DecodeError(f"{zeros:,} zeros where {count - len(values)} values are left", field="coded rows")
        values += [0] * zeros
    return values
