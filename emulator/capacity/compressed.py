"""What codecs make of a read: its messages through both ends of a link that has carried the same read a day before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from emulator.capacity.demand import Demand, asked_as
from emulator.capacity.sizes import Exchange, exchange
from emulator.compression.codec import Codec, Direction, Link
from emulator.compression.registry import CODECS, codec_row, make_codec
from gbcs.errors import LocalError

_HUB = bytes.fromhex("024d461000000001")


@dataclass(frozen=True, slots=True)
class CompressedSize:
    """Bytes on the link of the command and of the answer of a read, the check of their context included."""

    codec: str
    command: int
    response: int


def untrained() -> tuple[str, ...]:
    """The codecs that need no training."""
    return tuple(name for name, row in CODECS.items() if not row.needs_dictionaries)


@cache
def compressed(
    codec: str, srv: str, role: str, days: int = 1, twin: bool = False, gbcs_version: str = "4.3"
) -> CompressedSize:
    """The sizes of one read through a codec. Raises LocalError where it has to be trained, or for such a read."""
    if codec_row(codec).needs_dictionaries:
        raise LocalError(f"codec {codec} has to be trained: meterfarm compress does so")
    ends = make_codec(codec), make_codec(codec)
    _carry(ends, exchange(srv, role, days, twin, gbcs_version, days_ago=1))
    sent = _carry(ends, exchange(srv, role, days, twin, gbcs_version))
    return CompressedSize(codec, *sent)


def _carry(ends: tuple[Codec, Codec], messages: Exchange) -> tuple[int, int]:
    """Bytes sent down and up; each message is expanded again and compared."""
    head_end, hub = ends
    return _over(head_end, hub, "down", messages.command), _over(hub, head_end, "up", messages.response)


def _over(sender: Codec, receiver: Codec, direction: Direction, message: bytes) -> int:
    link = Link(_HUB, direction)
    data = sender.compress(message, link)
    if receiver.expand(data, link) != message:
        raise AssertionError(f"{sender.name} does not give back a message of {len(message)} bytes")
    return len(data)


@dataclass(frozen=True, slots=True)
class DayRatio:
    """What a codec leaves of a day's settlement messages: down, up, both, and both with a transport that stays."""

    down: float
    up: float
    total: float
    with_transport: float


def day_ratio(demand: Demand, codec: str = "header_context") -> DayRatio:
    """The ratios of a demand, by direction and together."""
    transport = demand.scenario.sizing.transport_bytes.value
    raw, sent, reads = [0.0, 0.0], [0.0, 0.0], 0.0
    for row, srvs, flagged in zip(demand.rows, demand.srvs.tolist(), demand.flagged.tolist(), strict=True):
        if flagged:
            size = compressed(codec, *asked_as(row.srv, row.role, demand.sized_as), 1, row.twin)
            raw = [raw[0] + srvs * row.down_bytes, raw[1] + srvs * row.up_bytes]
            sent = [sent[0] + srvs * size.command, sent[1] + srvs * size.response]
            reads += srvs
    if not reads:
        return DayRatio(1.0, 1.0, 1.0, 1.0)
    around = reads * transport
    return DayRatio(
        sent[0] / raw[0], sent[1] / raw[1], sum(sent) / sum(raw), (sum(sent) + around) / (sum(raw) + around)
    )
