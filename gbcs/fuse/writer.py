"""The writer of generated source: functions, the objects they refer to, and the lines of one body."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from construct import Bytes, Const, FormatField, Renamed

from gbcs.declare import MAX_DEPTH, AnyConstruct, Rule, Tagged
from gbcs.fuse.runtime import RUNTIME


@dataclass(slots=True)
class Fixed:
    """One field of a run of fixed size: its struct code, its name (or None) and its constant (or None)."""

    code: str
    name: str | None
    constant: object | None
    path: str

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return struct.calcsize(">" + self.code)


def fixed_part(node: AnyConstruct, path: str, name: str | None = None) -> Fixed | None:
    """The struct code of a node of fixed size, or None."""
    if isinstance(node, Renamed):
        return fixed_part(node.subcon, f"{path}.{node.name}", str(node.name))
    if isinstance(node, FormatField):
        return Fixed(str(node.fmtstr)[1:], name, None, path)
    if isinstance(node, Bytes):
        return Fixed(f"{node.length}s", name, None, path)
    if isinstance(node, Const):
        inner = fixed_part(node.subcon, path, name)
        return inner and Fixed(inner.code, None, node.value, path)
    return None


def joined(parts: list[str]) -> str:
    """One expression for several byte expressions."""
    if not parts:
        return "b''"
    return parts[0] if len(parts) == 1 else f"b''.join(({', '.join(parts)}))"


class Body:
    """The lines of one generated function; its sub-classes write parsing and building code."""

    def __init__(self, writer: Writer, path: str) -> None:
        self.writer, self.path = writer, path
        self.lines: list[str] = []
        self.scope: dict[str, str] = {}
        self.indent = 1

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append("    " * self.indent + text)

    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines) or "    pass"


class Parser(Protocol):
    """What the writer asks of a body of parsing code."""

    def line(self, text: str) -> None:
        """Add a line."""

    def text(self) -> str:
        """All lines."""

    def parse(self, node: AnyConstruct, path: str, end: str) -> str:
        """Write lines that advance ``pos``; the expression of the value."""


class Builder(Protocol):
    """What the writer asks of a body of building code."""

    def text(self) -> str:
        """All lines."""

    def build(self, node: AnyConstruct, value: str, path: str) -> list[str]:
        """Write lines that build; the byte expressions that make up the node."""


class Writer:
    """Collects the generated functions and the objects they refer to."""

    def __init__(self, parser: Callable[[Writer, str], Parser], builder: Callable[[Writer, str], Builder]) -> None:
        self.parser, self.builder = parser, builder
        self.namespace: dict[str, Any] = dict(RUNTIME)
        self.functions: dict[tuple[str, int], str] = {}
        self.finished: list[str] = []
        self.tables: list[tuple[dict[int, Any], dict[int, str]]] = []
        self.keep: list[AnyConstruct] = []
        self.serial = 0

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.serial += 1
        return f"{prefix}{self.serial}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name under which generated code finds an object."""
        name = self.fresh(f"_{prefix}")
        self.namespace[name] = value
        return name

    def source(self) -> str:
        """All generated functions."""
        return "\n\n".join(self.finished)

    def compile(self) -> dict[str, Any]:
        """Run the generated source and fill its tables; the namespace with the functions in it."""
        exec(compile(self.source(), "<fused declaration>", "exec"), self.namespace)  # noqa: S102 - our own generated source
        for table, names in self.tables:
            table.update({tag: self.namespace[name] for tag, name in names.items()})
        return self.namespace

    def table(self, functions: dict[int, str]) -> str:
        """The name of a dict tag -> generated function, filled when all functions are compiled."""
        late: dict[int, Any] = {}
        self.tables.append((late, functions))
        return self.constant("table", late)

    def parse_function(self, node: AnyConstruct, path: str) -> str:
        """The name of ``parse(data, pos, end, depth) -> (value, pos)`` for a node, written on first use."""
        known = self.functions.get(("parse", id(node)))
        if known:
            return known
        name = self.functions["parse", id(node)] = self.fresh("parse_")
        self.keep.append(node)
        body = self.parser(self, path)
        if isinstance(node, Rule):
            body.line(f"if depth >= {MAX_DEPTH}:")
            body.line(f"    raise DecodeError('nested more than {MAX_DEPTH} deep', offset=pos, field={path!r})")
            body.line("depth += 1")
            node = node.resolve()
        value = body.parse(node, path, "end")
        self.finished.append(f"def {name}(data, pos, end, depth):\n{body.text()}\n    return {value}, pos")
        return name

    def build_function(self, node: AnyConstruct, path: str) -> str:
        """The name of ``build(value) -> bytes`` for a node, written on first use."""
        known = self.functions.get(("build", id(node)))
        if known:
            return known
        name = self.functions["build", id(node)] = self.fresh("build_")
        self.keep.append(node)
        body = self.builder(self, path)
        parts = body.build(node.resolve() if isinstance(node, Rule) else node, "v", path)
        self.finished.append(f"def {name}(v):\n{body.text()}\n    return {joined(parts)}")
        return name


class Alternative(AnyConstruct):
    """One alternative of a ``Tagged``, to be written as a function of its own."""

    def __init__(self, node: Tagged, tag: int, choice: AnyConstruct) -> None:
        super().__init__()
        self.node, self.tag, self.choice = node, tag, choice


def alternative(node: Tagged, tag: int, choice: AnyConstruct) -> Alternative:
    """The one ``Alternative`` of a node's tag, so that its function is written once."""
    cache: dict[int, Alternative] = node.__dict__.setdefault("_fused_choices", {})
    return cache.setdefault(tag, Alternative(node, tag, choice))
