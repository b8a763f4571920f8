"""What all meters of one kind share: the tables of their streams, and a small cache of days."""

from __future__ import annotations

from functools import cache

from emulator.esme.households import CHANNELS, Channel, households, streams_of
from emulator.esme.shapes import Ints
from emulator.esme.streams import StreamTables


class EnergyModel:
    """What all meters of one kind share: tables, and a small cache of days (least recently used go first).

    ``variant`` is a shape of consumption, ``export`` an array behind the meter, ``twin`` a second measuring element.

    Does not model: reactive energy that follows the active energy of the same half-hour, thresholds of block tariffs,
    households that influence each other or the voltage.
    """

    def __init__(self, variant: str, export: bool = False, twin: bool = False, cached_days: int = 4096) -> None:
        """Raises LocalError for an unknown variant."""
        table = households()
        streams = streams_of(variant, export, twin)
        self.variant, self.twin = variant, twin
        self.export = export or table.variant[variant].exports
        self.cached_days = cached_days
        self.days: dict[tuple[int, float, Channel, int], Ints] = {}
        dip = table.export.sun_dip if self.export else 0.0
        self.tables: dict[Channel, tuple[StreamTables, ...]] = {
            channel: tuple(StreamTables(stream, dip) for stream in streams if stream.channel == channel)
            for channel in CHANNELS
        }


@cache
def energy_model(variant: str, export: bool = False, twin: bool = False) -> EnergyModel:
    """The model of a kind of meter, made once."""
    return EnergyModel(variant, export, twin)


def energy_assumptions() -> list[tuple[str, str, str, str]]:
    """Name, value, confidence and source of every assumption behind the energy."""
    return [(name, one.value, one.confidence, one.source) for name, one in households().assumptions.items()]
