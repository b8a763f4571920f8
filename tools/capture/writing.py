"""Turn what crosses the HANs into frames, and keep them in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

from emulator.han import Carried, HanKeys
from emulator.han.frames import FRAGMENT_PAYLOAD_BYTES, fragment_count
from emulator.han.zigbee import CLUSTER_TUNNELING, ZCL_SERVER_TO_CLIENT
from gbcs import eui64
from gbcs.eui64 import Eui64
from tools.capture.model import FIRST, FURTHER, WHOLE, Address, Aps, Route
from tools.capture.packets import PcapFile, frame, request_tunnel, tunnel_opened

_UNIX_2000 = 946_684_800
_PANS = 0xFFFE
_SHORT_ADDRESSES = 0xFFF6
_SETUP_LEAD_S = 1.0
KeysOf = Callable[[Eui64, Eui64, Eui64], HanKeys]
"""The keys of a coordinator's HAN and of the link between two of its devices."""


def keys_file(capture: Path) -> Path:
    """Where the keys of a capture stand."""
    return capture.with_name(f"{capture.name}.keys")


class _Device:
    """A device's address and the numbers that its frames count with."""

    __slots__ = ("address", "aps_counters", "counters", "sequences", "tunnels")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.sequences, self.counters, self.aps_counters = count(), count(1), count()
        self.tunnels: set[Eui64] = set()


class HanCapture:
    """A watcher of the HANs that writes what it sees as 802.15.4 frames, with their keys in a file beside it.

    Every fragment is followed by the acknowledgement of its receiver. Before the first message of a tunnel stands the
    exchange that opened it, which the emulator takes for granted.

    Does not model: MAC acknowledgements, frames that were lost and sent again, beacons, joining and key establishment,
    routes of several hops; security of acknowledgements beyond the network key. Beyond 65,526 devices short addresses
    repeat.
    """

    def __init__(self, path: Path, keys: KeysOf) -> None:
        """Makes the file ``path``, and ``path`` with ``.keys``, readable by its owner alone."""
        self._keys_of = keys
        self._out = PcapFile(path)
        self._keys_path = keys_file(path)
        self._keys_path.touch(mode=0o600)
        self._keys_path.chmod(0o600)
        self._keys = self._keys_path.open("w", encoding="ascii")
        self._devices: dict[Eui64, _Device] = {}
        self._pans: dict[Eui64, int] = {}
        self._exported: set[bytes] = set()
        self._waiting: list[tuple[float, int, bytes]] = []
        self._serial = count()

    def __call__(self, carried: Carried) -> None:
        """Write a payload. Frames that start earlier than this one are through, and go into the file."""
        source = self._device(carried.source, carried.coordinator)
        destination = self._device(carried.destination, carried.coordinator)
        self._flush(carried.starts_at - _SETUP_LEAD_S)
        if carried.cluster == CLUSTER_TUNNELING and carried.destination not in source.tunnels:
            self._open_tunnel(carried, source, destination)
        self._payload(carried, source, destination, carried.payload, carried.starts_at, carried.arrives_at)

    def close(self) -> None:
        """Write what is still held back."""
        self._flush(float("inf"))
        self._out.close()
        self._keys.close()

    # ------------------------------------------------------------------ payloads

    def _open_tunnel(self, carried: Carried, source: _Device, destination: _Device) -> None:
        """The exchange before the first message: whoever sends TransferData as a client asked for the tunnel."""
        tunnel_id = int.from_bytes(carried.payload[3:5], "little")
        to_server = not carried.payload[0] & ZCL_SERVER_TO_CLIENT
        client, server = (source, destination) if to_server else (destination, source)
        at = carried.starts_at - _SETUP_LEAD_S
        self._payload(carried, client, server, request_tunnel(), at, at + _SETUP_LEAD_S / 4)
        self._payload(carried, server, client, tunnel_opened(tunnel_id), at + _SETUP_LEAD_S / 2, carried.starts_at)
        source.tunnels.add(carried.destination)
        destination.tunnels.add(carried.source)

    def _payload(
        self, carried: Carried, source: _Device, destination: _Device, payload: bytes, starts_at: float, ends_at: float
    ) -> None:
        """The fragments of a payload, each with its acknowledgement, between two instants."""
        keys = self._keys_of(carried.coordinator, carried.source, carried.destination)
        self._export(carried, keys)
        pan, cluster, number = self._pans[carried.coordinator], carried.cluster, next(source.aps_counters) & 0xFF
        pieces = max(1, fragment_count(len(payload)))
        step_s = (ends_at - starts_at) / (2 * pieces)
        for index in range(pieces):
            fragment = WHOLE if pieces == 1 else FURTHER if index else FIRST
            block = pieces if fragment == FIRST else index
            piece = payload[index * FRAGMENT_PAYLOAD_BYTES : (index + 1) * FRAGMENT_PAYLOAD_BYTES]
            at = starts_at + 2 * index * step_s
            aps = Aps(cluster, number, fragment, block, payload=piece)
            self._frame(at, pan, source, destination, keys, aps)
            ack = Aps(cluster, number, fragment, index, is_ack=True)
            self._frame(at + step_s, pan, destination, source, keys, ack)

    def _frame(self, at: float, pan: int, source: _Device, destination: _Device, keys: HanKeys, aps: Aps) -> None:
        sequence = next(source.sequences) & 0xFF
        counter = next(source.counters)
        route = Route(pan, source.address, destination.address, sequence, sequence, counter, keys.network)
        heappush(self._waiting, (at, next(self._serial), frame(route, aps, keys.link, counter)))

    def _flush(self, before: float) -> None:
        while self._waiting and self._waiting[0][0] < before:
            at, _, data = heappop(self._waiting)
            self._out.write(at + _UNIX_2000, data)

    # ------------------------------------------------------------------ addresses and keys

    def _device(self, device: Eui64, coordinator: Eui64) -> _Device:
        found = self._devices.get(device)
        if found is None:
            # Short addresses differ across all HANs, so that nobody puts fragments of two of them together.
            short = 0 if device == coordinator else 1 + len(self._devices) % _SHORT_ADDRESSES
            found = self._devices[device] = _Device(Address(device, short))
            self._pans.setdefault(coordinator, 1 + len(self._pans) % _PANS)
        return found

    def _export(self, carried: Carried, keys: HanKeys) -> None:
        """Lines as Wireshark's table of Zigbee keys (zigbee_pc_keys) has them."""
        if keys.link in self._exported:
            return
        network = f"network of {eui64.show(carried.coordinator)}"
        link = f"link of {eui64.show(carried.source)} and {eui64.show(carried.destination)}"
        for key, label in ((keys.network, network), (keys.link, link)):
            if key not in self._exported:
                self._exported.add(key)
                self._keys.write(f'"{key.hex()}","Normal","{label}"\n')
