"""The head-end's end of a dialect: how a provider opens a session with a meter, reads it and closes it again."""

from emulator.smets1.readers.family import FamilyReader, ServedMeter, family_reader

__all__ = ["FamilyReader", "ServedMeter", "family_reader"]
