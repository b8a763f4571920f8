"""Templates: messages of one shape, built by filling holes, and read by looking into them.

A farm sends the same few commands millions of times; only counters and identifiers differ. A :class:`Template` is
learned from a reference that builds the message from values of its fields: where the values stand, there are holes.
It never becomes a second source of truth: it is taken only once it agreed with the reference on other values, and it
gives None for every message that it would not have written byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

Reference = Callable[[dict[str, bytes]], bytes]
"""Builds the message from the values of its fields."""

Derived = Mapping[str, tuple[str, int]]
"""Fields that are the last ``n`` bytes of another: an invoke id holds the low 24 bits of the counter."""

_PROOFS = 3
_SHORTEST = 3
"""Shorter values stand anywhere by chance."""


@dataclass(frozen=True, slots=True)
class Template:
    """A message shape with holes.

    ``fill(*values)`` makes the message from the values in the order of ``names``; ``match(data)`` gives the values of
    a message of exactly this shape, or None.
    """

    names: tuple[str, ...]
    size: int
    fill: Callable[..., bytes]
    match: Callable[[bytes], tuple[bytes, ...] | None]


@dataclass(frozen=True, slots=True)
class _Hole:
    """Where a value stands, and how many bytes it has."""

    at: int
    name: str
    size: int


def learn(reference: Reference, sizes: Mapping[str, int], derived: Derived | None = None) -> Template | None:
    """The template of the messages that ``reference`` builds from fields of these sizes.

    None where the places of the fields cannot be told, or where the template and the reference do not agree.
    """
    derived = derived or {}
    sample = _values(sizes, 0)
    data = reference(sample)
    holes = _holes(data, {**sample, **{name: sample[of][-size:] for name, (of, size) in derived.items()}})
    if holes is None:
        return None
    template = _compile(data, tuple(sizes), holes, derived)
    agrees = all(_agrees(template, reference, _values(sizes, number)) for number in range(_PROOFS))
    return template if agrees else None


def _agrees(template: Template, reference: Reference, values: dict[str, bytes]) -> bool:
    filled = template.fill(*values.values())
    return filled == reference(values) and template.match(filled) == tuple(values.values())


def _values(sizes: Mapping[str, int], number: int) -> dict[str, bytes]:
    """Made-up values, all different, the same in every process."""
    return {name: _stream(f"{name} {number}", size) for name, size in sizes.items()}


def _stream(label: str, size: int) -> bytes:
    blocks = (blake2b(f"{label} {block}".encode()).digest() for block in range(size // 64 + 1))
    return b"".join(blocks)[:size]


def _holes(data: bytes, values: Mapping[str, bytes]) -> list[_Hole] | None:
    """Where the values stand, the longest first, so that a part of one is not taken for another."""
    holes: list[_Hole] = []
    taken = bytearray(len(data))
    for name, value in sorted(values.items(), key=lambda item: -len(item[1])):
        size, before = len(value), len(holes)
        at = data.find(value) if size >= _SHORTEST else -1
        while at >= 0:
            if not any(taken[at : at + size]):
                taken[at : at + size] = b"\x01" * size
                holes.append(_Hole(at, name, size))
            at = data.find(value, at + 1)
        if len(holes) == before:
            return None
    return sorted(holes, key=lambda hole: hole.at)


def _compile(data: bytes, names: tuple[str, ...], holes: list[_Hole], derived: Derived) -> Template:
    """Straight-line code: one join to fill; to match a few slices, the same join and one comparison."""
    namespace: dict[str, Any] = {"join": b"".join}
    parts: list[str] = []
    here = 0
    for hole in [*holes, _Hole(len(data), "", 0)]:
        if hole.at > here:
            namespace[f"c{here}"] = data[here : hole.at]
            parts.append(f"c{here}")
        if hole.size:
            of, size = derived.get(hole.name, (hole.name, 0))
            parts.append(f"{of}[-{size}:]" if size else of)
        here = hole.at + hole.size
    first = {name: next(hole for hole in holes if hole.name == name) for name in names}
    taken = "; ".join(f"{name} = data[{hole.at}:{hole.at + hole.size}]" for name, hole in first.items())
    joined = f"join(({', '.join(parts)},))"
    values = f"({', '.join(names)},)"
    source = (
        f"def fill({', '.join(names)}):\n    return {joined}\n"
        f"def match(data):\n    {taken}\n    return {values} if {joined} == data else None\n"
    )
    exec(compile(source, "<template>", "exec"), namespace)  # noqa: S102 - our own generated source
    return Template(names, len(data), namespace["fill"], namespace["match"])
