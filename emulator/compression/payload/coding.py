"""A plaintext, coded and wrapped: what a meter could encrypt in place of its rows, and what the reader makes of it.

The coded form is a DLMS octet-string in the place of the data that it stands for, so that nothing around it changes but
its length. Its first byte is the number of the shape (``shapes.toml``).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from emulator.compression.layouts import Layout, Reader, parse_layout
from emulator.compression.payload.rows import pack_rows, read_runs, runs, unpack_rows
from gbcs.declare import build_length
from gbcs.errors import DecodeError

_OCTET_STRING = b"\x09"
_PROTECTED = b"\x02\x01"
"""Begins the plaintext of a read that shows one object: a structure of one."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of plaintexts. ``columns`` of its rows, the time included; 0 for numbers alone."""

    number: int
    title: str
    layout: Layout
    columns: int


@cache
def shapes() -> tuple[Shape, ...]:
    """All shapes."""
    table = tomllib.loads((files(__package__) / "shapes.toml").read_text(encoding="utf-8"))
    sizes = {name: row.get("bytes") for name, row in table["fields"].items()}
    return tuple(
        Shape(row["number"], row["title"], parse_layout(row["layout"], sizes, {}), row.get("columns", 0))
        for row in table["shapes"]
    )


def code_plaintext(plaintext: bytes) -> bytes | None:
    """The coded form; None where no shape fits or nothing is gained."""
    for shape in shapes():
        values = shape.layout.read(plaintext)
        if values is None:
            continue
        if shape.columns:
            coded = pack_rows(values["rows"], shape.columns)
        else:
            coded = runs(int.from_bytes(value, "big") for value in values.values())
        wrapped = None if coded is None else _wrapped(plaintext, bytes((shape.number,)) + coded)
        return wrapped if wrapped is not None and len(wrapped) < len(plaintext) else None
    return None


def decode_plaintext(wrapped: bytes) -> bytes:
    """The plaintext again. Raises DecodeError where the bytes are no coded plaintext."""
    coded = _unwrapped(wrapped)
    shape = next((one for one in shapes() if coded[:1] == bytes((one.number,))), None)
    if shape is None:
        raise DecodeError(f"no shape has number {coded[:1].hex() or 'nothing'}", field="coded plaintext")
    if shape.columns:
        return shape.layout.write({"rows": unpack_rows(coded[1:], shape.columns)})
    numbers = read_runs(Reader(coded, 1), len(shape.layout.fields))
    try:
        values = {name: value.to_bytes(4, "big") for name, value in zip(shape.layout.fields, numbers, strict=True)}
    except OverflowError:
        raise DecodeError("a value beyond 32 bits", field="coded plaintext") from None
    return shape.layout.write(values)


def _wrapped(plaintext: bytes, coded: bytes) -> bytes:
    head = _PROTECTED if plaintext.startswith(_PROTECTED) else b""
    return head + _OCTET_STRING + build_length(len(coded)) + coded


def _unwrapped(wrapped: bytes) -> bytes:
    at = len(_PROTECTED) if wrapped.startswith(_PROTECTED) else 0
    if wrapped[at : at + 1] != _OCTET_STRING:
        raise DecodeError("no octet-string", offset=at, field="coded plaintext")
    for octets in range(1, 4):
        coded = wrapped[at + 1 + octets :]
        if build_length(len(coded)) == wrapped[at + 1 : at + 1 + octets]:
            return coded
    raise DecodeError("the length is not that of the rest", offset=at + 1, field="coded plaintext")
