"""GBCS messages: decode, build, verify, decrypt, protect. Bytes in, values out; no I/O, no clock.

>>> import gbcs
>>> message = gbcs.decode(bytes.fromhex("df0901000000000000000708889900000000000108001122334455667700020027"
...                                     "0fd92000000700010100000000000000ff020100"))
Traceback (most recent call last):
...
gbcs.errors.DecodeError: ...
"""

from __future__ import annotations

from gbcs.errors import AuthenticationError, DecodeError, GbcsError, KeyUnavailable, LocalError, RemoteError
from gbcs.framing import Cra, GbtBlock, Message, OtherInformation, decode, decode_gbt_block, encode
from gbcs.payload import Payload, RawPayload, decode_payload, encode_payload
from gbcs.security import DCC_ACB, Check, Opened, Verification, seal, sign, verify
from gbcs.security import open_message as open  # noqa: A004 - the field's word; shadows nothing outside this package

__all__ = [
    "DCC_ACB",
    "AuthenticationError",
    "Check",
    "Cra",
    "DecodeError",
    "GbcsError",
    "GbtBlock",
    "KeyUnavailable",
    "LocalError",
    "Message",
    "Opened",
    "OtherInformation",
    "Payload",
    "RawPayload",
    "RemoteError",
    "Verification",
    "decode",
    "decode_gbt_block",
    "decode_payload",
    "encode",
    "encode_payload",
    "open",
    "seal",
    "sign",
    "verify",
]
