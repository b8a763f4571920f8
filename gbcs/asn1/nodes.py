"""Tag, length, value: the plain tree under every ASN.1 payload, with the form of each length kept.

Devices write lengths that are not minimal (``82 00 83``; spec sheet 9), which no DER library reproduces. So the form
of the lengths is a value of its own: :func:`length_forms` lists the nodes whose lengths are longer than need be, as
:class:`LengthForm` (number of the node in reading order, length octets behind the first), and :func:`widen` gives them
back to the DER with minimal lengths that is built from the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gbcs.declare import MAX_DEPTH, build_length
from gbcs.errors import DecodeError, LocalError

_CONSTRUCTED = 0x20
_MULTI_BYTE_TAG = 0x1F


@dataclass(frozen=True, slots=True)
class Node:
    """One value of any type: its identifier byte, and its content as bytes or, if constructed, as nodes.

    ``length_octets`` is 0 where the length is minimal, else the number of bytes behind a first byte of 0x80 + n.
    """

    tag: int
    content: bytes | tuple[Node, ...]
    length_octets: int = 0


@dataclass(frozen=True, slots=True)
class LengthForm:
    """The length of the node with this number (from 0, in reading order) takes ``octets`` bytes behind the first."""

    node: int
    octets: int


Forms: TypeAlias = "tuple[LengthForm, ...]"


def parse_node(data: bytes) -> Node:
    """The one node that fills the bytes. Raises DecodeError with the offset for anything else."""
    node, at = _parse(data, 0, len(data), 0)
    if at != len(data):
        raise DecodeError(f"{len(data) - at} bytes left over", offset=at, field="ASN.1 payload")
    return node


def build_node(node: Node) -> bytes:
    """The bytes of a node. Raises LocalError where a length does not fit the octets stated."""
    content = node.content if isinstance(node.content, bytes) else b"".join(map(build_node, node.content))
    return bytes((node.tag,)) + _build_length(len(content), node.length_octets) + content


def length_forms(data: bytes) -> Forms:
    """The nodes of a tree whose lengths are not minimal. Raises DecodeError where the bytes are no tree."""
    forms: list[LengthForm] = []
    _walk(data, 0, len(data), forms, 0, 0)
    return tuple(forms)


def widen(data: bytes, forms: Forms) -> bytes:
    """The tree with the lengths in these forms. Raises LocalError where there is no such node, or it does not fit."""
    if not forms:
        return data
    wanted = {form.node: form.octets for form in forms}
    try:
        widened = _widen(parse_node(data), wanted, [0])
    except DecodeError as error:
        raise LocalError(f"no DER to widen: {error}") from None
    if wanted:
        raise LocalError(f"the payload has no nodes {sorted(wanted)} whose length could be widened")
    return build_node(widened)


def _walk(data: bytes, at: int, end: int, forms: list[LengthForm], count: int, depth: int) -> int:
    """Note the forms of the nodes between two positions; the number of nodes met so far."""
    if depth >= MAX_DEPTH:
        raise DecodeError(f"nested more than {MAX_DEPTH} deep", offset=at, field="ASN.1 payload")
    while at < end:
        length, start, octets = read_length(data, at + 1, end)
        if octets:
            forms.append(LengthForm(count, octets))
        count += 1
        stop = start + length
        if data[at] & _CONSTRUCTED:
            count = _walk(data, start, stop, forms, count, depth + 1)
        at = stop
    return count


def _widen(node: Node, wanted: dict[int, int], counter: list[int]) -> Node:
    octets = wanted.pop(counter[0], 0)
    counter[0] += 1
    if isinstance(node.content, bytes):
        return Node(node.tag, node.content, octets)
    return Node(node.tag, tuple([_widen(inner, wanted, counter) for inner in node.content]), octets)


def read_length(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Length, position behind it, and its length octets (0 where minimal). Raises DecodeError."""
    if at >= end:
        raise DecodeError("1 byte needed, 0 left", offset=at, field="ASN.1 length", hint="cut short?")
    first = data[at]
    if first < 0x80:
        return first, at + 1, 0
    octets = first - 0x80
    stop = at + 1 + octets
    if not 1 <= octets <= 4 or stop > end:
        raise DecodeError(f"length of {octets} bytes", offset=at, field="ASN.1 length")
    length = int.from_bytes(data[at + 1 : stop], "big")
    minimal = length >= 0x80 and length >= 1 << 8 * (octets - 1)
    return length, stop, 0 if minimal else octets


def _build_length(length: int, octets: int) -> bytes:
    if not octets:
        return build_length(length)
    try:
        return bytes((0x80 + octets,)) + length.to_bytes(octets, "big")
    except (OverflowError, ValueError):
        raise LocalError(f"a length of {length} does not fit {octets} bytes") from None


def _parse(data: bytes, at: int, end: int, depth: int) -> tuple[Node, int]:
    if depth >= MAX_DEPTH:
        raise DecodeError(f"nested more than {MAX_DEPTH} deep", offset=at, field="ASN.1 payload")
    tag = data[at] if at < end else None
    if tag is None or tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise DecodeError("no ASN.1 value, or one with a tag of several bytes", offset=at, field="ASN.1 payload")
    length, start, octets = read_length(data, at + 1, end)
    stop = start + length
    if stop > end:
        raise DecodeError(f"{length} bytes needed, {end - start} left", offset=start, field="ASN.1 payload")
    if not tag & _CONSTRUCTED:
        return Node(tag, data[start:stop], octets), stop
    inner = []
    at = start
    while at < stop:
        node, at = _parse(data, at, stop, depth + 1)
        inner.append(node)
    return Node(tag, tuple(inner), octets), stop
