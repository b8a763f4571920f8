"""Generate building code: one method per kind of declaration."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from construct import GreedyBytes, Pass, Renamed

from gbcs.declare import (
    AnyConstruct,
    Bits,
    Counted,
    Either,
    Fields,
    IfMore,
    Rule,
    Shapes,
    Sized,
    Sized16,
    Tagged,
    Text,
    Typed,
)
from gbcs.fuse.writer import Alternative, Body, Fixed, alternative, fixed_part, joined


class BuildBody(Body):
    """Writes lines that build and gives back the list of byte expressions that make up each node."""

    def build(self, node: AnyConstruct, value: str, path: str) -> list[str]:
        """Write lines that build; the byte expressions that make up the node. Raises TypeError for an unknown kind."""
        if isinstance(node, Renamed):
            return self.build(node.subcon, value, f"{path}.{node.name}")
        fixed = fixed_part(node, path, "v")
        if fixed:
            return self._build_run([(fixed, value)])
        if isinstance(node, Fields):
            return self._build_fields(node, value, path)
        for kind, method in _BUILDERS.items():
            if isinstance(node, kind):
                return list(method(self, node, value, path))
        if node is GreedyBytes:
            return [value]
        if node is Pass:
            return []
        raise TypeError(f"{path}: {node!r} cannot be fused")

    def _build_run(self, run: list[tuple[Fixed, str]]) -> list[str]:
        if not run:
            return []
        layout = struct.Struct(">" + "".join(item.code for item, _ in run))
        if all(item.constant is not None for item, _ in run):
            return [repr(layout.pack(*(item.constant for item, _ in run)))]
        arguments = []
        for item, value in run:
            if item.constant is not None:
                arguments.append(repr(item.constant))
                continue
            if item.code.endswith("s"):
                local = self.writer.fresh("b")
                self.line(f"{local} = {value}")
                self.line(f"if len({local}) != {item.size}:")
                self.line(f"    raise _sized({item.path!r}, {local}, {item.size})")
                arguments.append(local)
            else:
                arguments.append(value)
        return [f"{self.writer.constant('pack', layout.pack)}({', '.join(arguments)})"]

    def _build_fields(self, node: Fields, value: str, path: str) -> list[str]:
        parts: list[str] = []
        run: list[tuple[Fixed, str]] = []
        for part in node.parts:
            fixed = fixed_part(part, path)
            if fixed:
                run.append((fixed, f"{value}.{fixed.name}"))
                continue
            parts += self._build_run(run)
            run = []
            inner = f"{value}.{part.name}" if isinstance(part, Renamed) else value
            parts += self.build(part, inner, path)
        return parts + self._build_run(run)

    def _build_sized(self, node: Sized, value: str, path: str) -> list[str]:
        body = self.writer.fresh("b")
        self.line(f"{body} = {joined(self.build(node.subcon, value, path))}")
        if node.sizes is not None:
            self.line(f"if len({body}) not in {node.sizes!r}:")
            self.line(f"    raise _no_size({path!r}, len({body}), {node.sizes!r})")
        return [f"_length{'16' if isinstance(node, Sized16) else ''}(len({body}))", body]

    def _build_counted(self, node: Counted, value: str, path: str) -> list[str]:
        items = self.writer.fresh("b")
        self.line(f"{items} = {value}")
        return [f"_length(len({items}))", f"b''.join(map({self.writer.build_function(node.subcon, path)}, {items}))"]

    def _build_if_more(self, node: IfMore, value: str, path: str) -> list[str]:
        body = self.writer.fresh("b")
        self.line(f"{body} = b''")
        self.line(f"if {value} is not None:")
        self.indent += 1
        self.line(f"{body} = {joined(self.build(node.subcon, value, path))}")
        self.indent -= 1
        return [body]

    def _build_tagged(self, node: Tagged, value: str, path: str) -> list[str]:
        functions = {}
        for tag, choice in node.choices.items():
            functions[tag] = self.writer.build_function(alternative(node, tag, choice), f"{path}.{tag:#04x}")
        table = self.writer.table(functions)
        local, function = self.writer.fresh("b"), self.writer.fresh("f")
        self.line(f"{local} = {value}")
        self.line(f"{function} = {table}.get({local}.{node.tag_name})")
        self.line(f"if {function} is None:")
        self.line(f"    raise _no_shape({path!r}, {node.what!r})")
        return [f"bytes(({local}.{node.tag_name},))", f"{function}({local})"]

    def _build_either(self, node: Either, value: str, path: str) -> list[str]:
        local, body = self.writer.fresh("b"), self.writer.fresh("b")
        self.line(f"{local} = {value}")
        for index, shape in enumerate(node.known):
            cls = self.writer.constant("cls", shape.cls)
            self.line(f"{'el' if index else ''}if type({local}) is {cls}:")
            self.line(f"    {body} = {self.writer.build_function(shape, path)}({local})")
        self.line("else:")
        self.line(f"    {body} = {self.writer.build_function(node.general, path)}({local})")
        return [body]

    def _build_shapes(self, node: Shapes, value: str, path: str) -> list[str]:
        local, body = self.writer.fresh("b"), self.writer.fresh("b")
        self.line(f"{local} = {value}")
        for index, (attribute, _, record) in enumerate(node.shapes):
            last = index == len(node.shapes) - 1
            test = f"{local}.{attribute} is not None"
            self.line("else:" if last and not attribute else f"{'el' if index else ''}if {test}:")
            self.indent += 1
            self.line(f"{body} = {joined(self._build_fields(record, local, path))}")
            self.indent -= 1
        if node.shapes[-1][0]:
            self.line("else:")
            self.line(f"    raise _no_shape({path!r}, {node.what!r})")
        return [body]

    def _build_rule(self, node: Rule, value: str, path: str) -> list[str]:
        return [f"{self.writer.build_function(node, node.rule_name)}({value})"]

    def _build_bits(self, node: Bits, value: str, path: str) -> list[str]:
        local = self.writer.fresh("b")
        self.line(f"{local} = {value}")
        self.line(f"if len({local}.octets) != ({local}.length + 7) // 8:")
        self.line(f"    raise _sized({path!r}, {local}.octets, ({local}.length + 7) // 8)")
        return [f"_length({local}.length)", f"{local}.octets"]

    def _build_typed(self, node: Typed, value: str, path: str) -> list[str]:
        return self.build(node.subcon, f"{self.writer.constant('write', node.write)}({value})", path)

    def _build_text(self, node: Text, value: str, path: str) -> list[str]:
        return [f"{value}.encode({node.encoding!r})"]

    def _build_alternative(self, node: Alternative, value: str, path: str) -> list[str]:
        if type(node.choice) is Fields:
            return self._build_fields(node.choice, value, path)
        return self.build(node.choice, f"{value}.value", path)


_BUILDERS: dict[type, Callable[[BuildBody, Any, str, str], list[str]]] = {
    Bits: BuildBody._build_bits,
    Sized: BuildBody._build_sized,
    Counted: BuildBody._build_counted,
    IfMore: BuildBody._build_if_more,
    Tagged: BuildBody._build_tagged,
    Either: BuildBody._build_either,
    Shapes: BuildBody._build_shapes,
    Rule: BuildBody._build_rule,
    Text: BuildBody._build_text,
    Typed: BuildBody._build_typed,
    Alternative: BuildBody._build_alternative,
}
