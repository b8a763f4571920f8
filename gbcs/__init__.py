"""GBCS messages: decode, build, verify, decrypt, protect. Bytes in, values out; no I/O, no clock.

A command that reads the import registers of a meter (use case ECS17b), made with keys of our own:

>>> import gbcs
>>> data = bytes.fromhex(
...     "dd00000000000081951100000000df09010000000000000007088899aabbccddeeff0800112233445566770002002761d9200000070001"
...     "03001e00002b0208ff0101020201010205120001090600005e2c220a0f0212000002021600000101020216020205090904000000000000"
...     "000709088899aabbccddeeff0908001122334455667709000202160202020901020900004fe3a1e3e3463d5ba68aaacf"
... )
>>> message = gbcs.decode(data)
>>> f"{message.message_code:04X} {gbcs.Cra(message.cra).name} {message.originator_counter}"
'0027 COMMAND 7'
>>> message.encode() == data
True
>>> gbcs.decode(data[:-1])
Traceback (most recent call last):
...
gbcs.errors.DecodeError: 149 bytes needed, 148 left in message at byte 9 (cut short?)
"""

from __future__ import annotations

from gbcs.asn1 import Asn1Payload
from gbcs.errors import AuthenticationError, DecodeError, GbcsError, KeyUnavailable, LocalError, RemoteError
from gbcs.framing import Cra, GbtBlock, Message, OtherInformation, decode, decode_gbt_block, encode
from gbcs.payload import Payload, decode_payload, encode_payload, message_payload
from gbcs.security import DCC_ACB, Check, Opened, Verification, protect, seal, sign, verify
from gbcs.security import open_message as open  # noqa: A004 - the field's word; shadows nothing outside this package

__all__ = [
    "DCC_ACB",
    "Asn1Payload",
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
    "RemoteError",
    "Verification",
    "decode",
    "decode_gbt_block",
    "decode_payload",
    "encode",
    "encode_payload",
    "message_payload",
    "open",
    "protect",
    "seal",
    "sign",
    "verify",
]
