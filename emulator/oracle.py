"""The oracle: compares every value that came back with what the meter truly measured, and says why a row is missing.

It asks the meter's energy, not the meter's logs: a log that loses, doubles or shifts a row shows here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from emulator.esme.energy import Channel, MeterEnergy
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects, energy_of
from emulator.esme.logs import MeterLogs, Rows
from gbcs.errors import LocalError
from gbcs.frozen import maker
from gbcs.reads import ReadValues
from gbcs.times import DAY_S, HALF_HOUR_S, iso

Stamps = NDArray[np.int64]
REGISTER_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class Column:
    """One channel of an answer: its name in the result store, stamps and values, one each."""

    channel: str
    stamps: Stamps
    values: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer holds: its columns, the stamps that were asked for and did not come, and what was wrong.

    ``mismatches`` counts values that differ from what the meter measured; ``first_mismatch`` describes one in words.
    """

    columns: tuple[Column, ...]
    missing: tuple[int, ...]
    mismatches: int
    first_mismatch: str


_LOG_OF = {
    "ECS22b": "profile_active_import",
    "ECS22a": "profile_export",
    "ECS21a": "daily_read_import",
    "ECS21c": "daily_read_export",
    "ECS66": "daily_consumption",
}
"""The log that a use case reads; ECS17a and ECS17b read registers."""

_PROFILES = ("ECS22a", "ECS22b")

_make_column, _make_judgement = maker(Column), maker(Judgement)

_NOTHING: Stamps = np.empty(0, np.int64)


def log_of(use_case: str) -> str | None:
    """The log that a use case reads, or None where it reads registers."""
    return _LOG_OF.get(use_case)


def step_of(use_case: str) -> int:
    """Seconds between two rows of the log that a use case reads."""
    return HALF_HOUR_S if use_case in _PROFILES else DAY_S


def judge(
    use_case: str, meter: Esme, values: ReadValues, first: int | None, last: int | None, executed_at: float
) -> Judgement:
    """Compare one successful answer with the meter's energy.

    ``first`` and ``last`` are the stamps asked for; ``executed_at`` is when the meter read its registers. Raises
    LocalError for a use case that is none of the seven.
    """
    energy = energy_of(meter)
    if use_case in _REGISTERS:
        return _judge_registers(use_case, energy, values, int(meter.clock.reads(executed_at)))
    if use_case not in _LOG_OF or first is None or last is None:
        raise LocalError(f"{use_case} is no settlement read of a log with its bounds")
    rows = values.rows if values.rows is not None else np.empty((0, 2), ">u4")
    return _right_profile(use_case, energy, rows, first, last) or _judge_rows(use_case, energy, rows, first, last)


def _right_profile(use_case: str, energy: MeterEnergy, rows: Rows, first: int, last: int) -> Judgement | None:
    """The judgement on a whole and right profile, which is the usual answer; None for every other."""
    if use_case not in _PROFILES:
        return None
    expected, channels = expected_stamps(first, last, HALF_HOUR_S), _profile_channels(use_case, energy.model.twin)
    if rows.shape != (len(expected), 1 + len(channels)) or not len(expected):
        return None
    truth = [energy.half_hours(channel, int(expected[0]), int(expected[-1])) for channel in channels]
    held = np.empty(rows.shape, ">u4")
    held[:, 0] = expected
    for place, column in enumerate(truth, 1):
        held[:, place] = column
    if held.tobytes() != rows.tobytes():
        return None
    return _make_judgement(tuple(map(_make_column, channels, repeat(expected), truth)), (), 0, "")


