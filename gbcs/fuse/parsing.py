"""Generate parsing code: one method per kind of declaration."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from typing import Any

from construct import Const, GreedyBytes, Pass, Renamed

from gbcs.declare import (
    AnyConstruct,
    Bits,
    BitString,
    Counted,
    Either,
    Fields,
    IfMore,
    Record,
    Rule,
    Shapes,
    Sized,
    Sized16,
    Tagged,
    Text,
    Typed,
)
from gbcs.frozen import interning, maker
from gbcs.fuse.memo import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Memo
from gbcs.fuse.writer import Alternative, Body, Fixed, alternative, fixed_part


class ParseBody(Body):
    """Writes lines that advance ``pos`` and gives back the expression of each value."""

    def parse(self, node: AnyConstruct, path: str, end: str) -> str:
        """Write lines that advance ``pos``; the expression of the value. Raises TypeError for an unknown kind."""
        if isinstance(node, Renamed):
            return self.parse(node.subcon, f"{path}.{node.name}", end)
        if isinstance(node, Record):
            return self._construct(node.cls, self._parse_fields(node, path, end))
        if isinstance(node, Sized):
            return self._parse_sized(node, path, end, None)[0]
        fixed = fixed_part(node, path)
        if fixed:
            return self._parse_run([fixed], end)[0] or "None"
        for kind, method in _PARSERS.items():
            if isinstance(node, kind):
                return str(method(self, node, path, end))
        if node is GreedyBytes:
            value = self.writer.fresh("x")
            self.line(f"{value} = data[pos:{end}]")
            self.line(f"pos = {end}")
            return value
        if node is Pass:
            return "None"
        raise TypeError(f"{path}: {node!r} cannot be fused")

    def _construct(self, cls: Any, values: dict[str, str], tag: str | None = None) -> str:
        """A call of ``cls``, positional as far as the fields come in the order of the class."""
        order = [field.name for field in dataclass_fields(cls)]
        given = dict(values)
        if tag is not None:
            given[order[0]] = tag
        positional: list[str] = []
        for name in order:
            if name not in given:
                break
            positional.append(given.pop(name))
        arguments = positional + [f"{name}={value}" for name, value in given.items()]
        return f"{self.writer.constant(cls.__name__, maker(cls))}({', '.join(arguments)})"

    def _parse_fields(self, node: Fields, path: str, end: str) -> dict[str, str]:
        values: dict[str, str] = {}
        run: list[Fixed] = []
        for part in node.parts:
            fixed = fixed_part(part, path)
            if fixed:
                run.append(fixed)
                continue
            inner = part.subcon if isinstance(part, Renamed) else part
            inner_path = f"{path}.{part.name}" if isinstance(part, Renamed) else path
            if isinstance(inner, Sized):  # its first length byte rides along with the fixed fields before it
                run.append(Fixed("H" if isinstance(inner, Sized16) else "B", "", None, inner_path))
                found = self._parse_run_named(run, end, values)
                value, nested = self._parse_sized(inner, inner_path, end, found)
            else:
                self._parse_run_named(run, end, values)
                nested = self._parse_fields(inner, inner_path, end) if type(inner) is Fields else {}
                value = "" if type(inner) is Fields else self.parse(inner, inner_path, end)
            run = []
            if isinstance(part, Renamed):
                values[str(part.name)] = self.scope[str(part.name)] = value
            values.update(nested)
        self._parse_run_named(run, end, values)
        return values

    def _parse_run_named(self, run: list[Fixed], end: str, values: dict[str, str]) -> str | None:
        """Parse a run, file its named values; the variable of the nameless last length byte, if there is one."""
        length = None
        if run:
            for item, variable in zip(run, self._parse_run(run, end), strict=True):
                if item.name:
                    values[item.name] = self.scope[item.name] = str(variable)
                elif item.name == "":
                    length = variable
        return length

    def _parse_byte(self, variable: str, path: str, end: str) -> None:
        self.line(f"if pos >= {end}:")
        self.line(f"    raise _short({path!r}, pos, 1, {end})")
        self.line(f"{variable} = data[pos]")
        self.line("pos += 1")

    def _parse_run(self, run: list[Fixed], end: str) -> list[str | None]:
        if len(run) == 1 and run[0].code == "B" and run[0].constant is None:
            variable = self.writer.fresh("x")
            self._parse_byte(variable, run[0].path, end)
            return [variable]
        layout = struct.Struct(">" + "".join(item.code for item in run))
        unpack = self.writer.constant("unpack", layout.unpack_from)
        path = run[-1].path
        self.line(f"if {end} - pos < {layout.size}:")
        self.line(f"    raise _short({path!r}, pos, {layout.size}, {end})")
        variables = [self.writer.fresh("c" if item.constant is not None else "x") for item in run]
        self.line(f"({', '.join(variables)},) = {unpack}(data, pos)")
        offset = 0
        for item, variable in zip(run, variables, strict=True):
            if item.constant is not None:
                self.line(f"if {variable} != {item.constant!r}:")
                self.line(f"    raise _differs({item.path!r}, pos + {offset}, {item.constant!r}, {variable})")
            offset += item.size
        self.line(f"pos += {layout.size}")
        return [variable if item.constant is None else None for item, variable in zip(run, variables, strict=True)]

    def _parse_length(self, path: str, end: str, length: str | None) -> str:
        if length is None:
            length = self.writer.fresh("x")
            self._parse_byte(length, path, end)
        self.line(f"if {length} > 127:")
        self.line(f"    {length}, pos = _long_length(data, pos, {length}, {end}, {path!r})")
        return length

    def _parse_sized(self, node: Sized, path: str, end: str, length: str | None) -> tuple[str, dict[str, str]]:
        if isinstance(node, Sized16):
            length = length or self._parse_run([Fixed("H", None, None, path)], end)[0]
        else:
            length = self._parse_length(path, end, length)
        if node.sizes is not None:
            self.line(f"if {length} not in {node.sizes!r}:")
            self.line(f"    raise _differs({path!r}, pos, {node.sizes!r}, {length})")
        stop = self.writer.fresh("stop")
        self.line(f"{stop} = pos + {length}")
        self.line(f"if {stop} > {end}:")
        self.line(f"    raise _short({path!r}, pos, {length}, {end})")
        if node.subcon is GreedyBytes:
            value = self.writer.fresh("x")
            self.line(f"{value} = data[pos:{stop}]")
            self.line(f"pos = {stop}")
            return value, {}
        nested: dict[str, str] = {}
        value = ""
        if type(node.subcon) is Fields:
            nested = self._parse_fields(node.subcon, path, stop)
        else:
            value = self.writer.fresh("x")
            self.line(f"{value} = {self.parse(node.subcon, path, stop)}")
        self.line(f"if pos != {stop}:")
        self.line(f"    raise _left_over({path!r}, pos, {stop})")
        return value, nested

    def _parse_counted(self, node: Counted, path: str, end: str) -> str:
        count = self._parse_length(path, end, None)
        self.line(f"if {count} > {end} - pos:")
        self.line(f"    raise _short({path!r}, pos, {count}, {end})")
        return self._parse_loop(node.subcon, path, end, count)

    def _parse_loop(self, item: AnyConstruct, path: str, end: str, count: str) -> str:
        """``count`` times the item; one item, the usual case, makes no list."""
        function = self.writer.parse_function(item, path)
        value, one = self.writer.fresh("x"), self.writer.fresh("x")
        self.line(f"if {count} == 1:")
        self.line(f"    {one}, pos = {function}(data, pos, {end}, depth)")
        self.line(f"    {value} = ({one},)")
        self.line("else:")
        self.indent += 1
        self._parse_many(function, item, count, end, value, one)
        self.indent -= 1
        return value

    def _parse_many(self, function: str, item: AnyConstruct, count: str, end: str, value: str, one: str) -> None:
        """Write the loop over several items: one with the bytes of an item met before is that item (see ``Memo``).

        How long an item is, its first byte says, or else the item before it.
        """
        memo, size, stop = self.writer.constant("memo", Memo()), self.writer.fresh("size"), self.writer.fresh("stop")
        sizes = self.writer.constant("sizes", item_sizes(item))
        for text in (
            f"{value}, {size} = [], {memo}.size",
            f"known = {memo}.levels[depth] if depth < {MAX_DEPTH} else {{}}",
            f"for _ in range({count}):",
            f"    {stop} = pos + ({sizes}[data[pos]] or {size}) if pos < {end} else pos",
            f"    {one} = known.get(data[pos:{stop}])",
            f"    if {one} is None or {stop} > {end}:",
            f"        start, ({one}, pos) = pos, {function}(data, pos, {end}, depth)",
            f"        {size} = pos - start",
            f"        if {size} <= {MAX_BYTES}:",
            f"            if len(known) >= {MAX_ITEMS}:",
            "                known.clear()",
            f"            known[data[start:pos]] = {one}",
            "    else:",
            f"        pos = {stop}",
            f"    {value}.append({one})",
            f"{memo}.size = {size}",
            f"{value} = tuple({value})",
        ):
            self.line(text)

    def _parse_if_more(self, node: IfMore, path: str, end: str) -> str:
        value = self.writer.fresh("x")
        self.line(f"{value} = None")
        self.line(f"if pos < {end}:")
        self.indent += 1
        self.line(f"{value} = {self.parse(node.subcon, path, end)}")
        self.indent -= 1
        return value

    def _parse_tagged(self, node: Tagged, path: str, end: str) -> str:
        functions = {}
        for tag, choice in node.choices.items():
            functions[tag] = self.writer.parse_function(alternative(node, tag, choice), f"{path}.{tag:#04x}")
        table = self.writer.table(functions)
        value = self.writer.fresh("x")
        self.line(f"if pos >= {end}:")
        self.line(f"    raise _short({path!r}, pos, 1, {end})")
        self.line(f"{value} = {table}.get(data[pos])")
        self.line(f"if {value} is None:")
        self.line(f"    raise _unknown({path!r}, pos, {node.what!r}, data[pos])")
        self.line(f"{value}, pos = {value}(data, pos + 1, {end}, depth)")
        return value

    def _parse_either(self, node: Either, path: str, end: str) -> str:
        value, start = self.writer.fresh("x"), self.writer.fresh("start")
        self.line(f"{start} = pos")
        opened = 0
        for shape in node.known:
            function = self.writer.parse_function(shape, f"{path}.{shape.cls.__name__}")
            prefix = _prefix(shape)
            if prefix:  # one comparison spares the usual miss an exception
                self.line(f"if data.startswith({prefix!r}, pos):")
                self.line("    try:")
                self.line(f"        {value}, pos = {function}(data, pos, {end}, depth)")
                self.line("    except DecodeError:")
                self.line(f"        {value}, pos = None, {start}")
                self.line("else:")
                self.line(f"    {value} = None")
            else:
                self.line("try:")
                self.line(f"    {value}, pos = {function}(data, pos, {end}, depth)")
                self.line("except DecodeError:")
                self.line(f"    {value}, pos = None, {start}")
            self.line(f"if {value} is None:")
            self.indent += 1
            opened += 1
        general = self.writer.parse_function(node.general, path)
        self.line(f"{value}, pos = {general}(data, {start}, {end}, depth)")
        self.indent -= opened
        return value

    def _parse_shapes(self, node: Shapes, path: str, end: str) -> str:
        value, size = self.writer.fresh("x"), self.writer.fresh("size")
        self.line(f"{size} = {end} - pos")
        shapes = sorted(node.shapes, key=lambda shape: (shape[1] is None, shape[1]))
        for index, (_, length, record) in enumerate(shapes):
            condition = f"{size} == {length}" if length is not None else f"{size} > {max(s or 0 for _, s, _ in shapes)}"
            self.line(f"{'el' if index else ''}if {condition}:")
            self.indent += 1
            self.line(f"{value} = {self.parse(record, path, end)}")
            self.indent -= 1
        self.line("else:")
        self.line(f"    raise DecodeError({'no ' + node.what!r} f' has {{{size}}} bytes', offset=pos, field={path!r})")
        return value

    def _parse_rule(self, node: Rule, path: str, end: str) -> str:
        value = self.writer.fresh("x")
        self.line(f"{value}, pos = {self.writer.parse_function(node, node.rule_name)}(data, pos, {end}, depth)")
        return value

    def _parse_typed(self, node: Typed, path: str, end: str) -> str:
        data, value = self.parse(node.subcon, path, end), self.writer.fresh("x")
        given = ", ".join([*(self.scope[name] for name in node.using), data])
        self.line(f"{value} = {self.writer.constant('read', node.read)}({given})")
        return value

    def _parse_text(self, node: Text, path: str, end: str) -> str:
        value = self.writer.fresh("x")
        self.line(f"{value} = _text(data[pos:{end}], {node.encoding!r}, pos, {path!r})")
        self.line(f"pos = {end}")
        return value

    def _parse_bits(self, node: Bits, path: str, end: str) -> str:
        value, stop = self._parse_length(path, end, None), self.writer.fresh("stop")
        self.line(f"{stop} = pos + ({value} + 7) // 8")
        self.line(f"if {stop} > {end}:")
        self.line(f"    raise _short({path!r}, pos, {stop} - pos, {end})")
        self.line(f"{value} = {self.writer.constant('BitString', maker(BitString))}({value}, data[pos:{stop}])")
        self.line(f"pos = {stop}")
        return value

    def _parse_bare_fields(self, node: Fields, path: str, end: str) -> str:
        values = self._parse_fields(node, path, end)
        return "{" + ", ".join(f"{name!r}: {value}" for name, value in values.items()) + "}"

    def _parse_alternative(self, node: Alternative, path: str, end: str) -> str:
        if type(node.choice) is Fields:
            return self._construct(node.node.cls, self._parse_fields(node.choice, path, end), tag=str(node.tag))
        if node.choice is Pass:  # one value for all of them: it has no content
            return self.writer.constant("only", node.node.cls(node.tag, None))
        simple = fixed_part(node.choice, path) is not None or isinstance(node.choice, Sized)
        make = (interning if simple else maker)(node.node.cls)
        value = self.parse(node.choice, path, end)
        return f"{self.writer.constant('cls', make)}({node.tag}, {value})"


def item_sizes(item: AnyConstruct) -> list[int]:
    """For each first byte of an item its whole size, where that byte settles it; else 0."""
    sizes = [0] * 256
    while isinstance(item, Rule | Either):
        item = item.resolve() if isinstance(item, Rule) else item.general
    for tag, choice in item.choices.items() if isinstance(item, Tagged) else ():
        parts = [fixed_part(part, "") for part in (choice.parts if type(choice) is Fields else (choice,))]
        if choice is Pass or all(parts):
            sizes[tag] = 1 + sum(part.size for part in parts if part is not None)
    return sizes


def _prefix(record: Record) -> bytes:
    """The constant bytes with which a record begins, if it does."""
    first = record.parts[0] if record.parts else None
    return bytes(first.value) if isinstance(first, Const) and isinstance(first.value, bytes) else b""


_PARSERS: dict[type, Callable[[ParseBody, Any, str, str], str]] = {
    Fields: ParseBody._parse_bare_fields,
    Bits: ParseBody._parse_bits,
    Counted: ParseBody._parse_counted,
    IfMore: ParseBody._parse_if_more,
    Tagged: ParseBody._parse_tagged,
    Either: ParseBody._parse_either,
    Shapes: ParseBody._parse_shapes,
    Rule: ParseBody._parse_rule,
    Text: ParseBody._parse_text,
    Typed: ParseBody._parse_typed,
    Alternative: ParseBody._parse_alternative,
}
