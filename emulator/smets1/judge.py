"""The oracle of SMETS1 meters: every value that came back against what the meter truly measured."""

from __future__ import annotations

import numpy as np

from emulator.dcc.requests import ServiceRequest
from emulator.esme.energy import Channel, MeterEnergy
from emulator.oracle import REGISTER_MODULUS, Column, Judgement, Stamps, expected_stamps
from emulator.smets1.meter import Smets1Meter
from gbcs.errors import LocalError
from gbcs.reads import ReadValues
from gbcs.times import DAY_S, HALF_HOUR_S, iso

_PROFILES: dict[str, Channel] = {"4.8.1": "active_import", "4.8.3": "active_export"}
_REGISTERS: dict[str, tuple[str, Channel]] = {
    "4.1.1": ("register.import", "active_import"),
    "4.2": ("register.export", "active_export"),
}
_DAILY = "daily_read.import"


def judge(request: ServiceRequest, meter: Smets1Meter, values: ReadValues, read_at: float) -> Judgement:
    """Compare one answer with the meter's energy; ``read_at`` is when the meter was read.

    Raises LocalError for a service request that SMETS1 meters do not have.
    """
    srv = request.srv
    if srv in _REGISTERS:
        return _judge_register(srv, meter, values, read_at)
    if values.rows is None or request.first is None or request.last is None:
        raise LocalError(f"SRV {srv} reads a log and brought no rows")
    step, channel = (HALF_HOUR_S, _PROFILES[srv]) if srv in _PROFILES else (DAY_S, _DAILY)
    stamps = values.rows[:, 0].astype(np.int64)
    expected = expected_stamps(request.first, request.last, step)
    is_whole = np.array_equal(stamps, expected)
    missing = () if is_whole else tuple(np.setdiff1d(expected, stamps).tolist())
    strangers = len(stamps) - (len(expected) - len(missing))
    got = values.rows[:, 1].astype(np.int64)
    truth = _truth(srv, meter.energy, stamps)
    wrong = np.flatnonzero(got != truth)
    said = ""
    if len(wrong):
        place = wrong[0]
        said = f"{srv}: row {iso(int(stamps[place]))}: got {got[place]}, the meter measured {truth[place]}"
    elif strangers:
        said = f"{srv}: rows came that were not asked for"
    return Judgement((Column(channel, stamps, got),), missing, len(wrong) + strangers, said)


def why_missing(meter: Smets1Meter, stamp: int, read_at: float) -> str:
    """Why a meter that answered did not have the row of a stamp, in words."""
    held = meter.held(read_at)
    if held is None or stamp > held.last:
        return "the meter had not captured the row yet"
    if stamp <= meter.energy.commissioned_at:
        return "the meter was not there yet"
    if stamp < held.first:
        return f"the log begins at {iso(held.first)} and the row is older"
    return "the row was lost"


def _truth(srv: str, energy: MeterEnergy, stamps: Stamps) -> Stamps:
    if not len(stamps):
        return stamps
    first, last = int(stamps.min()), int(stamps.max())
    if srv in _PROFILES:
        every = energy.half_hours(_PROFILES[srv], first, last)
        return every[(stamps - first) // HALF_HOUR_S]
    days = stamps // DAY_S
    held: Stamps = energy.at_midnights("active_import", first // DAY_S, last // DAY_S) % REGISTER_MODULUS
    return held[days - first // DAY_S]


def _judge_register(srv: str, meter: Smets1Meter, values: ReadValues, read_at: float) -> Judgement:
    name, channel = _REGISTERS[srv]
    if len(values.registers) != 1:
        raise LocalError(f"SRV {srv}: {len(values.registers)} registers came, one belongs to this meter")
    [(value, _, _)] = values.registers
    shown = int(meter.clock(read_at))
    held = meter.energy.register(channel, shown) % REGISTER_MODULUS
    wrong = "" if value == held else f"{srv}: {name} at {iso(shown)}: got {value}, the meter held {held}"
    column = Column(name, np.array([shown], np.int64), np.array([value], np.int64))
    return Judgement((column,), (), int(value != held), wrong)
