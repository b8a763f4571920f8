"""GBCS over a real Zigbee HAN: tunnels as message links, an emulated meter on a dongle, an emulated hub on a dongle."""

from rigs.zigbee.links import ClientLink, ServerLink
from rigs.zigbee.station import Station

__all__ = ["ClientLink", "ServerLink", "Station"]
