"""Values that a DLMS command wrote for later."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.device.alerts import Alert, AlertCode, DlmsAlert, reference
from emulator.device.objects import WritableModel
from emulator.device.values import AccessRefused, AttributeKey
from gbcs.eui64 import Eui64

EXECUTED_ALERT = 0x00CC
"""Message code of the alert that a future-dated DLMS command raises."""


@dataclass(frozen=True, slots=True)
class DeferredActivation:
    """A value that was written for later: at its time it becomes active, and an alert says so."""

    at: int
    slot: AttributeKey
    message_code: int
    originator: Eui64
    counter: int
    objects: WritableModel

    def execute(self, now: int) -> Alert:
        """Activate; the alert tells success from failure."""
        class_id, instance, attribute = self.slot
        code = AlertCode.FUTURE_DATED_EXECUTED
        try:
            self.objects.activate(class_id, instance, attribute)
        except AccessRefused:
            code = AlertCode.FUTURE_DATED_FAILED
        tail = class_id.to_bytes(2, "big") + instance + bytes((attribute,))
        body = DlmsAlert(code, self.at, (reference(self.message_code, self.counter, tail),))
        return Alert(EXECUTED_ALERT, self.originator, body)
