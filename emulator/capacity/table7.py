"""PIA Table 7: which channels and compression each scenario and window need, with the margin of every verdict.

A cell lists options: so many channels, with or without compression. Two readings:

loose   what a cell lists without compression is the fewest channels that do, and what it lists with compression does
strict  too, compression is listed just where it saves channels: a row that lists none would gain nothing by it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.capacity.demand import make_demand
from emulator.capacity.pia import VOLUMES, ChannelRow, Option, Volume, pia
from emulator.capacity.radio import DayOfMessages, RadioModel, channels_needed, messages_of
from emulator.capacity.scenario import load_capacity_scenario

CHANNELS: Final = (4, 8)
_STEP: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: channels needed as messages are and compressed, what follows, and how far it is from another verdict.

    ``margin`` is the least relative change of one of the two needs that would change the verdict: 0.03 is 3 per cent.
    """

    row: ChannelRow
    plain: float
    compressed: float
    ours: tuple[Option, ...]
    margin: float

    @property
    def holds(self) -> bool:
        """Whether the row comes out as the PIA has it, in the strict reading."""
        return self.ours == self.row.options

    @property
    def words(self) -> str:
        """As the PIA would write what comes out; "none" where eight channels with compression do not do."""
        return self.row.model_copy(update={"options": self.ours}).words if self.ours else "none"


def table7(model: RadioModel, days: Mapping[Volume, DayOfMessages] | None = None) -> tuple[Verdict, ...]:
    """The six rows. The messages of each scenario are those of Table 5 unless given."""
    found = days or table7_days()
    return tuple(_verdict(row, model, found[row.scenario]) for row in pia().channels)


def table7_days() -> dict[Volume, DayOfMessages]:
    """The messages of A, B and C as Table 5 has them: every read at MDR size."""
    return {name: messages_of(make_demand(load_capacity_scenario(name), "mdr")) for name in VOLUMES}


def listed(plain: float, compressed: float) -> tuple[Option, ...]:
    """The options that a cell would list for these needs.

    The fewest channels that do without compression, and the fewest with it where these are fewer.
    """
    fewest, packed = (next((count for count in CHANNELS if need <= count), None) for need in (plain, compressed))
    options = () if fewest is None else (Option(channels=fewest, compressed=False),)
    if packed is not None and (fewest is None or packed < fewest):
        options = (*options, Option(channels=packed, compressed=True))
    return options


def broken_rows(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """The names of the rows that do not come out."""
    return tuple(verdict.row.name for verdict in verdicts if not verdict.holds)


def verdict_of(row: ChannelRow, plain: float, compressed: float) -> Verdict:
    """The verdict of a row for these needs."""
    return Verdict(row, plain, compressed, listed(plain, compressed), _margin(plain, compressed))


def _verdict(row: ChannelRow, model: RadioModel, day: DayOfMessages) -> Verdict:
    return verdict_of(row, *(float(channels_needed(model, day, row.window_h, compressed=how)) for how in (False, True)))


def _margin(plain: float, compressed: float) -> float:
    """The least relative change of one need that changes the verdict."""
    ours = listed(plain, compressed)
    changes = [abs(limit / plain - 1) for limit in CHANNELS if listed(_beyond(limit, plain), compressed) != ours]
    changes += [abs(limit / compressed - 1) for limit in CHANNELS if listed(plain, _beyond(limit, compressed)) != ours]
    return min(changes)


def _beyond(limit: int, need: float) -> float:
    """Just on the other side of a limit."""
    return limit * (1 + _STEP) if need <= limit else limit * (1 - _STEP)
