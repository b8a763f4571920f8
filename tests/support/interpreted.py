"""Construct's own interpretation of a declaration: the reference that compiled code is held against."""

from __future__ import annotations

import io
from typing import Any

from construct import StreamError

from gbcs.declare import AnyConstruct


def interpret(declaration: AnyConstruct, data: bytes) -> Any:
    """The value of all the bytes. Raises ConstructError, also for bytes behind the value, which Construct ignores."""
    stream = io.BytesIO(data)
    value = declaration.parse_stream(stream)
    if stream.tell() != len(data):
        raise StreamError(f"{len(data) - stream.tell()} bytes left over")
    return value
