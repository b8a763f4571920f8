"""A load profile as text: a header with the time of its first row, then a row a line; a gap begins a new header.

The form is ``P.01(YYMMDDhhmmss)(status)(minutes)(count)(code)(unit)...``, then ``(value)(value)``. The time is the end
of the first half-hour, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from emulator.smets1.iec62056_21.datasets import DataSet, Value
from emulator.smets1.iec62056_21.objects import ProfileRow
from emulator.smets1.meter import Smets1Meter
from gbcs.errors import DecodeError, LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, MAX_INSTANT, from_datetime, to_datetime

_TIME = "%y%m%d%H%M%S"
_STATUS = "00000000"
_ROWS_A_TIME = 480


@dataclass(frozen=True, slots=True)
class ProfileRows:
    """A row of a profile as it was read: the end of its half-hour in seconds since 2000-01-01 UTC, and its values.

    ``channels`` are code and unit of each, as the header in front of the row says.
    """

    stamp: int
    values: tuple[str, ...]
    channels: tuple[tuple[str, str], ...] = field(default=(), compare=False)


def requested_range(text: str) -> tuple[int, int]:
    """The stamps of ``from;to``, both included; an empty side is open. Raises LocalError for another text.

    Times are ``YYMMDDhhmm`` with or without seconds, or with a digit for the season in front, which counts for nothing.
    """
    first, semicolon, last = text.partition(";")
    if text and not semicolon:
        raise LocalError(f"{text!r} is no range of times")
    return (_instant(first) if first else 0), (_instant(last) if last else MAX_INSTANT)


def _instant(text: str) -> int:
    digits = text[1:] if len(text) in {11, 13} else text
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in {10, 12}:
        raise LocalError(f"{text!r} is no time")
    year, month, day, hour, minute, second = (int(digits.ljust(12, "0")[at : at + 2]) for at in range(0, 12, 2))
    try:
        return int(from_datetime(datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)))
    except ValueError as error:
        raise LocalError(f"{text!r} is no time: {error}") from None


def profile_lines(
    profile: ProfileRow, meter: Smets1Meter, now: float, first: int, last: int, rows_per_part: int = 0
) -> Iterator[str]:
    """The rows stamped ``first`` to ``last``, in parts of whole lines, made as they are taken.

    Every part begins with a header, so that no two parts are alike; ``rows_per_part`` 0 puts everything into one.
    """
    header = f"{profile.address}({{time}})({_STATUS})({profile.interval_min})({len(profile.channel)})"
    header += "".join(f"({channel.address})({channel.unit})" for channel in profile.channel)
    held = meter.held(now)
    if held is None:
        return
    first, last = max(first, held.first), min(last, held.last)
    if not rows_per_part:
        yield _part(header, profile, meter.profile(now, first, last))
        return
    for start in range(-(-first // HALF_HOUR_S) * HALF_HOUR_S, last + 1, _ROWS_A_TIME * HALF_HOUR_S):
        rows = meter.profile(now, start, min(start + (_ROWS_A_TIME - 1) * HALF_HOUR_S, last))
        for at in range(0, len(rows), rows_per_part):
            yield _part(header, profile, rows[at : at + rows_per_part])


def _part(header: str, profile: ProfileRow, rows: NDArray[np.void]) -> str:
    """Headers and rows as lines: a header in front of each run of half-hours without a gap."""
    starts = np.flatnonzero(np.diff(rows["stamp"]) != HALF_HOUR_S) + 1
    return "".join(_run(header, profile, run) for run in np.split(rows, starts) if len(run))


def _run(header: str, profile: ProfileRow, rows: NDArray[np.void]) -> str:
    line = "(%d.%03d)" * len(profile.channel) + "\r\n"
    # Thousands and the rest of each value, side by side: one format fills in the whole run.
    values = np.stack([part for channel in profile.channel for part in np.divmod(rows[channel.column], 1000)], axis=1)
    time = to_datetime(int(rows["stamp"][0])).strftime(_TIME)
    return header.format(time=time) + "\r\n" + line * len(rows) % tuple(values.ravel().tolist())


def newest(meter: Smets1Meter, now: float, rows: int) -> tuple[int, int]:
    """The range of the newest rows that the profile holds."""
    held = meter.held(now)
    return (1, 0) if held is None else (held.last - (rows - 1) * HALF_HOUR_S, held.last)


def read_profile(address: str, lines: Iterable[DataSet]) -> tuple[ProfileRows, ...]:
    """The rows of a profile among lines of text. Raises DecodeError for a header or a row that does not fit."""
    found: list[ProfileRows] = []
    stamp: int | None = None
    step, channels = 0, tuple[tuple[str, str], ...]()
    for line in lines:
        if line.address == address:
            stamp, step, channels = _read_header(line.values)
        elif line.address:
            stamp = None
        elif stamp is not None:
            if len(line.values) != len(channels):
                raise DecodeError(f"{len(line.values)} values in a row of {len(channels)}", field="profile")
            found.append(ProfileRows(stamp, tuple(value.text for value in line.values), channels))
            stamp += step
    return tuple(found)


def _read_header(values: tuple[Value, ...]) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    """Stamp of the first row, seconds between rows, code and unit of each value in a row."""
    try:
        stamp = _instant(values[0].text)
        minutes, count = int(values[2].text), int(values[3].text)
    except (LocalError, ValueError, IndexError):
        raise DecodeError("the header of a profile is none", field="profile") from None
    if not 0 < minutes * 60 <= DAY_S or count * 2 != len(values) - 4:
        raise DecodeError("the header of a profile contradicts itself", field="profile")
    texts = [value.text for value in values[4:]]
    return stamp, minutes * 60, tuple(zip(texts[::2], texts[1::2], strict=True))
