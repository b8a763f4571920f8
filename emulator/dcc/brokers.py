"""Which broker speaks with which device: that of the farm, or one with the keys and counters of a real device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emulator.dcc.answers import Sent
from gbcs.catalogue import UseCase
from gbcs.eui64 import Eui64
from gbcs.reads import ReadValues


class Broker(Protocol):
    """Builds the commands of reads and opens the answers."""

    def command(
        self,
        use_case: UseCase,
        role: str,
        user: Eui64,
        device: Eui64,
        now: float,
        first: int | None = None,
        last: int | None = None,
    ) -> Sent:
        """The command of one read, with fresh counters. Raises KeyUnavailable."""

    def open(self, frame: bytes, sent: Sent) -> ReadValues:
        """Verify and decrypt an answer. Raises DecodeError, AuthenticationError, KeyUnavailable."""


class BrokerPerDevice:
    """The broker of the farm, and for some devices one of their own, so that no key of the one reaches the other."""

    def __init__(self, usual: Broker, own: Mapping[Eui64, Broker]) -> None:
        self._usual, self._own = usual, own

    def command(
        self,
        use_case: UseCase,
        role: str,
        user: Eui64,
        device: Eui64,
        now: float,
        first: int | None = None,
        last: int | None = None,
    ) -> Sent:
        """See :class:`Broker`."""
        return self._own.get(device, self._usual).command(use_case, role, user, device, now, first, last)

    def open(self, frame: bytes, sent: Sent) -> ReadValues:
        """See :class:`Broker`."""
        return self._own.get(sent.device, self._usual).open(frame, sent)
