"""Payloads: from the content of a message to typed values and back, by family (spec sheet 4, 7.1, 8, 9).

A payload family is told by its first bytes. DLMS payloads are decoded to the field; GBZ and ASN.1 payloads pass through
as :class:`RawPayload`, which keeps their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gbcs.dlms.access import (
    ACCESS_REQUEST,
    ACCESS_RESPONSE,
    AccessRequest,
    AccessResponse,
    check_request,
    check_response,
)
from gbcs.dlms.data import DATA, Data
from gbcs.dlms.notification import DATA_NOTIFICATION, DataNotification, check_notification
from gbcs.errors import DecodeError, LocalError
from gbcs.fuse import fuse


@dataclass(frozen=True, slots=True)
class RawPayload:
    """A payload kept as bytes. ``family`` is "GBZ" or "ASN.1"."""

    family: str
    data: bytes


Payload: TypeAlias = "AccessRequest | AccessResponse | DataNotification | RawPayload"

_REQUEST = fuse(ACCESS_REQUEST, "access request")
_RESPONSE = fuse(ACCESS_RESPONSE, "access response")
_NOTIFICATION = fuse(DATA_NOTIFICATION, "data notification")
_DATA = fuse(DATA, "data")


def decode_payload(content: bytes) -> Payload:
    """The typed payload of a message's content.

    Raises DecodeError where a DLMS payload does not follow the format, or where there is none at all.
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
    if first == 0x0F:
        notification: DataNotification = _NOTIFICATION.parse(content)
        check_notification(notification)
        return notification
    return RawPayload("GBZ" if content[:2] == b"\x01\x09" else "ASN.1", content)


def encode_payload(payload: Payload) -> bytes:
    """The content bytes of a payload; the inverse of :func:`decode_payload`."""
    if type(payload) is AccessRequest:
        return _REQUEST.build(payload)
    if type(payload) is AccessResponse:
        return _RESPONSE.build(payload)
    if type(payload) is DataNotification:
        return _NOTIFICATION.build(payload)
    if type(payload) is RawPayload:
        return payload.data
    raise LocalError(f"{type(payload).__name__} is no payload")


def decode_data(content: bytes) -> Data:
    """One A-XDR value that fills the bytes. Raises DecodeError."""
    data: Data = _DATA.parse(content)
    return data


def encode_data(data: Data) -> bytes:
    """The bytes of one A-XDR value."""
    return _DATA.build(data)
