"""Registers of a SMETS2 meter by name, in the unit that the meter states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gbcs.reads import ReadValues
from rigs.meters.values import Number, plain

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "ECS17a": ("active_export", "reactive_export"),
    "ECS17b": ("active_import", "reactive_import", "secondary_active_import"),
}
"""In the order of the answer; a meter with two elements adds the total of the second, without a unit."""

_UNITS: Final[Mapping[int, str]] = {27: "W", 28: "VA", 29: "var", 30: "Wh", 31: "VAh", 32: "varh"}
"""DLMS UA Blue Book, the enumeration of units of a register."""


@dataclass(frozen=True, slots=True)
class Register:
    """One register; ``unit`` is empty where the meter states none."""

    title: str
    value: Number
    unit: str

    @property
    def name(self) -> str:
        """The name with its unit, as the registers of other meters are named: ``active_import_wh``."""
        return "_".join((self.title, *self.unit.lower().split()))


def named_registers(use_case: str, values: ReadValues) -> Iterator[Register]:
    """What a read of registers brought, with the scaler applied; one that is not known is numbered."""
    names = _NAMES.get(use_case, ())
    for number, (value, scaler, unit) in enumerate(values.registers):
        title = names[number] if number < len(names) else f"register_{number + 1}"
        said = "" if unit is None else _UNITS.get(unit, f"unit {unit}")
        yield Register(title, plain(value * Decimal(10) ** (scaler or 0)), said)
