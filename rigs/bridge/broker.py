"""The broker of one rig: the users of its key folder in place of the farm's, and counters that outlive the run."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.clock import utc_now
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import Counters
from gbcs.catalogue import UseCase
from gbcs.errors import KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from gbcs.reads import ReadValues


class RigBroker:
    """A :class:`~emulator.dcc.brokers.Broker` for one real device.

    A user of the farm asks as the party of the key folder that has its role; counters go by the true time.

    Does not model: several users of one role.
    """

    def __init__(
        self, rig: str, acb: Eui64, keys: KeyStore, users: Mapping[str, Eui64], counters: Counters, gbcs_version: str
    ) -> None:
        self._rig, self._users = rig, users
        self._broker = AccessControlBroker(acb, keys, counters, gbcs_version)

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
        """See :class:`~emulator.dcc.brokers.Broker`."""
        asks = self._users.get(role)
        if asks is None:
            raise KeyUnavailable(f"rig {self._rig}: its key folder holds nobody who asks as {role}")
        return self._broker.command(use_case, role, asks, device, utc_now(), first, last)

    def open(self, frame: bytes, sent: Sent) -> ReadValues:
        """See :class:`~emulator.dcc.brokers.Broker`."""
        return self._broker.open(frame, sent)
