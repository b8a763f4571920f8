"""How the report writes numbers, and its names for what the store writes short."""

from __future__ import annotations

from typing import Final

NOTHING: Final = "\N{EN DASH}"

SRV_TITLES: Final = {
    "4.1.1": "Read Instantaneous Import Registers",
    "4.2": "Read Instantaneous Export Register Values",
    "4.6.1": "Retrieve Import Daily Read Log",
    "4.6.2": "Retrieve Export Daily Read Log",
    "4.8.1": "Read Active Import Profile Data",
    "4.8.3": "Read Export Profile Data",
    "4.17": "Retrieve Daily Consumption Log",
}
"""Names of the service requests (PIA Table 2)."""

LEGS: Final = {
    "": "nowhere named",
    "dsp": "at the DSP",
    "s1sp": "at the SMETS1 service provider",
    "dco": "at the Dual Control Organisation",
    "sms": "on the wake-up SMS",
    "apn": "in the data session",
    "wan_down": "on the SM WAN, downwards",
    "hub": "at the comms hub",
    "han": "on the HAN",
    "esme": "at the meter",
    "rig": "on the rig",
    "wan_up": "on the SM WAN, upwards",
    "head_end": "at the head-end",
}
OUTCOMES: Final = {"refused": "refused", "failed": "not answered", "error": "answered with an error"}
MARKS: Final = {
    "H": "measured or published",
    "M": "derived from published ranges, or second-hand",
    "L": "engineering judgement",
    "A": "assumed: replace it with your own figure",
}
"""How sure a value is, as :class:`emulator.assumptions.Assumption` marks it."""

_MINUTES_FROM_S: Final = 120
_HOURS_FROM_S: Final = 7200
_NEARLY_ALL: Final = 0.999


def count(number: float | None) -> str:
    """A whole number as "1,412"."""
    return NOTHING if number is None else f"{number:,.0f}"


def percent(share: float) -> str:
    """A share as "98.6 %". Only the whole is 100 %, only nothing is 0 %."""
    if share <= 0:
        return "0 %"
    if share < 0.001:
        return "< 0.1 %"
    if _NEARLY_ALL < share < 1:
        return f"{min(share * 100, 99.99):.2f} %"
    return "100 %" if share == 1 else f"{share * 100:,.1f} %"


def duration(seconds: float | None) -> str:
    """Seconds as "8.8 s", "5.2 min" or "24 h"."""
    if seconds is None:
        return NOTHING
    if seconds < _MINUTES_FROM_S:
        return f"{_short(seconds)} s" if seconds >= 0.1 or not seconds else f"{seconds * 1000:.0f} ms"
    if seconds < _HOURS_FROM_S:
        return f"{_short(seconds / 60)} min"
    return f"{_short(seconds / 3600)} h"


def durations(seconds: tuple[float, ...]) -> str:
    """One duration, or the least and the largest of several."""
    if not seconds:
        return NOTHING
    ends = dict.fromkeys((duration(seconds[0]), duration(seconds[-1])))
    return " to ".join(ends)


def size(number: float) -> str:
    """Bytes as "612 B", "23.4 kB", "1.3 GB": powers of 1,000, as networks count."""
    for unit in ("B", "kB", "MB"):
        if round(number) < 1000:
            return f"{_short(number)} {unit}" if number < 100 else f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} GB"


def rate(per_s: float) -> str:
    """Two significant digits below 10, whole numbers above."""
    return f"{per_s:,.0f}" if per_s >= 10 else f"{per_s:.2g}"


def several(number: int, one: str) -> str:
    """Number and noun: "1 read", "2 reads"."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def leg(name: str) -> str:
    """A leg of a read's journey in words; one that is not known stays as it is."""
    return LEGS.get(name, name)


def plain(name: str) -> str:
    """An identifier in words: ``half_hourly`` as "half-hourly", ``active_import`` as "active import"."""
    return "half-hourly" if name == "half_hourly" else name.replace("_", " ")


def _short(number: float) -> str:
    """One decimal, none when it is zero."""
    return f"{number:,.1f}".removesuffix(".0")
