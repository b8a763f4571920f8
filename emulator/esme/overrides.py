"""What was changed on one meter by hand: planted values, rows missing from logs, power cuts, opening readings."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.esme.households import Channel, Register

ALL_LOGS = "*"
"""In place of a log's name: rows that are missing from every log."""


@dataclass(frozen=True, slots=True)
class Planted:
    """The value of one half-hour and what it adds to registers; ``parts`` add up to ``delta``, maybe negative."""

    value: int
    delta: int
    parts: tuple[tuple[Register, int], ...]


@dataclass(frozen=True, slots=True)
class PowerCut:
    """No supply from ``starts_at`` until ``ends_at``, seconds since 2000."""

    starts_at: float
    ends_at: float


@dataclass(slots=True)
class Overrides:
    """Held only by meters that have any. Stamps are those of half-hours, at their end."""

    planted: dict[Channel, dict[int, Planted]] = field(default_factory=dict)
    missing: dict[str, set[int]] = field(default_factory=dict)
    """Stamps of rows that a log does not have, by log or :data:`ALL_LOGS`; registers know nothing of it."""
    power_cuts: list[PowerCut] = field(default_factory=list)
    opening: dict[Channel, int] = field(default_factory=dict)


def split(delta: int, natural: list[tuple[Register, int]]) -> tuple[tuple[Register, int], ...]:
    """Spread a change over the registers that count a half-hour, taking from none more than it got in it."""
    if not natural:
        return ()
    counting = [entry for entry in natural if entry[1]] or natural[:1]
    if delta >= 0:
        return ((counting[0][0], delta),)
    parts = []
    for register, wh in counting:
        taken = max(delta, -wh)
        delta -= taken
        parts.append((register, taken))
    return tuple(parts)
