"""What a connection holds whichever way its bytes are framed: associations by pair of SAPs, and an idle time-out."""

from __future__ import annotations

from emulator.smets1.dlms.association import Association
from emulator.smets1.dlms.device import DlmsDevice


class Associations:
    """The associations of one connection, and its inactivity time-out (0 s: none)."""

    __slots__ = ("_device", "_heard_at", "_made")

    def __init__(self, device: DlmsDevice) -> None:
        self._device = device
        self._made: dict[tuple[int, int], Association] = {}
        self._heard_at: float | None = None

    def receive(self, client_sap: int, server_sap: int, apdu: bytes, now: float) -> bytes | None:
        """The answer of a logical device to a client; None where there is no such device."""
        association = self._made.get((client_sap, server_sap))
        if association is None:
            if server_sap not in self._device.logical_devices:
                return None
            association = Association(self._device, client_sap, server_sap)
            # A client that is not in the table is refused; its association need not be kept.
            if client_sap in self._device.clients:
                self._made[client_sap, server_sap] = association
        return association.receive(apdu, now)

    def drop(self, client_sap: int, server_sap: int) -> None:
        """Forget one association, as when its data link ends."""
        self._made.pop((client_sap, server_sap), None)

    def heard(self, now: float) -> None:
        """Something arrived."""
        self._heard_at = now

    def deadline(self) -> float | None:
        """When the connection will have been idle too long; None while nothing was heard."""
        idle_s = self._device.settings.inactivity_s.value
        return None if self._heard_at is None or not idle_s else self._heard_at + idle_s

    def expired(self, now: float) -> bool:
        """Whether the connection has been idle too long."""
        deadline = self.deadline()
        return deadline is not None and now >= deadline

    def close(self) -> None:
        """Forget every association."""
        self._made.clear()
        self._heard_at = None
