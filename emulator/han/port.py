"""The seam between a device and its HAN: an emulated radio stands behind it, or a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gbcs.eui64 import Eui64

ApsHandler = Callable[[Eui64, int, bytes, float], None]
"""Takes what arrives: source, cluster, payload, and when."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One application of a device, as it describes itself."""

    number: int
    profile: int
    device: int
    server_clusters: tuple[int, ...]
    client_clusters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HanKeys:
    """Keys of a HAN link, never printed: the network's, and the one shared with the partner."""

    network: bytes = field(repr=False)
    link: bytes = field(repr=False)


class HanPort(Protocol):
    """A device's place on a HAN. Sending is fire and forget: what arrives comes to the handler of the other side."""

    eui: Eui64

    def form(self) -> None:
        """Start a HAN with this device as its coordinator."""

    def join(self, coordinator: Eui64, install_code: bytes = b"") -> None:
        """Join the HAN of a coordinator. Raises LocalError where there is none to join."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What the device offers on the HAN."""

    def send_aps(self, destination: Eui64, cluster: int, payload: bytes, now: float) -> None:
        """Send a payload, secured with the link key. Never raises for a peer that is not there."""

    def on_aps(self, handler: ApsHandler) -> None:
        """Have what arrives brought to ``handler``."""

    def keys(self, partner: Eui64) -> HanKeys:
        """The keys of the link to a partner."""
