"""The frames that cross a dongle's HAN as a capture for Wireshark: built anew from what the dongle tells its host.

A dongle gives out the frames of the application layer, not the bytes on the air. The layers below are put around them
with the real addresses, PAN id and keys; sequence numbers and frame counters below are counted here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from emulator.clock import wall_time
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.ezsp.fragments import is_fragment
from rigs.ezsp.han import EzspHan
from rigs.ezsp.messages import Crossing
from rigs.ezsp.status import ApsOption
from rigs.radio import aps, mac, nwk
from rigs.radio.aps import FIRST, FURTHER, WHOLE, ApsFrame
from rigs.radio.nwk import NwkFrame, Secured
from rigs.radio.pcap import Capture


class HanRecorder:
    """Watches a HAN and writes ``path``, with the keys in a file beside it. Frames wait until their keys are known.

    Does not model: MAC acknowledgements, retries, beacons, joining (the dongle does them alone), several hops.
    """

    def __init__(self, han: EzspHan, path: Path) -> None:
        self.frames = 0
        self._han = han
        self._capture = Capture(path)
        self._waiting: deque[Crossing] = deque()
        self._counters: dict[Eui64, Iterator[int]] = defaultdict(lambda: count(1))
        self._unix_s = wall_time().timestamp() - asyncio.get_running_loop().time()
        han.on_crossing(self._crossed)

    def close(self) -> int:
        """Write what can be written; how many frames had to be left out, for their keys never became known."""
        self._flush()
        self._capture.close()
        return len(self._waiting)

    def _crossed(self, crossing: Crossing) -> None:
        self._waiting.append(crossing)
        self._flush()

    def _flush(self) -> None:
        """In order: a frame whose keys are not known yet holds back those after it."""
        while self._waiting:
            keys = self._keys(self._waiting[0])
            if keys is None:
                return
            crossing = self._waiting.popleft()
            self._capture.frames.write(self._unix_s + crossing.at, self._frame(crossing, *keys))
            self.frames += 1

    def _keys(self, crossing: Crossing) -> tuple[bytes, bytes] | None:
        """Network key, and link key where the frame is under one."""
        network = self._han.network_key
        if not network:
            return None
        self._capture.keys.add(network, f"network {crossing.pan:04X}")
        if crossing.is_ack or not crossing.aps["options"] & ApsOption.ENCRYPTION:
            return network, b""
        partner = crossing.destination if crossing.source == self._han.eui else crossing.source
        try:
            link = self._han.keys(partner).link
        except LocalError:
            return None
        self._capture.keys.add(link, f"link of {eui64.show(self._han.eui)} and {eui64.show(partner)}")
        return network, link

    def _frame(self, crossing: Crossing, network_key: bytes, link_key: bytes) -> bytes:
        counter = next(self._counters[crossing.source])
        secured = Secured(crossing.source, counter)
        payload = aps.encode(_aps(crossing), secured if link_key else None, link_key)
        number = counter & 0xFF
        network = NwkFrame(crossing.destination_short, crossing.source_short, number, payload)
        data = nwk.encode(network, secured, network_key)
        return mac.on_air(mac.DataFrame(number, crossing.pan, crossing.destination_short, crossing.source_short, data))


def _aps(crossing: Crossing) -> ApsFrame:
    """The frame of the application layer; an acknowledgement goes back between the same endpoints."""
    told, is_ack = crossing.aps, crossing.is_ack
    index, total = told["group"] & 0xFF, told["group"] >> 8
    fragment = WHOLE if not is_fragment(told) else FURTHER if index else FIRST
    ends = told["source_endpoint"], told["destination_endpoint"]
    source, destination = ends[::-1] if is_ack else ends
    block = index if is_ack or fragment == FURTHER else total
    return ApsFrame(
        told["profile"], told["cluster"], source, destination, told["sequence"], crossing.payload, fragment,
        block if fragment != WHOLE else 0, is_ack=is_ack, ack_wanted=not is_ack,
    )  # fmt: skip


@contextmanager
def recording_han(han: EzspHan, path: Path) -> Iterator[HanRecorder]:
    """Write the frames of a HAN for as long as this lasts. Raises LocalError where the file cannot be written."""
    try:
        recorder = HanRecorder(han, path)
    except OSError as error:
        raise LocalError(f"{path} cannot be written: {error.strerror}") from None
    try:
        yield recorder
    finally:
        recorder.close()