def _judge_rows(use_case: str, energy: MeterEnergy, rows: Rows, first: int, last: int) -> Judgement:
    stamps = rows[:, 0].astype(np.int64)
    expected = expected_stamps(first, last, step_of(use_case))
    is_whole = np.array_equal(stamps, expected)
    missing = () if is_whole else tuple(np.setdiff1d(expected, stamps).tolist())
    strangers = len(stamps) - (len(expected) - len(missing))
    truth = _truth(use_case, energy, stamps, is_whole=is_whole)
    if truth.shape != rows[:, 1:].shape:
        raise LocalError(f"{use_case}: {rows.shape[1]} columns came, {truth.shape[1] + 1} belong to this meter")
    wrong = rows[:, 1:] != truth
    count = int(np.count_nonzero(wrong)) + strangers
    columns = tuple(
        Column(channel, stamps, rows[:, place + 1].astype(np.int64))
        for place, channel in enumerate(channels_of(use_case, energy.model.twin))
    )
    return Judgement(columns, missing, count, _first_wrong(use_case, stamps, rows, truth, wrong) if count else "")


@lru_cache(maxsize=256)
def expected_stamps(first: int, last: int, step: int) -> Stamps:
    """The stamps of a log with a row every ``step`` seconds between two bounds, both included."""
    stamps = np.arange(-(-first // step) * step, last + 1, step, dtype=np.int64)
    stamps.setflags(write=False)
    return stamps


def why_missing(use_case: str, meter: Esme, stamp: int, executed_at: float) -> str:
    """Why a meter that answered did not have the row of a stamp, in words."""
    objects = meter.objects
    log = _LOG_OF[use_case]
    if not isinstance(objects, LiveObjects):
        return "the meter's log holds no such row"
    shown = meter.clock.reads(executed_at)
    step = step_of(use_case)
    oldest, newest = MeterLogs(objects.energy, objects.settings).held(log, step, shown)
    if stamp > newest:
        late_s = executed_at - shown
        behind = f", its clock being {late_s:.1f} s behind" if late_s > objects.settings.capture_delay_s else ""
        return f"the meter had not captured the row yet{behind}"
    if stamp <= objects.energy.commissioned_at:
        return "the meter was not there yet"
    if stamp < oldest:
        days = objects.settings.depth(log) * step // DAY_S
        return f"the log holds {days} days and the row is older"
    return "the meter's log lost the row after a power cut" if _near_cut(objects.energy, stamp) else "the row was lost"


def _near_cut(energy: MeterEnergy, stamp: int) -> bool:
    cuts = energy.overrides.power_cuts if energy.overrides is not None else []
    return any(cut.starts_at - HALF_HOUR_S <= stamp <= cut.ends_at + DAY_S for cut in cuts)


# ---------------------------------------------------------------------- logs


def channels_of(use_case: str, twin: bool) -> tuple[str, ...]:
    """The columns that go into the result store, in the order of the answer; a daily read gives its totals."""
    if use_case == "ECS22b":
        return ("active_import", "active_import_secondary") if twin else ("active_import",)
    if use_case == "ECS22a":
        return ("active_export", "reactive_export")
    if use_case == "ECS21a":
        return ("daily_read.import", "daily_read.import_secondary") if twin else ("daily_read.import",)
    return ("daily_read.export",) if use_case == "ECS21c" else ("daily_consumption",)


def _truth(use_case: str, energy: MeterEnergy, stamps: Stamps, *, is_whole: bool) -> NDArray[np.int64]:
    """What the meter measured for each row that came; shape (rows, columns without the stamp)."""
    if not len(stamps):
        return np.empty((0, columns_of(use_case, energy.model.twin)), np.int64)
    if use_case in _PROFILES:
        return _half_hours(_profile_channels(use_case, energy.model.twin), energy, stamps, is_whole=is_whole)
    days = stamps // DAY_S
    first_day = int(days.min())
    rows: NDArray[np.int64] = _daily(use_case, energy, first_day, int(days.max()))[days - first_day]
    return rows


def _half_hours(
    channels: tuple[Channel, ...], energy: MeterEnergy, stamps: Stamps, *, is_whole: bool
) -> NDArray[np.int64]:
    first, last = int(stamps.min()), int(stamps.max())
    columns = [energy.half_hours(channel, first, last) for channel in channels]
    if not is_whole:
        columns = [column[(stamps - first) // HALF_HOUR_S] for column in columns]
    values: NDArray[np.int64] = np.column_stack(columns)
    return values


def _profile_channels(use_case: str, twin: bool) -> tuple[Channel, ...]:
    if use_case == "ECS22a":
        return ("active_export", "reactive_export")
    return ("active_import", "active_import_secondary") if twin else ("active_import",)


def _daily(use_case: str, energy: MeterEnergy, first_day: int, last_day: int) -> NDArray[np.int64]:
    if use_case == "ECS21c":
        return energy.at_midnights("active_export", first_day, last_day)[:, None]
    if use_case == "ECS66":
        used = energy.day_totals("active_import", first_day - 1, last_day - 1)
        if energy.model.twin:
            used = used + energy.day_totals("active_import_secondary", first_day - 1, last_day - 1)
        return used[:, None]
    twin = energy.model.twin
    totals: list[NDArray[np.int64]] = [energy.at_midnights("active_import", first_day, last_day)[:, None]]
    if twin:
        totals.append(energy.at_midnights("active_import_secondary", first_day, last_day)[:, None])
    banks = ("tou", "secondary", "block") if twin else ("tou", "block")
    registers = [energy.bank_at_midnights(bank, first_day, last_day) for bank in banks]
    return np.concatenate([*totals, *registers], axis=1) % REGISTER_MODULUS


def columns_of(use_case: str, twin: bool) -> int:
    """Columns of a row besides its stamp."""
    if use_case == "ECS21a":
        return 86 if twin else 81
    return len(channels_of(use_case, twin))


def _first_wrong(
    use_case: str,
    stamps: Stamps,
    rows: NDArray[np.uint32],
    truth: NDArray[np.int64],
    wrong: NDArray[np.bool_],
) -> str:
    places = np.argwhere(wrong)
    if not len(places):
        return f"{use_case}: rows came that were not asked for"
    row, column = places[0]
    got, held = int(rows[row, column + 1]), int(truth[row, column])
    return f"{use_case}: row {iso(int(stamps[row]))} column {column + 1}: got {got}, the meter measured {held}"


# ---------------------------------------------------------------------- registers


def register_names(use_case: str) -> tuple[str, ...]:
    """Names in the result store of the registers that every meter shows for a use case."""
    return tuple(name for name, _ in _REGISTERS[use_case](False))


def _import_registers(twin: bool) -> tuple[tuple[str, Channel], ...]:
    found: tuple[tuple[str, Channel], ...] = (
        ("register.import", "active_import"),
        ("register.reactive_import", "reactive_import"),
    )
    return (*found, ("register.import_secondary", "active_import_secondary")) if twin else found


def _export_registers(_twin: bool) -> tuple[tuple[str, Channel], ...]:
    return ("register.export", "active_export"), ("register.reactive_export", "reactive_export")


_REGISTERS: dict[str, Callable[[bool], tuple[tuple[str, Channel], ...]]] = {
    "ECS17a": _export_registers,
    "ECS17b": _import_registers,
}
"""Registers of a use case in the order of its answer: name in the result store, and channel."""


def _judge_registers(use_case: str, energy: MeterEnergy, values: ReadValues, read_at: int) -> Judgement:
    wanted = _REGISTERS[use_case](energy.model.twin)
    if len(values.registers) != len(wanted):
        raise LocalError(f"{use_case}: {len(values.registers)} registers came, {len(wanted)} belong to this meter")
    columns, wrong = [], ""
    mismatches = 0
    stamp = np.array([read_at], np.int64)
    for (name, channel), (value, _, _) in zip(wanted, values.registers, strict=True):
        held = energy.register(channel, read_at) % REGISTER_MODULUS
        if value != held:
            mismatches += 1
            wrong = wrong or f"{use_case}: {name} at {iso(read_at)}: got {value}, the meter held {held}"
        columns.append(Column(name, stamp, np.array([value], np.int64)))
    return Judgement(tuple(columns), (), mismatches, wrong)
