"""The emulated comms hub function: the device core with a hub's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from emulator.device import asn1, classes, dlms
from emulator.device.alerts import Alert, DlmsAlert
from emulator.device.device import Family
from emulator.device.objects import WritableModel
from gbcs.dlms import Data, Specification, Tag
from gbcs.eui64 import Eui64

WHITELIST_CHANGED, WHITELIST_ALERT = 0x8F12, 0x0018
"""Alert code and message code (CS14)."""

_BACKUP = 4
_CHANGES_LOG = frozenset({(classes.NETWORK_CONTROL, method) for method in (1, 2, 5)})


@dataclass(frozen=True, slots=True)
class WhitelistChanged:
    """The alert that shows the device log after a change."""

    at: int
    slot: bytes
    objects: WritableModel
    recipient: Eui64

    def execute(self, now: int) -> Alert:
        """What the log holds now."""
        log = self.objects.invoke(classes.NETWORK_CONTROL, self.slot, _BACKUP, Data(Tag.NULL), self.at)
        return Alert(WHITELIST_ALERT, self.recipient, DlmsAlert(WHITELIST_CHANGED, self.at, (log,)))


class Chf(dlms.CosemDevice):
    """The comms hub function of one comms hub. A change of its device log is due as an alert to the broker at once.

    Does not model: the ZigBee network behind the device log (joining is its log entry; no key is agreed), sub-GHz
    scans and their alerts.
    """

    kind = "CHF"
    families: ClassVar[Mapping[str, Family]] = {"DLMS": dlms.execute, "ASN.1": asn1.execute}

    __slots__ = ()

    def called(self, wanted: Specification, now: int) -> None:
        """Say that the device log changed."""
        if (wanted.class_id, wanted.index) in _CHANGES_LOG and isinstance(self.objects, WritableModel):
            self.later().put(WhitelistChanged(now, wanted.instance, self.objects, self.acb))
