"""The device object of a fake module: it answers who it is and what its endpoints offer, as every Zigbee stack does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rigs.ezsp.status import NodeType
from rigs.fake_ezsp.radio import Radio
from rigs.radio.zdo import ANSWER, Cluster, active_endpoints, match_of, simple_descriptor

_OK, _NO_DEVICE, _NO_ENDPOINT = 0x00, 0x81, 0x82
_NODE_DESCRIPTOR = bytes.fromhex("408e491052800000 2c800000")
"""Behind the device's role: 2.4 GHz, by Silicon Labs (0x1049), buffers of 82 bytes, stack revision 22."""


@dataclass(frozen=True, slots=True)
class LocalEndpoint:
    """An endpoint that the host has added."""

    number: int
    profile: int
    device: int
    version: int
    servers: tuple[int, ...]
    clients: tuple[int, ...]


class DeviceObject:
    """Answers requests of profile 0.

    Does not model: binding, management requests (neighbours, routes), power descriptors.
    """

    def __init__(self, radio: Radio, endpoints: dict[int, LocalEndpoint]) -> None:
        self.radio, self.endpoints = radio, endpoints
        self._answers: dict[int, Callable[[bytes], bytes | None]] = {
            Cluster.NETWORK_ADDRESS: self._network_address,
            Cluster.IEEE_ADDRESS: self._ieee_address,
            Cluster.NODE_DESCRIPTOR: self._node_descriptor,
            Cluster.SIMPLE_DESCRIPTOR: self._simple,
            Cluster.ACTIVE_ENDPOINTS: self._active,
            Cluster.MATCH_DESCRIPTOR: self._match,
        }

    def answer(self, aps: dict[str, Any], message: bytes) -> tuple[int, bytes] | None:
        """Cluster and content of the answer to a request; None where there is none to give."""
        handler = self._answers.get(aps["cluster"])
        if handler is None or not message:
            return None
        content = handler(message[1:])
        return None if content is None else (aps["cluster"] | ANSWER, message[:1] + content)

    def announced(self, message: bytes) -> None:
        """Device_annce: a device says which short address it has."""
        if len(message) >= 11:
            self.radio.remember(int.from_bytes(message[1:3], "little"), message[3:11][::-1])

    def _own(self) -> bytes:
        return self.radio.network.short.to_bytes(2, "little")

    def _addresses(self) -> bytes:
        return bytes((_OK,)) + self.radio.memory.eui[::-1] + self._own()

    def _network_address(self, request: bytes) -> bytes | None:
        return self._addresses() if request[:8] == self.radio.memory.eui[::-1] else None

    def _ieee_address(self, request: bytes) -> bytes | None:
        return self._addresses() if request[:2] == self._own() else None

    def _node_descriptor(self, request: bytes) -> bytes:
        role = self.radio.network.node_type - NodeType.COORDINATOR
        return bytes((_OK,)) + self._own() + bytes((role,)) + _NODE_DESCRIPTOR

    def _simple(self, request: bytes) -> bytes:
        endpoint = self.endpoints.get(request[2]) if len(request) > 2 else None
        if endpoint is None:
            return bytes((_NO_ENDPOINT,)) + self._own() + b"\x00"
        one = simple_descriptor(
            endpoint.number, endpoint.profile, endpoint.device, endpoint.version, endpoint.servers, endpoint.clients
        )
        return bytes((_OK,)) + self._own() + bytes((len(one),)) + one

    def _active(self, request: bytes) -> bytes:
        return bytes((_OK,)) + self._own() + active_endpoints(sorted(self.endpoints))

    def _match(self, request: bytes) -> bytes | None:
        """Who offers or uses a cluster; nobody answers that he does not, as the standard has it for broadcasts."""
        profile, servers, clients = match_of(request)
        found = [
            one.number
            for one in sorted(self.endpoints.values(), key=lambda one: one.number)
            if one.profile == profile and (set(servers) & set(one.servers) or set(clients) & set(one.clients))
        ]
        return bytes((_OK,)) + self._own() + active_endpoints(found)
