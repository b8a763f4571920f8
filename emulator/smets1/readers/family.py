"""How the meters of a device family are read: by the first dialect of its profile that has a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from emulator.esme.energy import MeterEnergy
from emulator.esme.logs import DEPTHS, LogSettings
from emulator.smets1.exchange import Ask, Exchange, Reading
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.profile import DialectProfile, load_profile
from emulator.smets1.readers.dlms import DlmsReader
from emulator.smets1.readers.edmi import EdmiReader
from emulator.smets1.readers.line import DialectReader, Line, ReaderFactory
from emulator.smets1.registry import DIALECTS
from emulator.smets1.server import ServerFactory
from gbcs.errors import LocalError, RemoteError

READERS: dict[str, ReaderFactory] = {
    "dlms-wrapper": DlmsReader,
    "edmi": EdmiReader,
}
"""By dialect. A dialect that has no row here is served to others, but not read by the emulated providers."""


class ServedMeter:
    """A meter with the servers of its dialect and the reader that its provider has for it."""

    __slots__ = ("meter", "reader", "servers")

    def __init__(self, meter: Smets1Meter, servers: ServerFactory, reader: DialectReader) -> None:
        self.meter, self.servers, self.reader = meter, servers, reader


class FamilyReader:
    """Makes meters of one family and holds dialogues with them.

    Does not model: models and firmware within a family that differ.
    """

    def __init__(self, profile: DialectProfile) -> None:
        """Raises LocalError where none of its dialects has a reader."""
        known = [name for name in profile.speaks.value if name in READERS]
        if not known:
            spoken = ", ".join(profile.speaks.value)
            raise LocalError(f"profile {profile.name} speaks {spoken}; there are readers for {', '.join(READERS)}")
        self.profile, self.name, self.dialect = profile, profile.name, known[0]
        depth = profile.meter.profile_depth.value
        self._settings = LogSettings({**DEPTHS, "profile_active_import": depth, "profile_export": depth})

    def serve(self, energy: MeterEnergy, serial_number: str) -> ServedMeter:
        """A meter of the family on some energy."""
        identity = self.profile.meter
        passwords = {name: password.encode() for name, password in identity.passwords.value.items()}
        meter = Smets1Meter(energy, serial_number, identity.manufacturer.value, passwords, self._settings)
        settings = self.profile.sections[DIALECTS[self.dialect].section]
        return ServedMeter(meter, self.profile.servers(meter, self.dialect), READERS[self.dialect](settings, meter))

    @staticmethod
    def hold(served: ServedMeter, asks: Sequence[Ask], now: float, heard: Callable[[bytes], None]) -> Exchange:
        """One whole dialogue on a new connection; ``heard`` is told all its bytes."""
        line, reader = Line(served.servers(), now, heard), served.reader
        try:
            reader.open(line)
        except RemoteError as error:
            return Exchange(line.take_rounds(), (), (), str(error))
        opening = line.take_rounds()
        readings = tuple(_read(line, reader, ask) for ask in asks)
        try:
            reader.close(line)
        except RemoteError:
            # Whatever it says to the farewell, the session is over.
            return Exchange(opening, readings, line.take_rounds())
        return Exchange(opening, readings, line.take_rounds())


@cache
def family_reader(profile: str) -> FamilyReader:
    """The reader of a family by its profile. Raises LocalError for a profile that is not there."""
    return FamilyReader(load_profile(profile))


def _read(line: Line, reader: DialectReader, ask: Ask) -> Reading:
    try:
        values = reader.read(line, ask)
    except RemoteError as error:
        return Reading(line.take_rounds(), None, str(error))
    return Reading(line.take_rounds(), values)
