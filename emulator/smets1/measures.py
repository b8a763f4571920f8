"""What is counted of the SMETS1 networks while a run goes on: long columns, evaluated when it is over."""

from __future__ import annotations

from array import array
from collections import Counter


class Measures:
    """Columns of numbers, one entry an event, and counts of faults by name.

    Does not model: what an operator's own billing would count otherwise.
    """

    __slots__ = (
        "api_at", "api_operator", "context_apn", "context_down_at", "context_up_at", "data_at", "data_bytes",
        "data_hub", "data_s", "faults", "first_byte_at", "first_byte_s", "read_at", "sms_at", "sms_hub",
    )  # fmt: skip

    def __init__(self) -> None:
        self.sms_at, self.sms_hub = array("d"), array("l")
        """Every SMS handed to an operator: when, and to which hub."""
        self.api_at, self.api_operator = array("d"), array("l")
        """Every call of an operator's interface: when, and the operator's position."""
        self.context_up_at, self.context_down_at, self.context_apn = array("d"), array("d"), array("l")
        """Every PDP context that has ended."""
        self.data_at, self.data_s, self.data_bytes, self.data_hub = array("d"), array("d"), array("l"), array("l")
        """Every stretch of data: its start, how long it took, bytes with those of the transport, and whose."""
        self.first_byte_at, self.first_byte_s = array("d"), array("d")
        """First bytes of a meter after a wake-up: when, and how long after the hand-over of the SMS."""
        self.read_at = array("d")
        """Every read of a meter: when its dialogue began."""
        self.faults: Counter[str] = Counter()

    def sms(self, now: float, hub: int, operator: int) -> None:
        """An SMS was handed to an operator, which is a call of its interface."""
        self.sms_at.append(now)
        self.sms_hub.append(hub)
        self.api(now, operator)

    def api(self, now: float, operator: int) -> None:
        """A call of an operator's interface."""
        self.api_at.append(now)
        self.api_operator.append(operator)

    def context(self, up_at: float, down_at: float, apn: int) -> None:
        """A PDP context has ended."""
        self.context_up_at.append(up_at)
        self.context_down_at.append(down_at)
        self.context_apn.append(apn)

    def first_byte(self, at: float, seconds: float) -> None:
        """The first byte of a meter has come, so long after its wake-up was handed over."""
        self.first_byte_at.append(at)
        self.first_byte_s.append(seconds)

    def data(self, at: float, seconds: float, size: int, hub: int) -> None:
        """Bytes were on their way to and from a hub."""
        self.data_at.append(at)
        self.data_s.append(seconds)
        self.data_bytes.append(size)
        self.data_hub.append(hub)
