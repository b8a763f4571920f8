"""Fuse a Construct declaration into straight-line Python.

``fuse(declaration)`` walks the tree of :mod:`gbcs.declare` once and writes two functions: ``parse(data) -> value`` and
``build(value) -> bytes``. Neighbouring fields of fixed size become one ``struct.Struct``, constants are compared in one
step, and nothing is interpreted when a message arrives. The declaration stays the only place where a frame is
described: a property test holds the fused code equal to Construct's own interpretation of the same tree.

The generated source is kept (``Fused.source``) for whoever wants to read it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gbcs.declare import AnyConstruct
from gbcs.errors import DecodeError, LocalError
from gbcs.fuse.building import BuildBody
from gbcs.fuse.parsing import ParseBody
from gbcs.fuse.writer import Writer

Parse = Callable[[bytes, int, int, int], tuple[Any, int]]
Build = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Fused:
    """A compiled declaration: ``parse`` takes the whole input (nothing may be left over), ``build`` makes it again."""

    parse: Callable[[bytes], Any]
    build: Build
    source: str


def fuse(declaration: AnyConstruct, name: str) -> Fused:
    """Compile a declaration made of the classes of :mod:`gbcs.declare`. ``name`` stands in error messages."""
    writer = Writer(ParseBody, BuildBody)
    parse_rule = writer.parse_function(declaration, name)
    build_rule = writer.build_function(declaration, name)
    namespace = writer.compile()
    parse_at: Parse = namespace[parse_rule]
    build_raw: Build = namespace[build_rule]

    def parse(data: bytes) -> Any:
        value, position = parse_at(data, 0, len(data), 0)
        if position != len(data):
            raise DecodeError(f"{len(data) - position} bytes left over", offset=position, field=name)
        return value

    def build(value: Any) -> bytes:
        try:
            return build_raw(value)
        except (struct.error, AttributeError, TypeError, UnicodeEncodeError) as error:
            raise LocalError(f"{type(value).__name__} cannot be encoded as {name}: {error}") from None

    return Fused(parse, build, writer.source())
