"""Commands and answers by the thousand, made from a few real ones: counters, devices, ciphertexts and MACs are put in.

The patterns come from the codec and an emulated meter, not from the rules of the compressor. What is put in is random,
because a compressor cannot tell a MAC from noise anyway.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import one_meter

from emulator.compression.codec import Codec, Link
from emulator.esme.live import LiveObjects
from gbcs.dlms import ProtectedResult
from gbcs.framing import decode
from gbcs.payload import decode_payload
from gbcs.times import DAY_S

_COUNTER, _USER_COUNTER, _OWN = 0x1122_3344_5566_7788, 0x2233_4455_6677_8899, 0x3344
_READS = ("ECS17a", "ECS17b", "ECS21a", "ECS21c", "ECS22a", "ECS22b", "ECS66")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A real exchange with the places where others put their own values."""

    name: str
    command: bytes
    response: bytes
    cipher: bytes
    certificate_end: int
    """Where the certificate of the command ends; 0 where it has none."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command to a hub's meter and its answer."""

    name: str
    hub: bytes
    command: bytes
    response: bytes


@cache
def patterns() -> tuple[Pattern, ...]:
    """Every read by a party that the meter knows and through the broker, single and twin, answered and refused."""
    found = []
    for twin in (False, True):
        for use_case in _READS:
            for party in (None, one_meter.MDR, one_meter.OTHER_MDR):
                for days in (1, 3):
                    found += _patterns(use_case, party, days, twin=twin)
    return tuple(found)


def _patterns(use_case: str, party: bytes | None, days: int, *, twin: bool) -> Iterator[Pattern]:
    asker = one_meter.Asker(counter=_COUNTER - 1)
    model = LiveObjects(one_meter.energy(twin=twin))
    bounds = {"first": one_meter.DAY - (days - 1) * DAY_S + 1800, "last": one_meter.LAST}
    for meter in (one_meter.meter(model), one_meter.meter(_Broken(model))):
        command = asker.command(use_case, party=party, **bounds)
        for response in meter.receive(command, one_meter.NOW):
            yield Pattern(use_case, command, response, _cipher(response), _certificate_end(command))
        asker.counter = _COUNTER - 1


class _Broken(LiveObjects):
    """A meter whose objects all fail."""

    def __init__(self, model: LiveObjects) -> None:
        super().__init__(model.energy)

    def read(self, *asked: object) -> object:  # type: ignore[override]
        from emulator.device.values import AccessRefused  # noqa: PLC0415

        raise AccessRefused(1)


def _certificate_end(command: bytes) -> int:
    certificate = decode(command).other.certificate
    return command.find(certificate) + len(certificate) if certificate else 0


def _cipher(response: bytes) -> bytes:
    payload = decode_payload(decode(response).content)
    item = payload.data[0]  # type: ignore[union-attr]
    return item.blob[5:] if isinstance(item, ProtectedResult) else b""


# ---------------------------------------------------------------------- thousands of them

Counters = Callable[[bytes], tuple[int, int, int]]
"""Of a device the next originator counter, that of the user behind the broker, and the device's own."""


def milliseconds(draw: random.Random) -> Counters:
    """Time stamps in milliseconds: commands hours apart, the user's counter a moment before the broker's."""
    now = {"ms": 848_000_000_000}

    def following(_device: bytes) -> tuple[int, int, int]:
        now["ms"] += draw.choice((1, 40, 5_000, 3_600_000))
        return now["ms"], now["ms"] - draw.randrange(3), now["ms"] + 1200

    return following


def shared(draw: random.Random) -> Counters:
    """One counter of the broker for all devices, another of the user, a small one of each device."""
    count, own = {"broker": 1_000_000, "user": 77}, dict[bytes, int]()

    def following(device: bytes) -> tuple[int, int, int]:
        count["broker"] += draw.randrange(1, 500_000)
        count["user"] += draw.randrange(1, 300)
        own[device] = own.get(device, 0) + 1
        return count["broker"], count["user"], own[device]

    return following


def small(_draw: random.Random) -> Counters:
    """Counters of each device that rise by one."""
    count = dict[bytes, int]()

    def following(device: bytes) -> tuple[int, int, int]:
        count[device] = count.get(device, 0) + 1
        return count[device], count[device], count[device]

    return following


POLICIES = {"milliseconds": milliseconds, "shared": shared, "small": small}


def exchanges(
    seed: int, count: int, counters: str, *, devices: int = 8, new_certificate_every: int = 400
) -> Iterator[Exchange]:
    """``count`` exchanges with the meters of so many hubs; certificates change now and then. A seed repeats itself."""
    draw = random.Random(seed)
    following = POLICIES[counters](draw)
    known, version = patterns(), 0
    for number in range(count):
        if number % new_certificate_every == new_certificate_every - 1:
            version += 1
        device = (0x0011_2200_0000_0000 + draw.randrange(devices)).to_bytes(8, "big")
        yield _filled(draw.choice(known), device, following(device), version, draw)


def _filled(
    pattern: Pattern, device: bytes, counters: tuple[int, int, int], version: int, draw: random.Random
) -> Exchange:
    counter, user_counter, own = (value.to_bytes(8, "big") for value in counters)
    put_in = (
        (_COUNTER.to_bytes(8, "big"), counter),
        (b"\x20" + _COUNTER.to_bytes(8, "big")[-3:], b"\x20" + counter[-3:]),
        ((5000 + _COUNTER).to_bytes(8, "big"), user_counter),
        (one_meter.METER, device),
    )
    command, response = pattern.command, pattern.response
    at = response.find((5000 + _COUNTER).to_bytes(8, "big"))
    if at >= 0 and response[at - 11] == 26:
        response = response[: at + 8] + own + response[at + 16 :]
    for old, new in put_in:
        command, response = command.replace(old, new), response.replace(old, new)
    if pattern.cipher:
        response = response.replace(pattern.cipher, draw.randbytes(len(pattern.cipher)))
    if version and pattern.certificate_end:
        at = pattern.certificate_end - 1
        command = command[:at] + bytes((version & 0xFF,)) + command[at + 1 :]
    mac = draw.randbytes(24)
    hub = b"\x99" + device[1:]
    return Exchange(pattern.name, hub, command[:-12] + mac[:12], response[:-12] + mac[12:])


# ---------------------------------------------------------------------- two ends


def carry(sender: Codec, receiver: Codec, message: bytes, link: Link) -> bytes:
    """Send a message through a codec; what arrives must be the message. Gives the data that travelled."""
    data = sender.compress(message, link)
    assert receiver.expand(data, link) == message
    return data
