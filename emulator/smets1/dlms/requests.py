"""What a client says to a DLMS server with logical names: the bytes of its services, and its side of an association."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from construct import GreedyBytes

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.acse import Aare, Aarq, Conformance, Given, InitiateRequest, Release
from emulator.smets1.dlms.apdu import Service
from emulator.smets1.dlms.ciphering import SecurityKeys
from emulator.smets1.dlms.data import FUSED_DATA, Data, array, date_time, octets, structure
from emulator.smets1.dlms.objects import REPLY_TO_HLS, obis
from emulator.smets1.dlms.rows import CLOCK, COLUMNS
from emulator.smets1.dlms.selection import BY_ENTRY, BY_RANGE
from gbcs.declare import Record, Sized
from gbcs.fuse import fuse


@dataclass(frozen=True, slots=True)
class _Raw:
    """Bytes behind their length."""

    data: bytes


INVOKE = 0xC1
"""Invoke id 1, confirmed, high priority."""
MAX_PDU = 2048
"""The longest answer that we take: longer ones come in blocks."""
_ASSOCIATION = obis("0.0.40.0.0.255")
_GET = _ACTION = Struct(">BBBH6sBB")
"""Service, form, invoke id, class, instance, attribute or method, and whether a selection or an argument follows."""
_NEXT = Struct(">BBBI")
BLOCK = Struct(">BBBBIB")
"""Of a get answered with a block: service, form, invoke id, last or not, number, 0 where data with length follow."""
_RAW = fuse(Record(_Raw, "data" / Sized(GreedyBytes)), "block")
_WANTS = Conformance.GET | Conformance.BLOCK_GET | Conformance.SELECTIVE_ACCESS | Conformance.ACTION
CIPHERED = {
    Service.GET_REQUEST: 0xC8, Service.ACTION_REQUEST: 0xCB, Service.GET_RESPONSE: 0xCC, Service.ACTION_RESPONSE: 0xCF,
}  # fmt: skip
"""The ciphered form of each service under the global key."""
_INITIATE_REQUEST = 0x21

# Every meter of a family is asked the same: what does not hang on counters is built once.


@lru_cache(maxsize=64)
def plain_aarq(security: str, password: bytes) -> bytes:
    """Ask for an association without ciphering: security ``none``, or ``lls`` with a password."""
    if security == "none":
        aarq = Aarq(acse.CONTEXT_LN, user_information=initiate())
    else:
        aarq = Aarq(
            acse.CONTEXT_LN, None, acse.AUTHENTICATION_FUNCTIONAL_UNIT, acse.MECHANISM_LLS, password, initiate()
        )
    built: bytes = acse.AARQ.build(aarq)
    return built


def gmac_aarq(keys: SecurityKeys, challenge: bytes) -> bytes:
    """Ask for a ciphered association with HLS-GMAC; takes a counter."""
    information = keys.envelope(0, _INITIATE_REQUEST, initiate())
    aarq = Aarq(
        acse.CONTEXT_LN_CIPHERED, keys.title, acse.AUTHENTICATION_FUNCTIONAL_UNIT, acse.MECHANISM_GMAC, challenge,
        information,
    )  # fmt: skip
    built: bytes = acse.AARQ.build(aarq)
    return built


@lru_cache(maxsize=256)
def read_aare(answer: bytes) -> Aare:
    """What the server says to an AARQ. Raises DecodeError."""
    found: Aare = acse.parse(acse.AARE, answer, "AARE")
    return found


@lru_cache(maxsize=1)
def rlrq() -> bytes:
    """Ask for the end of an association."""
    built: bytes = acse.RLRQ.build(Release(0))
    return built


@lru_cache(maxsize=256)
def read_rlre(answer: bytes) -> Release:
    """What the server says to that. Raises DecodeError."""
    found: Release = acse.parse(acse.RLRE, answer, "RLRE")
    return found


@lru_cache(maxsize=1)
def initiate() -> bytes:
    """The xDLMS half of an AARQ: what we want to be able to do."""
    nothing = Given(0)
    conformance = int(_WANTS).to_bytes(3, "big")
    built: bytes = acse.FUSED_INITIATE_REQUEST.build(
        InitiateRequest(nothing, nothing, nothing, acse.DLMS_VERSION, conformance, MAX_PDU)
    )
    return built


def get_request(class_id: int, instance: bytes, attribute: int, selection: bytes = b"") -> bytes:
    """Read an attribute, or the part of it that a selection (:func:`by_range`, :func:`by_entry`) names."""
    head = _GET.pack(Service.GET_REQUEST, 1, INVOKE, class_id, instance, attribute, bool(selection))
    return head + selection


def next_block(number: int) -> bytes:
    """Ask for the block behind one."""
    return _NEXT.pack(Service.GET_REQUEST, 2, INVOKE, number)


def block_data(answer: bytes) -> bytes:
    """The part of a value that a block brings. Raises DecodeError."""
    raw: _Raw = _RAW.parse(answer[BLOCK.size :])
    return raw.data


def proof_request(proof: bytes) -> bytes:
    """Pass 3 of HLS: our answer to the server's challenge."""
    head = _ACTION.pack(Service.ACTION_REQUEST, 1, INVOKE, 15, _ASSOCIATION, REPLY_TO_HLS, 1)
    return head + FUSED_DATA.build(octets(proof))


def by_range(first: int, last: int, columns: tuple[str, ...] = ()) -> bytes:
    """The rows of a profile stamped ``first`` to ``last``, both included; all columns unless some are named."""
    wanted = array(*(COLUMNS[name].definition() for name in columns))
    bounds = structure(COLUMNS[CLOCK].definition(), octets(date_time(first)), octets(date_time(last)), wanted)
    return bytes((BY_RANGE,)) + FUSED_DATA.build(bounds)


def by_entry(first: int, last: int) -> bytes:
    """The entries ``first`` to ``last`` of a profile, all columns; 1 is the first one in the meter's own order."""
    numbers = (Data(6, first), Data(6, last), Data(18, 1), Data(18, 0))
    return bytes((BY_ENTRY,)) + FUSED_DATA.build(structure(*numbers))
