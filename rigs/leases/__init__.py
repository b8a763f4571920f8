"""Who has a rig: leases with owner, heartbeat and expiry, in files or on a broker."""

from __future__ import annotations

from pathlib import Path

from rigs.config.lease import FileLease, LeaseConfig
from rigs.leases.files import FileLeases
from rigs.leases.holder import HeldRig, hold
from rigs.leases.lease import Lease, LeaseStore, Refused
from rigs.leases.mqtt import MqttLeases
from rigs.mqtt import Broker

__all__ = ["HeldRig", "Lease", "LeaseStore", "Refused", "hold", "lease_store"]


def lease_store(config: LeaseConfig, state_folder: Path) -> LeaseStore:
    """Where the leases of a rig are written down."""
    if isinstance(config, FileLease):
        return FileLeases(config.folder or state_folder)
    return MqttLeases(Broker(config.host, config.port, config.password_file, config.tls_ca), config.prefix)
