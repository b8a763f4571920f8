"""An association as the objects of a meter see it."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.settings import Role


@dataclass(frozen=True, slots=True)
class View:
    """Who asks, and what was agreed."""

    device: DlmsDevice
    role: Role
    client_sap: int
    server_sap: int
    context: bytes
    mechanism: bytes
    conformance: int
    client_max_pdu: int
    client_title: bytes
