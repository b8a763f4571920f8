"""Firmware activation (CS06), at once or for later."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.device.administration import Code
from emulator.device.alerts import Alert, AlertCode, RawAlert
from emulator.device.asn1_terms import Answer, Asked, generalized_time, instant
from emulator.device.device import Device
from gbcs.asn1.nodes import Node, build_node
from gbcs.asn1.values import FirmwareActivated, FirmwareActivation
from gbcs.framing import Message

FIRMWARE_ALERT = 0x00CA


def activate_firmware(asked: Asked) -> Answer:
    """Result and active version, or nothing where the activation waits for its time."""
    wanted: FirmwareActivation = asked.value
    at = instant(wanted.execute_at) if wanted.execute_at is not None else asked.now
    task = DeferredFirmware(asked.device, asked.command, wanted, at or 0)
    if wanted.execute_at is None or (at is not None and at <= asked.now):
        return "FirmwareActivated", task.activate()
    if at is None:
        asked.device.later().cancel(task.slot)
    else:
        asked.device.later().put(task)
    return "Nothing", None


@dataclass(frozen=True, slots=True)
class DeferredFirmware:
    """A firmware activation for later.

    Assumption ``firmware_alert_layout``: the alert (00CA, in no vector at hand) is alert code, time and a sequence of
    counter, code and version, by analogy with the alert of an update of credentials; its published size fits.
    """

    device: Device
    command: Message
    wanted: FirmwareActivation
    at: int

    @property
    def slot(self) -> str:
        """One activation waits."""
        return "firmware"

    def activate(self) -> FirmwareActivated:
        """Make the image the active firmware; result and the version that is now active."""
        firmware = self.device.administration.firmware
        code = firmware.activate(self.wanted.image_hash)
        if code == Code.SUCCESS:
            self.device.firmware_activated(firmware.version)
        return FirmwareActivated(code, firmware.version)

    def execute(self, now: int) -> Alert:
        """Activate, and say so."""
        done = self.activate()
        code = AlertCode.FUTURE_DATED_FAILED if done.code else AlertCode.FUTURE_DATED_EXECUTED
        outcome = Node(0x30, (_integer(self.wanted.counter), _integer(done.code), Node(0x04, done.version)))
        body = (_integer(code), Node(0x18, generalized_time(self.at).encode()), outcome)
        return Alert(FIRMWARE_ALERT, self.command.originator, RawAlert(build_node(Node(0x30, body))))


def _integer(value: int) -> Node:
    return Node(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
