"""Payloads: from the content of a message to typed values and back, by family (spec sheet 4, 7, 8, 9).

A payload family is told by its first bytes; which ASN.1 type stands in a message also depends on message code and
direction. Every family decodes to the field and is built again from its values, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gbcs.asn1.payloads import Asn1Payload, decode_asn1, encode_asn1
from gbcs.dlms.access import (
    ACCESS_REQUEST,
    ACCESS_RESPONSE,
    AccessRequest,
    AccessResponse,
    check_request,
    check_response,
)
from gbcs.dlms.data import DATA, Data
from gbcs.dlms.notification import (
    DATA_NOTIFICATION,
    NOTIFICATION,
    DataNotification,
    ProtectedNotification,
    check_notification,
)
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import Message
from gbcs.fuse import fuse
from gbcs.gbz.alerts import GbzAlert, decode_gbz_alert, encode_gbz_alert, is_gbz_alert
from gbcs.gbz.components import GbzPayload, decode_gbz, encode_gbz

Payload: TypeAlias = (
    "AccessRequest | AccessResponse | DataNotification | ProtectedNotification | GbzPayload | GbzAlert | Asn1Payload"
)

_REQUEST = fuse(ACCESS_REQUEST, "access request")
_RESPONSE = fuse(ACCESS_RESPONSE, "access response")
_NOTIFICATION = fuse(NOTIFICATION, "data notification")
_PLAIN_NOTIFICATION = fuse(DATA_NOTIFICATION, "data notification")
_DATA = fuse(DATA, "data")

_PROTECTION_ELEMENT = b"\x01\x01\x02\x02"
"""What follows code and time where the data of an alert are encrypted: an array of one protection element."""
_GBZ_PROFILE = b"\x01\x09"


def decode_payload(content: bytes, message_code: int | None = None, cra: int | None = None) -> Payload:
    """The typed payload of a message's content; :func:`message_payload` takes it from a message.

    Without ``message_code`` and ``cra`` an ASN.1 payload comes as a plain tree. Raises DecodeError where the bytes do
    not follow the format of their family, or where there are none.
    """
    if not content:
        raise DecodeError("the message has no payload", field="content")
    first = content[0]
    if first == 0xD9:
        request: AccessRequest = _REQUEST.parse(content)
        check_request(request)
        return request
    if first == 0xDA:
        response: AccessResponse = _RESPONSE.parse(content)
        check_response(response)
        return response
    if content[:2] == _GBZ_PROFILE:
        return decode_gbz_alert(content) if is_gbz_alert(content) else decode_gbz(content)
    if first == 0x0F:
        shapes = _NOTIFICATION if content[25:29] == _PROTECTION_ELEMENT else _PLAIN_NOTIFICATION
        notification: DataNotification | ProtectedNotification = shapes.parse(content)
        check_notification(notification)
        return notification
    return decode_asn1(content, message_code, cra)


def message_payload(message: Message) -> Payload:
    """The typed payload of a message. Raises DecodeError."""
    return decode_payload(message.content, message.message_code, message.cra)


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    AccessRequest: _REQUEST.build,
    AccessResponse: _RESPONSE.build,
    DataNotification: _NOTIFICATION.build,
    ProtectedNotification: _NOTIFICATION.build,
    GbzPayload: encode_gbz,
    GbzAlert: encode_gbz_alert,
    Asn1Payload: encode_asn1,
}


def encode_payload(payload: Payload) -> bytes:
    """The content bytes of a payload; the inverse of :func:`decode_payload`. Raises LocalError."""
    encode = _ENCODERS.get(type(payload))
    if encode is None:
        raise LocalError(f"{type(payload).__name__} is no payload")
    return encode(payload)


def family(payload: Payload) -> str:
    """``DLMS``, ``GBZ`` or ``ASN.1``."""
    if isinstance(payload, GbzPayload | GbzAlert):
        return "GBZ"
    return "ASN.1" if isinstance(payload, Asn1Payload) else "DLMS"


def decode_data(content: bytes) -> Data:
    """One A-XDR value that fills the bytes. Raises DecodeError."""
    data: Data = _DATA.parse(content)
    return data


def encode_data(data: Data) -> bytes:
    """The bytes of one A-XDR value."""
    return _DATA.build(data)
