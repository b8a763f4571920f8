"""Messages of a fake module: unicasts with acknowledgements and retries, fragments, broadcasts, and what arrives."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64
from rigs.ezsp.status import INCOMING_BROADCAST, INCOMING_UNICAST, OUTGOING_DIRECT, ApsOption, Status
from rigs.fake_ezsp.joining import Tell
from rigs.fake_ezsp.radio import Radio
from rigs.radio import aps
from rigs.radio.aps import FIRST, FURTHER, WHOLE, ApsFrame
from rigs.radio.nwk import NwkFrame, Secured

MAX_PAYLOAD_BYTES = 82
_SECURITY_BYTES, _FRAGMENT_BYTES = 17, 2
"""What APS encryption (with the sender's EUI-64) and the fragment header take of it."""
ACK_WAIT_S, TRIES = 1.6, 4
_REMEMBERED = 64
_OUTGOING_BROADCAST = 4
_LQI, _RSSI, _NO_INDEX = 255, -40, 0xFF
_FRAGMENT_KEY = tuple[int, int, int]


@dataclass(slots=True)
class _Pending:
    """A unicast that waits for its acknowledgement."""

    destination: int
    frame: ApsFrame
    partner: Eui64 | None
    report: dict[str, Any]
    tries: int = 1
    timer: int = 0


class Delivery:
    """Sends and receives for the host.

    Does not model: the binding and address tables as destinations, multicasts, source routes, APS acknowledgements
    under the link key, more than one fragment on the way (the window is 1).
    """

    def __init__(self, radio: Radio, tell: Tell, ack_wait_s: float = ACK_WAIT_S) -> None:
        self.radio, self._tell, self._ack_wait_s = radio, tell, ack_wait_s
        self.counters = {"aps_tx": 0, "aps_again": 0, "aps_failed": 0, "aps_rx": 0, "aps_decrypt_failures": 0}
        self._counter = radio.random.randrange(256)
        self._pending: dict[_FRAGMENT_KEY, _Pending] = {}
        self._heard: OrderedDict[tuple[int, int, int], None] = OrderedDict()
        radio.on_nwk.append(self._nwk)

    def stop(self) -> None:
        """Forget what is on the way: a reset."""
        self._pending.clear()
        self._heard.clear()

    # ------------------------------------------------------------------ sending

    def unicast(
        self, destination: int, options: dict[str, Any], tag: int, message: bytes, now: float
    ) -> tuple[int, int]:
        """Send a message; what became of it is told later. Returns status and APS sequence number."""
        wanted = ApsOption(options["options"])
        if not self.radio.is_up:
            return Status.NETWORK_DOWN, 0
        if len(message) > room(wanted):
            return Status.MESSAGE_TOO_LONG, 0
        partner = self.radio.memory.devices.get(destination)
        if ApsOption.ENCRYPTION in wanted and (partner is None or self.radio.link_key(partner) is None):
            return Status.KEY_INVALID, 0
        frame = self._frame(options, message)
        report = {
            "kind": OUTGOING_DIRECT, "destination": destination, "aps": {**options, "sequence": frame.counter},
            "tag": tag, "message": b"",
        }  # fmt: skip
        pending = _Pending(destination, frame, partner if ApsOption.ENCRYPTION in wanted else None, report)
        self.counters["aps_tx"] += 1
        self._send(pending, now)
        return Status.SUCCESS, frame.counter

    def _frame(self, options: dict[str, Any], message: bytes) -> ApsFrame:
        wanted, group = ApsOption(options["options"]), options["group"]
        is_fragment = ApsOption.FRAGMENT in wanted
        index, total = group & 0xFF, group >> 8
        counter = options["sequence"]
        if not is_fragment or index == 0:
            self._counter = (self._counter + 1) & 0xFF
            counter = self._counter
        fragment = WHOLE if not is_fragment else FURTHER if index else FIRST
        return ApsFrame(
            options["profile"], options["cluster"], options["source_endpoint"], options["destination_endpoint"],
            counter, message, fragment, total if fragment == FIRST else index,
            ack_wanted=is_fragment or ApsOption.RETRY in wanted,
        )  # fmt: skip

    def _send(self, pending: _Pending, now: float) -> None:
        frame = pending.frame
        if pending.destination == self.radio.network.short:
            self._report(pending, Status.SUCCESS)
            self._arrived(pending.destination, frame, is_secured=False)
            return
        self.radio.send(pending.destination, self._encoded(pending))
        if not frame.ack_wanted:
            self._report(pending, Status.SUCCESS)
            return
        key = (pending.destination, frame.counter, _index(frame))
        self._pending[key] = pending
        pending.timer = self.radio.timers.at(now + self._ack_wait_s, lambda later: self._overdue(key, later))

    def _encoded(self, pending: _Pending) -> bytes:
        if pending.partner is None:
            return aps.encode(pending.frame)
        link = self.radio.link_key(pending.partner)
        assert link is not None  # noqa: S101 - looked for before the first try
        link.sent += 1
        return aps.encode(pending.frame, Secured(self.radio.memory.eui, link.sent), link.key)

    def _overdue(self, key: _FRAGMENT_KEY, now: float) -> None:
        pending = self._pending.pop(key, None)
        if pending is None or not self.radio.is_up:
            return
        if pending.tries >= TRIES:
            self.counters["aps_failed"] += 1
            self._report(pending, Status.DELIVERY_FAILED)
            return
        pending.tries += 1
        self.counters["aps_again"] += 1
        self._send(pending, now)

    def _report(self, pending: _Pending, status: Status) -> None:
        self._tell("messageSentHandler", **pending.report, status=status)

    def broadcast(self, destination: int, options: dict[str, Any], tag: int, message: bytes) -> tuple[int, int]:
        """Send a message to everybody, without acknowledgement."""
        if not self.radio.is_up:
            return Status.NETWORK_DOWN, 0
        if len(message) > MAX_PAYLOAD_BYTES:
            return Status.MESSAGE_TOO_LONG, 0
        frame = replace(self._frame(options, message), is_broadcast=True, ack_wanted=False)
        self.radio.send(destination, aps.encode(frame))
        self._tell(
            "messageSentHandler", kind=_OUTGOING_BROADCAST, destination=destination,
            aps={**options, "sequence": frame.counter}, tag=tag, status=Status.SUCCESS, message=b"",
        )  # fmt: skip
        return Status.SUCCESS, frame.counter

    def reply(self, destination: int, options: dict[str, Any]) -> Status:
        """The host acknowledges a fragment that it was given."""
        if not self.radio.is_up:
            return Status.NETWORK_DOWN
        if not ApsOption(options["options"]) & ApsOption.FRAGMENT:
            return Status.INVALID_CALL
        group = options["group"]
        frame = ApsFrame(
            options["profile"], options["cluster"], options["source_endpoint"], options["destination_endpoint"],
            options["sequence"], fragment=FURTHER if group & 0xFF else FIRST, block=group & 0xFF,
            ack_bits=group >> 8, is_ack=True,
        )  # fmt: skip
        self.radio.send(destination, aps.encode(frame))
        return Status.SUCCESS

    # ------------------------------------------------------------------ what arrives

    def _nwk(self, frame: NwkFrame, secured: Secured | None, now: float) -> None:
        if secured is None or not self.radio.is_up or aps.is_command(frame.payload):
            return
        try:
            found, sealed = aps.decode(frame.payload)
            if sealed is not None:
                found = replace(found, payload=self._opened(sealed))
        except AuthenticationError:
            self.counters["aps_decrypt_failures"] += 1
            return
        except DecodeError:
            return
        if found.is_ack:
            self._acknowledged(frame.source, found)
            return
        self._data(frame.source, found, sealed is not None)

    def _opened(self, sealed: aps.Sealed) -> bytes:
        """Under the link key with its sender, with a counter that was not there before."""
        link = self.radio.link_key(sealed.secured.sender)
        if link is None:
            raise AuthenticationError("no link key with the sender")
        payload = sealed.open(link.key)
        if sealed.secured.counter <= link.seen:
            raise AuthenticationError("a frame counter that was there before")
        link.seen = sealed.secured.counter
        return payload

    def _acknowledged(self, source: int, ack: ApsFrame) -> None:
        index = ack.block if ack.fragment != WHOLE else 0
        pending = self._pending.pop((source, ack.counter, index), None)
        if pending is not None:
            self.radio.timers.cancel(pending.timer)
            self._report(pending, Status.SUCCESS)

    def _data(self, source: int, frame: ApsFrame, is_secured: bool) -> None:
        """Whole messages are acknowledged here and given out once; fragments are the host's to acknowledge."""
        if frame.fragment == WHOLE:
            if frame.ack_wanted:
                ack = replace(
                    frame, payload=b"", is_ack=True, ack_wanted=False, source_endpoint=frame.destination_endpoint,
                    destination_endpoint=frame.source_endpoint,
                )  # fmt: skip
                self.radio.send(source, aps.encode(ack))
            heard = (source, frame.counter, frame.cluster)
            if heard in self._heard and not frame.is_broadcast:
                return
            self._heard[heard] = None
            if len(self._heard) > _REMEMBERED:
                self._heard.popitem(last=False)
        self._arrived(source, frame, is_secured=is_secured)

    def _arrived(self, source: int, frame: ApsFrame, *, is_secured: bool) -> None:
        self.counters["aps_rx"] += 1
        options = ApsOption.ENABLE_ROUTE_DISCOVERY | (ApsOption.ENCRYPTION if is_secured else 0)
        options |= ApsOption.RETRY if frame.ack_wanted else 0
        group = 0
        if frame.fragment != WHOLE:
            options |= ApsOption.FRAGMENT
            group = frame.block << 8 if frame.fragment == FIRST else frame.block
        described = {
            "profile": frame.profile, "cluster": frame.cluster, "source_endpoint": frame.source_endpoint,
            "destination_endpoint": frame.destination_endpoint, "options": int(options), "group": group,
            "sequence": frame.counter,
        }  # fmt: skip
        self._tell(
            "incomingMessageHandler", kind=INCOMING_BROADCAST if frame.is_broadcast else INCOMING_UNICAST,
            aps=described, lqi=_LQI, rssi=_RSSI, sender=source, binding=_NO_INDEX, address=_NO_INDEX,
            message=frame.payload,
        )  # fmt: skip


def room(options: ApsOption) -> int:
    """The longest message that one frame has room for."""
    taken = _SECURITY_BYTES if ApsOption.ENCRYPTION in options else 0
    return MAX_PAYLOAD_BYTES - taken - (_FRAGMENT_BYTES if ApsOption.FRAGMENT in options else 0)


def _index(frame: ApsFrame) -> int:
    return frame.block if frame.fragment == FURTHER else 0
