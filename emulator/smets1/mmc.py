"""The values of a SMETS1 read as MMC XML, and back. A table per service request; GBCS has no part in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from lxml import etree

from emulator.smets1.exchange import Rows, Values
from emulator.smets1.xml_text import MMC, instant_of, time_text
from gbcs.errors import DecodeError, LocalError
from gbcs.reads import ReadValues

_RA = {"ra": MMC}
_WIRE = np.dtype(">u4")
_MOST = 0xFFFF_FFFF
WATT_HOURS = 30
"""The unit of a register as :class:`gbcs.reads.ReadValues` carries it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the answer to one service request is written: its element, and where a value stands in an entry."""

    response: str
    entry: Callable[[int, int], str] | None
    """The text of a log entry with stamp and value; None for registers."""
    value: str
    """The element that holds a value."""
    register: str = ""
    """The text of a register around its value."""


def _import_entry(stamp: int, value: int) -> str:
    return (
        f"<ra:LogEntry><ra:Timestamp>{time_text(stamp)}</ra:Timestamp><ra:Electricity>"
        f"<ra:PrimaryValue>{value}</ra:PrimaryValue></ra:Electricity></ra:LogEntry>"
    )


def _export_entry(stamp: int, value: int) -> str:
    return (
        f"<ra:LogEntry><ra:ActiveEnergyExportedValue>{value}</ra:ActiveEnergyExportedValue>"
        f"<ra:Timestamp>{time_text(stamp)}</ra:Timestamp></ra:LogEntry>"
    )


def _daily_entry(stamp: int, value: int) -> str:
    return (
        f"<ra:LogEntry><ra:Timestamp>{time_text(stamp)}</ra:Timestamp><ra:Electricity>"
        f"<ra:ElecActiveImportRegisterConsumption>{value}</ra:ElecActiveImportRegisterConsumption>"
        "</ra:Electricity></ra:LogEntry>"
    )


SHAPES: dict[str, Shape] = {
    "4.1.1": Shape(
        "ReadInstantaneousImportRegistersRsp",
        None,
        "Value",
        "<ra:Electricity><ra:ActiveImportRegister><ra:Value>%d</ra:Value>"
        "<ra:ActiveEnergyUnit>Wh</ra:ActiveEnergyUnit></ra:ActiveImportRegister></ra:Electricity>",
    ),
    "4.2": Shape(
        "ReadInstantaneousExportRegistersRsp",
        None,
        "Value",
        "<ra:ActiveExportRegister><ra:Value>%d</ra:Value>"
        "<ra:ActiveEnergyUnit>Wh</ra:ActiveEnergyUnit></ra:ActiveExportRegister>",
    ),
    "4.6.1": Shape(
        "RetrieveImportDailyReadLogRsp",
        _daily_entry,
        "ElecActiveImportRegisterConsumption",
    ),
    "4.8.1": Shape("ReadActiveImportProfileDataRsp", _import_entry, "PrimaryValue"),
    "4.8.3": Shape("ReadExportProfileDataRsp", _export_entry, "ActiveEnergyExportedValue"),
}
"""By service request. What a SMETS1 meter does not hold (reactive energy, TOU registers) is left out: MMC allows it."""


_STAMPS = re.compile("<ra:Timestamp>([^<]*)</ra:Timestamp>")
_VALUES = {
    shape.value: re.compile(f"<ra:{shape.value}>([0-9]{{1,10}})</ra:{shape.value}>") for shape in SHAPES.values()
}


def write(srv: str, values: Values) -> str:
    """The ``SMETSData`` of an answer, as canonical text. Raises LocalError for a service request without a shape."""
    shape = shape_of(srv)
    if shape.entry is None:
        if values.register_wh is None:
            raise LocalError(f"SRV {srv} reads a register and there is none")
        inner = shape.register % values.register_wh
    else:
        if values.rows is None:
            raise LocalError(f"SRV {srv} reads a log and there are no rows")
        entry = shape.entry
        inner = "".join([entry(stamp, value) for stamp, value in values.rows.tolist()])
    name = shape.response
    return f'<ra:SMETSData><ra:{name} MessageSuccess="true">{inner}</ra:{name}></ra:SMETSData>'


def read(srv: str, data: etree._Element) -> ReadValues:
    """The values in a ``SMETSData`` element that answers a service request. Raises DecodeError for any other."""
    shape = shape_of(srv)
    response = data.find(f"ra:{shape.response}", _RA)
    if response is None or len(data) != 1:
        raise DecodeError(f"no {shape.response}", field="SMETSData")
    if shape.entry is None:
        found = [_number(one.text or "") for one in response.iter(f"{{{MMC}}}{shape.value}")]
        if len(found) != 1:
            raise DecodeError(f"{len(found)} registers where there is to be one", field=shape.response)
        return ReadValues(0, registers=((found[0], 0, WATT_HOURS),))
    return ReadValues(0, rows=_rows(shape, response))


def read_quickly(srv: str, payload: str) -> ReadValues | None:
    """The values of a ``SMETSData`` that reads as :func:`write` writes it, to the byte; None for every other.

    The values are looked for without a parser, then written again: what does not come to the same text is none of ours.
    """
    shape = SHAPES.get(srv)
    if shape is None:
        return None
    numbers = _VALUES[shape.value].findall(payload)
    if shape.entry is None:
        if len(numbers) != 1 or write(srv, Values(0.0, register_wh=int(numbers[0]))) != payload:
            return None
        return ReadValues(0, registers=((int(numbers[0]), 0, WATT_HOURS),))
    stamps = _STAMPS.findall(payload)
    if len(stamps) != len(numbers):
        return None
    try:
        rows = np.array([[instant_of(stamp) for stamp in stamps], [int(number) for number in numbers]], _WIRE)
    except (DecodeError, OverflowError):
        return None
    values = Values(0.0, rows.T.copy())
    return ReadValues(0, rows=values.rows) if write(srv, values) == payload else None


def shape_of(srv: str) -> Shape:
    """How a service request is answered. Raises LocalError for one that SMETS1 meters do not have."""
    shape = SHAPES.get(srv)
    if shape is None:
        raise LocalError(f"SRV {srv} is not available for SMETS1 meters (there are {', '.join(SHAPES)})")
    return shape


def _rows(shape: Shape, response: etree._Element) -> Rows:
    # Walking the tree once a tag is several times as quick as a path from every entry.
    stamps = [instant_of(one.text or "") for one in response.iter(f"{{{MMC}}}Timestamp")]
    values = [_number(one.text or "") for one in response.iter(f"{{{MMC}}}{shape.value}")]
    if not len(stamps) == len(values) == len(response):
        raise DecodeError(f"{len(response)} entries, {len(stamps)} stamps, {len(values)} values", field="LogEntry")
    return np.array([stamps, values], _WIRE).T.copy()


def _number(shown: str) -> int:
    digits = shown.strip()
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 10 or int(digits) > _MOST:
        raise DecodeError(f"{shown!r} is no energy in Wh", field="Value")
    return int(digits)
