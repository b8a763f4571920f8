"""What is plugged in, and the rig file that would fit it."""

from rigs.suggesting.adapters import Adapter, adapters
from rigs.suggesting.plugged import PluggedIn, plugged_in
from rigs.suggesting.stanza import stanza

__all__ = ["Adapter", "PluggedIn", "adapters", "plugged_in", "stanza"]
