"""What is asked of a meter, and what it brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from gbcs.errors import DecodeError
from gbcs.times import iso

Quantity: TypeAlias = Literal["profile", "register", "clock"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("profile", "register", "clock")

ACTIVE_IMPORT: Final = "active_import_wh"
ACTIVE_EXPORT: Final = "active_export_wh"
Number: TypeAlias = "int | float"


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read; ``first`` and ``last`` are the stamps of the rows of a profile, both included."""

    quantities: tuple[Quantity, ...]
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class HalfHour:
    """A row of a profile, by the end of its half-hour; values by name, in Wh where the name says so."""

    stamp: int
    values: Mapping[str, Number]


@dataclass(slots=True)
class Found:
    """What one session brought. What was not asked, or the meter does not have, is None or empty."""

    serial_number: str = ""
    clock: float | None = None
    registers: dict[str, Number] = field(default_factory=dict)
    rows: tuple[HalfHour, ...] = ()

    def as_json(self, ask: Ask) -> dict[str, Any]:
        """The part of an object for ``--json`` that was asked for."""
        found: dict[str, Any] = {"meter": self.serial_number}
        if "profile" in ask.quantities:
            found["rows"] = [{"at_utc": iso(row.stamp), **row.values} for row in self.rows]
        if "register" in ask.quantities:
            found["registers"] = dict(self.registers)
        if "clock" in ask.quantities:
            found["clock_utc"] = None if self.clock is None else iso(self.clock)
        return found


def plain(value: Decimal) -> Number:
    """A whole number as one; what has a part behind the point stays with it. Raises DecodeError for no number."""
    if not value.is_finite():
        raise DecodeError(f"{value} is no number", field="value")
    return int(value) if value == value.to_integral_value() else float(value)
