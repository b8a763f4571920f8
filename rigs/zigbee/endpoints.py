"""What hubs and meters say of themselves on a HAN."""

from __future__ import annotations

from dataclasses import replace

from emulator.han import zigbee
from emulator.han.port import Endpoint
from gbcs.errors import LocalError

HUB = Endpoint(
    1,
    zigbee.PROFILE_SMART_ENERGY,
    zigbee.DEVICE_ENERGY_SERVICE_INTERFACE,
    server_clusters=(zigbee.CLUSTER_TUNNELING, zigbee.CLUSTER_KEY_ESTABLISHMENT),
    client_clusters=(zigbee.CLUSTER_TUNNELING, zigbee.CLUSTER_METERING, zigbee.CLUSTER_KEY_ESTABLISHMENT),
)
"""A comms hub: client of an ESME's tunnel, server of a GSME's."""

METER = Endpoint(
    1,
    zigbee.PROFILE_SMART_ENERGY,
    zigbee.DEVICE_METERING,
    server_clusters=(zigbee.CLUSTER_TUNNELING, zigbee.CLUSTER_METERING, zigbee.CLUSTER_KEY_ESTABLISHMENT),
    client_clusters=(zigbee.CLUSTER_KEY_ESTABLISHMENT,),
)
"""An electricity meter: server of its tunnel."""

_NUMBERS = range(1, 241)


def numbered(endpoint: Endpoint, number: int) -> tuple[Endpoint, ...]:
    """The endpoint under another number: unusual ones show who looks where an endpoint is, and who takes 1 for granted.

    Raises LocalError for a number that Zigbee does not give to applications.
    """
    if number not in _NUMBERS:
        raise LocalError(f"endpoint {number} (allowed: {_NUMBERS.start} to {_NUMBERS.stop - 1})")
    return (replace(endpoint, number=number),)
