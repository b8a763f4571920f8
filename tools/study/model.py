"""What a study is made of: sections of pictures, tables and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from emulator.assumptions import Assumption
from tools.report.figure_style import Picture
from tools.report.findings import Finding

Scalar: TypeAlias = str | int | float | bool | None
Kind = Literal["head", "number", "text", "short", "mark"]
"""How a column is set: heading of its row, right-aligned, wrapped, as it is, or as a confidence mark."""


def plainly(value: Scalar) -> str:
    """A value as it is; nothing for None."""
    return "" if value is None else str(value)


def no_style(_value: Scalar) -> str:
    """No style of its own."""
    return ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the files, its heading on the page, how a value is written there, and its style.

    ``style`` gives the name of a style by value: "good", "bad", "quiet", or "" for none.
    """

    name: str
    title: str
    show: Callable[[Any], str] = plainly
    kind: Kind = "short"
    style: Callable[[Any], str] = no_style


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the page has it."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: values for the files, and how they are shown. ``key`` is the name of its files.

    ``folded`` hides the rows behind a line that opens them.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    caption: str = ""
    folded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.key}: a row of {len(row)} values under {len(self.columns)} columns")

    def cells(self) -> Iterator[list[Cell]]:
        """The rows as the page has them."""
        for row in self.rows:
            yield [
                Cell(column.show(value), column.style(value)) for column, value in zip(self.columns, row, strict=True)
            ]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


Part: TypeAlias = Picture | Grid | Words


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its parts. ``key`` is its anchor, ``short`` its name in the row of links on top."""

    key: str
    title: str
    parts: tuple[Part, ...]
    lead: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: the value, what it is, and a detail."""

    value: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """A whole page. ``facts`` stand under the title, ``made_with`` (name, value) at its end."""

    kicker: str
    title: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    assumptions: Sequence[Assumption] = ()
    not_modelled: Sequence[tuple[str, str]] = ()
    made_with: Sequence[tuple[str, str]] = field(default=())

    def pictures(self) -> Iterator[Picture]:
        """Every picture, in order."""
        for section in self.sections:
            yield from (part for part in section.parts if isinstance(part, Picture))

    def grids(self) -> Iterator[Grid]:
        """Every table, in order."""
        for section in self.sections:
            yield from (part for part in section.parts if isinstance(part, Grid))
