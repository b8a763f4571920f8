"""The rules as they run: ``rules.toml`` read, checked and compiled."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.compression.codec import Direction
from emulator.compression.header_context.actions import (
    Action,
    After,
    Grid,
    LowBits,
    MappingSent,
    Seconds,
    ValueSent,
)
from emulator.compression.header_context.rows import RowsCoded
from emulator.compression.layouts import Layout, parse_layout
from gbcs.catalogue import by_use_case
from gbcs.errors import LocalError

Kind = Literal["command", "response", "alert"]
_FIRST_RESERVED = 254


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Field(_Strict):
    bytes: int | None = Field(default=None, ge=1)


class _Sent(_Strict):
    """What is sent of a field; pairs of operator and action that RFC 8724 knows, and our own times and rows."""

    operator: Literal["equal", "ignore", "match-mapping", "MSB"]
    action: Literal["mapping-sent", "LSB", "pending", "grid", "after", "seconds", "rows"]
    mapping: str | None = None
    of: tuple[str, ...] = ()
    beside: str | None = None


class _Other(_Strict):
    number: int = Field(ge=0, lt=_FIRST_RESERVED)
    kind: Kind
    layout: str


class _File(_Strict):
    version: int
    fields: dict[str, _Field]
    kinds: dict[Kind, dict[str, Any]]
    mappings: dict[str, int]
    fragments: dict[str, str]
    frames: dict[str, dict[str, str]]
    contents: dict[str, str]
    use_cases: dict[str, dict[str, Any]]
    other: tuple[_Other, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a number, the kind of message, its layout, and what is sent of each field, in the order of sending.

    ``repeated`` are the fields of a response that its command has, of which nothing is sent.
    """

    number: int
    kind: Kind
    name: str
    layout: Layout
    repeated: tuple[str, ...]
    actions: tuple[tuple[str, Action], ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules. ``fingerprint`` tells one version of them from another and is part of every context check."""

    by_number: Mapping[int, Rule]
    by_code: Mapping[tuple[Direction, int | None], tuple[Rule, ...]]
    capacities: Mapping[str, int]
    fingerprint: bytes

    def candidates(self, direction: Direction, code: int) -> tuple[Rule, ...]:
        """The rules that may fit a message, the special ones first."""
        return self.by_code.get((direction, code), ()) + self.by_code.get((direction, None), ())


@cache
def load_rules(*, codes_rows: bool = False) -> RuleSet:
    """The rules of this version. Raises LocalError that names a mistake in them."""
    text = (files(__package__) / "rules.toml").read_text(encoding="utf-8")
    return compile_rules(text, codes_rows=codes_rows)


def compile_rules(text: str, *, codes_rows: bool = False) -> RuleSet:
    """The rules of a text in TOML. Raises LocalError that names the first mistake."""
    try:
        compiler = _Compiler(_File.model_validate(tomllib.loads(text)), codes_rows=codes_rows)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"rules: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise LocalError(f"rules: {where}: {first['msg']}, not {first['input']!r}") from None
    fingerprint = sha256(text.encode() + bytes((codes_rows,))).digest()[:8]
    return compiler.rule_set(fingerprint)


class _Compiler:
    """From the tables of the file to rules."""

    def __init__(self, file: _File, *, codes_rows: bool) -> None:
        self.file, self.codes_rows = file, codes_rows
        self.sizes = {name: row.bytes for name, row in file.fields.items()}
        self.sent: dict[Kind, dict[str, _Sent]] = {}
        self.directions: dict[Kind, Direction] = {}
        for kind, table in file.kinds.items():
            self.directions[kind] = _direction(kind, table)
            rows = {name: _Sent.model_validate(row) for name, row in table.items() if name != "direction"}
            self._check_names(f"kinds.{kind}", rows)
            self.sent[kind] = rows

    def rule_set(self, fingerprint: bytes) -> RuleSet:
        """All rules, each number once."""
        by_number: dict[int, Rule] = {}
        by_code: dict[tuple[Direction, int | None], tuple[Rule, ...]] = {}
        for code, rule in [*self._of_use_cases(), *self._others()]:
            if rule.number in by_number or not 0 <= rule.number < _FIRST_RESERVED:
                raise LocalError(f"rules: number {rule.number} of {rule.name} is taken or not below {_FIRST_RESERVED}")
            by_number[rule.number] = rule
            key = (self.directions[rule.kind], code)
            by_code[key] = (*by_code.get(key, ()), rule)
        return RuleSet(by_number, by_code, self.file.mappings, fingerprint)

    def _of_use_cases(self) -> list[tuple[int | None, Rule]]:
        found: list[tuple[int | None, Rule]] = []
        for use_case, table in self.file.use_cases.items():
            code = by_use_case(use_case).code
            own = {name: text for name, text in table.items() if name != "rules"}
            for number, kind, frame, content in table["rules"]:
                fragments = {
                    **self.file.fragments,
                    **own,
                    **_known(self.file.frames, frame, "frame"),
                    "code": f"{code:04x}",
                    "content": _known(self.file.contents, content, "content"),
                }
                name = f"{use_case} {frame} {content}"
                found.append((code, self._rule(number, kind, name, fragments["layout"], fragments)))
        return found

    def _others(self) -> list[tuple[int | None, Rule]]:
        return [
            (None, self._rule(row.number, row.kind, f"any {row.kind}", row.layout, self.file.fragments))
            for row in self.file.other
        ]

    def _rule(self, number: int, kind: Kind, name: str, text: str, fragments: Mapping[str, str]) -> Rule:
        try:
            layout = parse_layout(text, self.sizes, fragments)
        except LocalError as error:
            raise LocalError(f"rules: rule {number}: {error}") from None
        rows = self.sent[kind]
        repeated = tuple(field for field in layout.fields if field in rows and rows[field].action == "pending")
        actions = self._actions(kind, layout, _columns(fragments))
        return Rule(number, kind, name, layout, repeated, actions)

    def _actions(self, kind: Kind, layout: Layout, columns: int) -> tuple[tuple[str, Action], ...]:
        """Who it is about goes first, because counters hang on it; what has no size goes last."""
        rows = self.sent[kind]
        ranks = {"mapping-sent": 1, "LSB": 2}

        def rank(name: str) -> tuple[int, int]:
            row = rows.get(name)
            is_open = layout.fields[name] is None and (row is None or row.action != "mapping-sent")
            return int(is_open), ranks.get(row.action, 3) if row is not None else 4

        sent = (name for name in layout.fields if name not in rows or rows[name].action != "pending")
        names = sorted(sent, key=rank)
        return tuple(
            (name, self._action(rows.get(name), layout.fields[name], name == names[-1], columns)) for name in names
        )

    def _action(self, row: _Sent | None, size: int | None, is_last: bool, columns: int) -> Action:
        if row is None:
            return ValueSent(size, is_last and size is None)
        match row.action:
            case "mapping-sent":
                return self._mapping(row.mapping or "", size)
            case "LSB":
                return LowBits(row.of, row.beside)
            case "pending":
                raise LocalError("rules: what a pending command has is not sent")
            case "grid":
                return Grid(size or 4)
            case "after":
                return After(size or 4, row.beside or "")
            case "seconds":
                return Seconds(size or 4)
            case "rows":
                return RowsCoded(columns) if self.codes_rows else ValueSent(None, is_last=True)

    def _mapping(self, name: str, size: int | None) -> MappingSent:
        _known(self.file.mappings, name, "mapping")
        return MappingSent(name, size)

    def _check_names(self, where: str, rows: Mapping[str, _Sent]) -> None:
        for name, row in rows.items():
            for one in (name, *row.of, *((row.beside,) if row.beside else ())):
                if one not in self.sizes:
                    raise LocalError(f"rules: {where}: field {one!r} is not known (allowed: {', '.join(self.sizes)})")


def _columns(fragments: Mapping[str, str]) -> int:
    """Columns of the rows of a rule, by their type description: 02, their number, a type each."""
    return len(bytes.fromhex(fragments.get("columns", "0200"))) - 2


def _direction(kind: str, table: Mapping[str, Any]) -> Direction:
    direction: Direction | None = {"down": "down", "up": "up"}.get(str(table.get("direction")))  # type: ignore[assignment]
    if direction is None:
        raise LocalError(f"rules: kinds.{kind}.direction: {table.get('direction')!r} is not known (allowed: down, up)")
    return direction


def _known(table: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in table:
        raise LocalError(f"rules: {what} {name!r} is not known (allowed: {', '.join(table)})")
    return table[name]
