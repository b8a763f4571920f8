"""The seam between a device and its HAN: an emulated radio stands behind it, or a real one.

A radio takes its time: ``form`` and ``join`` only begin, and what comes of them is an event. The radio inside the
process is done before they return.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gbcs.eui64 import Eui64

ApsHandler = Callable[[Eui64, int, bytes, float], None]
"""Takes what arrives: source, cluster, payload, and when."""


@dataclass(frozen=True, slots=True)
class Up:
    """The device is on the HAN of ``coordinator``, which may be itself, and shares a link key with it."""

    coordinator: Eui64


@dataclass(frozen=True, slots=True)
class Down:
    """The device is on no HAN (any more): ``cause`` says why."""

    cause: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A device has joined the HAN of this coordinator, and both share a link key."""

    device: Eui64


@dataclass(frozen=True, slots=True)
class Left:
    """A device has left the HAN of this coordinator."""

    device: Eui64


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A payload that was given up."""

    destination: Eui64
    cluster: int
    payload: bytes
    cause: str


HanEvent: TypeAlias = Up | Down | Joined | Left | Undelivered
EventHandler = Callable[[HanEvent], None]


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
        """Start a HAN with this device as its coordinator; :class:`Up` or :class:`Down` comes of it."""

    def join(self, coordinator: Eui64, install_code: bytes = b"") -> None:
        """Join the HAN of a coordinator; :class:`Up` or :class:`Down` comes of it.

        Raises LocalError where it is known that there is none to join.
        """

    def admit(self, device: Eui64, install_code: bytes = b"") -> None:
        """Let a device join the HAN of this coordinator; :class:`Joined` comes of it when it does."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What the device offers on the HAN."""

    def send_aps(self, destination: Eui64, cluster: int, payload: bytes, now: float) -> None:
        """Send a payload, secured with the link key. Never raises for a peer that is not there."""

    def on_aps(self, handler: ApsHandler) -> None:
        """Have what arrives brought to ``handler``."""

    def on_event(self, handler: EventHandler) -> None:
        """Have what happens on the HAN brought to ``handler``."""

    def keys(self, partner: Eui64) -> HanKeys:
        """The keys of the link to a partner."""
