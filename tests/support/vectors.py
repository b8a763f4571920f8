"""Whole messages of every shape, made with our own test keys: what decoders are fed, whole and mutilated."""

from __future__ import annotations

from functools import cache

import one_meter
import worked_example as example

from emulator.esme.live import LiveObjects
from gbcs.dlms import Data, DataNotification, Tag
from gbcs.framing import Cra, GbtBlock, Message, OtherInformation
from gbcs.payload import encode_payload
from gbcs.security import seal, sign
from gbcs.times import cosem


@cache
def messages() -> tuple[bytes, ...]:
    """Commands and answers of the seven reads, plain, encrypted and through the broker; alerts; critical messages."""
    return (
        example.ECS17B_COMMAND,
        example.ECS17B_RESPONSE,
        example.ECS22B_COMMAND,
        example.ECS22B_RESPONSE,
        *_reads(),
        *_critical(),
    )


def _reads() -> list[bytes]:
    asker, made = one_meter.Asker(), list[bytes]()
    for twin in (False, True):
        meter = one_meter.meter(LiveObjects(one_meter.energy(twin=twin)))
        for use_case in one_meter.READERS:
            command = asker.command(use_case)
            made += [command, *meter.receive(command, one_meter.NOW)]
        command = asker.command("ECS22b", party=one_meter.MDR)
        made += [command, *meter.receive(command, one_meter.NOW)]
    refused = asker.command("ECS22a", originator=one_meter.SUPPLIER)
    return [*made, *meter.receive(refused, one_meter.NOW)]


def _critical() -> list[bytes]:
    body = (Data(Tag.UINT16, 0x8F30), Data(Tag.OCTET_STRING, cosem(one_meter.NOW)), Data(Tag.UTF8_STRING, "more"))
    notification = encode_payload(DataNotification(0x20000007, body))
    device, party = one_meter.METER, one_meter.SUPPLIER
    alert = Message(Cra.ALERT, 7, device, party, b"", OtherInformation(0x1000), notification)
    bare = Message(Cra.COMMAND, 8, party, device, b"", OtherInformation(0x0062), b"\x30\x00", None)
    signed = sign(bare, one_meter.KEYS, deterministic=True)
    return [
        sign(alert, one_meter.KEYS, deterministic=True).encode(),
        seal(alert, one_meter.KEYS),
        bare.encode(),
        signed.encode(),
        seal(signed, one_meter.KEYS),
    ]


@cache
def blocks() -> tuple[bytes, ...]:
    """GBT blocks."""
    ends = (bytes(8), b"\x01" * 8)
    return tuple(GbtBlock(2, 9, *ends, 0x37, control, 1, 0, bytes(n)).encode() for control, n in ((0x80, 9), (1, 200)))
