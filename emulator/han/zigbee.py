"""Numbers of Zigbee Smart Energy that the HAN needs."""

from __future__ import annotations

PROFILE_SMART_ENERGY = 0x0109

DEVICE_ENERGY_SERVICE_INTERFACE = 0x0500
DEVICE_METERING = 0x0501

CLUSTER_METERING = 0x0702
CLUSTER_TUNNELING = 0x0704
CLUSTER_KEY_ESTABLISHMENT = 0x0800

# Tunneling cluster: TransferData has a number for each direction. The hub is the client of an ESME's tunnel.
TRANSFER_DATA_TO_SERVER = 0x02
TRANSFER_DATA_TO_CLIENT = 0x01

TUNNEL_PROTOCOL_GB_HRGP = 6
TUNNEL_MANUFACTURER = 0xFFFF
MAX_TRANSFER_BYTES = 1500

# ZCL frame control: cluster-specific command, direction, and no default response wanted.
ZCL_CLUSTER_SPECIFIC = 0x01
ZCL_SERVER_TO_CLIENT = 0x08
ZCL_NO_DEFAULT_RESPONSE = 0x10
