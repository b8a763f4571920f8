"""Requests and answers between device objects (profile 0): who offers which cluster on which endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct

from gbcs.errors import DecodeError

PROFILE = 0x0000
ANSWER = 0x8000
"""An answer has the cluster of its request with this bit."""


class Cluster(IntEnum):
    """Requests by cluster."""

    NETWORK_ADDRESS = 0x0000
    IEEE_ADDRESS = 0x0001
    NODE_DESCRIPTOR = 0x0002
    SIMPLE_DESCRIPTOR = 0x0004
    ACTIVE_ENDPOINTS = 0x0005
    MATCH_DESCRIPTOR = 0x0006
    ANNOUNCEMENT = 0x0013


_SIMPLE = Struct("<BHHB")


def simple_descriptor(
    endpoint: int, profile: int, device: int, version: int, servers: Sequence[int], clients: Sequence[int]
) -> bytes:
    """What an endpoint is."""
    return _SIMPLE.pack(endpoint, profile, device, version) + _clusters(servers) + _clusters(clients)


def active_endpoints(numbers: Sequence[int]) -> bytes:
    """A counted list of endpoints."""
    return bytes((len(numbers), *numbers))


def match_request(sequence: int, short: int, profile: int, servers: Sequence[int], clients: Sequence[int]) -> bytes:
    """Ask which endpoints of a device offer (servers) or use (clients) one of these clusters."""
    head = bytes((sequence,)) + short.to_bytes(2, "little") + profile.to_bytes(2, "little")
    return head + _clusters(servers) + _clusters(clients)


def match_of(request: bytes) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Profile, servers and clients of a request without its sequence number. Raises DecodeError."""
    try:
        profile = int.from_bytes(request[2:4], "little")
        servers, rest = _counted(request[4:])
        clients, _ = _counted(rest)
    except IndexError:
        raise DecodeError("a match descriptor request that is cut short", field="ZDO") from None
    return profile, servers, clients


def matched(answer: bytes) -> tuple[int, tuple[int, ...]]:
    """Status and endpoints of the answer, which begins with its sequence number. Raises DecodeError."""
    if len(answer) < 5 or len(answer) < 5 + answer[4]:
        raise DecodeError("a match descriptor answer that is cut short", field="ZDO")
    return answer[1], tuple(answer[5 : 5 + answer[4]])


def _clusters(clusters: Sequence[int]) -> bytes:
    return bytes((len(clusters),)) + b"".join(one.to_bytes(2, "little") for one in clusters)


def _counted(data: bytes) -> tuple[tuple[int, ...], bytes]:
    end = 1 + 2 * data[0]
    if len(data) < end:
        raise IndexError(end)
    return tuple(int.from_bytes(data[at : at + 2], "little") for at in range(1, end, 2)), data[end:]
