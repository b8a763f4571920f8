"""Describe a message in plain values: what ``meterfarm decode`` prints as JSON, and draws as a tree.

Names, units and times stand beside the values on the wire; nothing is left out: :mod:`tools.rebuild` makes the same
bytes of it again.
"""

from __future__ import annotations

from gbcs import eui64
from gbcs.asn1 import Asn1Payload
from gbcs.catalogue import find
from gbcs.dlms import AccessRequest, AccessResponse, DataNotification, ProtectedNotification
from gbcs.errors import GbcsError
from gbcs.framing import Cra, GbtBlock, Message
from gbcs.gbz import GbzAlert, GbzPayload
from gbcs.payload import message_payload
from gbcs.security import Keys, Opened, open_message, verify
from tools import describe_asn1, describe_dlms, describe_gbz
from tools.plain import Plain, cosem_text

PRE_COMMAND = "pre-command"
GBT_FAMILY = "GBT block"


def message(value: Message, keys: Keys | None = None) -> dict[str, Plain]:
    """The description of a message; with keys also the verdicts on MAC and signature and what decrypts."""
    use_case = find(value.message_code)
    described: dict[str, Plain] = {
        "message_code": f"{value.message_code:04X}",
        "use_case": use_case.use_case if use_case else None,
        "title": use_case.title if use_case else "unknown message code",
        "srvs": list(use_case.srvs) if use_case else [],
        "cra": PRE_COMMAND if value.is_precommand and value.cra == Cra.COMMAND else Cra(value.cra).name.lower(),
        "originator": eui64.show(value.originator),
        "recipient": eui64.show(value.recipient),
        "originator_counter": value.originator_counter,
    }
    if value.is_precommand and value.cra != Cra.COMMAND:
        described["signature_field"] = False
    if value.date_time:
        described["date_time"] = cosem_text(value.date_time)
    described |= _supplementary(value)
    described["payload"] = _payload_or_error(value, keys)
    return described | _verdicts(value, keys)


def gbt_block(block: GbtBlock) -> dict[str, Plain]:
    """The description of one block of a segmented message."""
    use_case = find(block.message_code)
    return {
        "message_code": f"{block.message_code:04X}",
        "use_case": use_case.use_case if use_case else None,
        "cra": f"block of a {Cra(block.cra).name.lower()}" if block.cra in (1, 2, 3) else f"block, {block.cra}",
        "originator": eui64.show(block.originator),
        "recipient": eui64.show(block.recipient),
        "originator_counter": block.originator_counter,
        "payload": {
            "family": GBT_FAMILY,
            "block_number": block.block_number,
            "acknowledged": block.block_number_acknowledged,
            "last": block.is_last,
            "streaming": bool(block.control & 0x40),
            "window": block.control & 0x3F,
            "security_control": block.security_control,
            "invocation_counter": block.invocation_counter,
            "data": block.data.hex(),
        },
        "mac": None,
        "signature": None,
    }


def payload(opened: Opened) -> dict[str, Plain]:
    """The description of a payload, with what was decrypted in it."""
    value, code = opened.payload, opened.message.message_code
    if isinstance(value, AccessRequest):
        return describe_dlms.request(value)
    if isinstance(value, AccessResponse):
        return describe_dlms.response(value, opened.plaintexts, code)
    if isinstance(value, DataNotification):
        return describe_dlms.notification(value, code)
    if isinstance(value, ProtectedNotification):
        return describe_dlms.protected_notification(value, opened.plaintexts)
    if isinstance(value, GbzPayload):
        return describe_gbz.gbz(value, opened.zcl)
    if isinstance(value, GbzAlert):
        return describe_gbz.gbz_alert(value, opened.zcl)
    return _asn1(value, opened.message)


def _asn1(value: Asn1Payload, of: Message) -> dict[str, Plain]:
    return describe_asn1.asn1(value, of.message_code, of.cra)


def _supplementary(value: Message) -> dict[str, Plain]:
    other = value.other
    found: dict[str, Plain] = {}
    if other.supplementary_id is not None:
        found["supplementary_remote_party"] = eui64.show(other.supplementary_id)
    if other.supplementary_counter is not None:
        found["supplementary_remote_party_counter"] = other.supplementary_counter
    if other.supplementary_originator_counter is not None:
        found["supplementary_originator_counter"] = other.supplementary_originator_counter
    if other.certificate is not None:
        found["supplementary_certificate"] = other.certificate.hex()
    return found


def _verdicts(value: Message, keys: Keys | None) -> dict[str, Plain]:
    """MAC and signature: their bytes and, with keys, what they are worth; ``None`` where the message has none."""
    mac: dict[str, Plain] | None = {"value": value.mac.hex()} if value.mac is not None else None
    signature: dict[str, Plain] | None = {"value": value.signature.hex()} if value.signature else None
    if keys is not None:
        verdict = verify(value, keys)
        if mac is not None:
            mac["verdict"] = verdict.mac.value
        if signature is not None:
            signature["verdict"] = verdict.signature.value
        reason = {"verdict_reason": verdict.reason} if verdict.reason else {}
        return {"mac": mac, "signature": signature, **reason}
    return {"mac": mac, "signature": signature}


def _payload_or_error(value: Message, keys: Keys | None) -> Plain:
    """The payload, opened as far as the keys reach; its bytes where they follow no format."""
    try:
        closed = Opened(value, message_payload(value), ())
    except GbcsError as error:
        return {"error": str(error), "bytes": value.content.hex()}
    try:
        return payload(open_message(value, keys) if keys is not None else closed)
    except GbcsError as error:
        return {"not_decrypted": str(error), **payload(closed)}
