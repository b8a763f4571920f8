"""Selective access to the load profile: rows by range of time or by entry, and some of its columns."""

from __future__ import annotations

from emulator.smets1.dlms.apdu import AccessError, Selection
from emulator.smets1.dlms.data import DATE_TIME, Data, Tag, from_date_time
from emulator.smets1.dlms.rows import CLOCK, COLUMNS, layout
from emulator.smets1.meter import Smets1Meter
from gbcs.errors import DecodeError

BY_RANGE, BY_ENTRY = 1, 2

_BY_ENTRY_TAGS = (Tag.UINT32, Tag.UINT32, Tag.UINT16, Tag.UINT16)


class Denied(Exception):
    """An access that does not succeed; ``code`` says why."""

    def __init__(self, code: AccessError) -> None:
        super().__init__(code.name.lower().replace("_", " "))
        self.code = code


def buffer(meter: Smets1Meter, columns: tuple[str, ...], selection: Selection, now: float) -> bytes:
    """The rows of the profile that a selection asks for, oldest first, as an encoded array. Raises Denied."""
    if not selection.present:
        return layout(columns).encode(meter.profile(now))
    chosen = _SELECTORS.get(selection.selector or 0)
    if chosen is None:
        raise Denied(AccessError.OTHER_REASON)
    return chosen(meter, columns, selection.parameters, now)


def _by_range(meter: Smets1Meter, columns: tuple[str, ...], parameters: Data | None, now: float) -> bytes:
    """Rows stamped from one time to another, both included; structure of column, from, to, columns wanted."""
    by, first, last, wanted = _parts(parameters, 4)
    if by != COLUMNS[CLOCK].definition():
        raise Denied(AccessError.TYPE_UNMATCHED)
    rows = meter.profile(now, int(_instant(first)), int(_instant(last)))
    return layout(_wanted(columns, wanted)).encode(rows)


def _by_entry(meter: Smets1Meter, columns: tuple[str, ...], parameters: Data | None, now: float) -> bytes:
    """Rows and columns by number, the first one is 1; 0 as the last one means all that follow."""
    parts = _parts(parameters, 4)
    if tuple(part.tag for part in parts) != _BY_ENTRY_TAGS:
        raise Denied(AccessError.TYPE_UNMATCHED)
    first, last, first_column, last_column = (int(part.value) for part in parts)  # type: ignore[arg-type]
    chosen = columns[max(first_column - 1, 0) : last_column or None]
    if not first or not chosen:
        raise Denied(AccessError.SCOPE_OF_ACCESS_VIOLATED)
    return layout(chosen).encode(meter.profile(now)[first - 1 : last or None])


_SELECTORS = {BY_RANGE: _by_range, BY_ENTRY: _by_entry}


def _parts(parameters: Data | None, count: int) -> tuple[Data, ...]:
    if parameters is None or parameters.tag != Tag.STRUCTURE or not isinstance(parameters.value, tuple):
        raise Denied(AccessError.TYPE_UNMATCHED)
    if len(parameters.value) != count:
        raise Denied(AccessError.TYPE_UNMATCHED)
    return parameters.value


def _instant(bound: Data) -> float:
    """A bound of a range. Raises Denied for another type or an open time."""
    if bound.tag not in (Tag.OCTET_STRING, DATE_TIME) or not isinstance(bound.value, bytes):
        raise Denied(AccessError.TYPE_UNMATCHED)
    try:
        return from_date_time(bound.value)
    except DecodeError:
        raise Denied(AccessError.TYPE_UNMATCHED) from None


def _wanted(columns: tuple[str, ...], definitions: Data) -> tuple[str, ...]:
    """The columns that an array of definitions names; an empty one names them all."""
    if definitions.tag != Tag.ARRAY or not isinstance(definitions.value, tuple):
        raise Denied(AccessError.TYPE_UNMATCHED)
    if not definitions.value:
        return columns
    chosen = tuple(name for name in columns if COLUMNS[name].definition() in definitions.value)
    if len(chosen) != len(definitions.value):
        raise Denied(AccessError.OBJECT_UNDEFINED)
    return chosen
