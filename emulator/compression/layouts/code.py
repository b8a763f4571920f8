"""Layouts as straight-line Python: the quick twins of :mod:`emulator.compression.layouts.reference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.compression.layouts.items import Field, Item, Literal, Low, Values, length_at
from gbcs.declare import build_length

Read = Callable[[bytes], Values | None]
Write = Callable[[Mapping[str, bytes]], bytes]


def compiled(items: tuple[Item, ...], fields: Mapping[str, int | None]) -> tuple[Read, Write]:
    """Both functions of a layout."""
    code = _Code()
    code.reader(items)
    code.writer(items, fields)
    exec(compile("\n".join(code.lines), "<layout>", "exec"), code.namespace)  # noqa: S102 - our own generated source
    return code.namespace["read"], code.namespace["write"]


class _Code:
    """Writes the source. Names in it are ours (fields are checked against the rules), values stand in the namespace."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {
            "length_at": length_at, "build_length": build_length, "join": b"".join,
        }  # fmt: skip
        self._seen: set[str] = set()
        self._depth = 0

    def reader(self, items: tuple[Item, ...]) -> None:
        """``read(data)``: the values, or None."""
        self.lines += ["def read(data):", "    at = 0", "    end0 = len(data)"]
        self._read(items, 0)
        self.lines.append("    if at != end0: return None")
        self.lines.append("    return {" + ", ".join(f"'{name}': v_{name}" for name in sorted(self._seen)) + "}")

    def _read(self, items: tuple[Item, ...], depth: int) -> None:
        for item in items:
            if isinstance(item, Literal):
                self._literal(item.octets)
            elif isinstance(item, Low):
                self._same(f"v_{item.name}[-{item.size}:]", f"at + {item.size}")
            elif isinstance(item, Field):
                stop = f"end{depth}" if item.size is None else f"at + {item.size}"
                if item.name in self._seen:
                    self._same(f"v_{item.name}", stop)
                else:
                    self._seen.add(item.name)
                    self.lines += [f"    v_{item.name} = data[at:{stop}]", f"    at = {stop}"]
                if item.size is not None:
                    self.lines.append(f"    if at > end{depth}: return None")
            else:
                inner = depth + 1
                self.lines.append(f"    at, end{inner} = length_at(data, at, end{depth})")
                self.lines.append("    if at < 0: return None")
                self._read(item.items, inner)
                self.lines.append(f"    if at != end{inner}: return None")

    def _literal(self, octets: bytes) -> None:
        name = f"c{len(self.namespace)}"
        self.namespace[name] = octets
        self.lines += [f"    if not data.startswith({name}, at): return None", f"    at += {len(octets)}"]

    def _same(self, value: str, stop: str) -> None:
        self.lines += [f"    if data[at:{stop}] != {value}: return None", f"    at = {stop}"]

    def writer(self, items: tuple[Item, ...], fields: Mapping[str, int | None]) -> None:
        """``write(values)``: the message."""
        self.lines.append("def write(values):")
        self.lines += [f"    v_{name} = values['{name}']" for name in fields]
        self.lines.append(f"    return {self._joined(items)}")

    def _joined(self, items: tuple[Item, ...]) -> str:
        """The expression that joins the items; sized parts are made on lines before it."""
        parts: list[str] = []
        for item in items:
            if isinstance(item, Literal):
                name = f"c{len(self.namespace)}"
                self.namespace[name] = item.octets
                parts.append(name)
            elif isinstance(item, Low):
                parts.append(f"v_{item.name}[-{item.size}:]")
            elif isinstance(item, Field):
                parts.append(f"v_{item.name}")
            else:
                self._depth += 1
                name = f"part{self._depth}"
                self.lines.append(f"    {name} = {self._joined(item.items)}")
                parts += [f"build_length(len({name}))", name]
        return f"join(({', '.join(parts)},))"
