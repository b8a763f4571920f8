"""What a service provider sends to the DSP: signed responses, good or bad, and alerts; and how a reader opens them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from emulator.smets1 import mmc
from emulator.smets1.exchange import Values
from emulator.smets1.signature import Signer, check_signature, parse, quickly_checked
from emulator.smets1.xml_text import DUIS, MMC, SCHEMA_VERSION, element, text, time_text
from gbcs import eui64
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.reads import ReadValues

_NAMES = {"sr": DUIS, "ra": MMC}
_RESPONSE, _ALERT = "sr:SMETS1SignedResponse", "sr:S1SPAlert"
_OPEN_RESPONSE = f'<{_RESPONSE} xmlns:ra="{MMC}" xmlns:sr="{DUIS}" schemaVersion="{SCHEMA_VERSION}">'
_OPEN_ALERT = f'<{_ALERT} xmlns:sr="{DUIS}" schemaVersion="{SCHEMA_VERSION}">'
_EUI = "((?:[0-9A-F]{2}-){7}[0-9A-F]{2})"
_WRITTEN = re.compile(
    f"{re.escape(_OPEN_RESPONSE)}<sr:SMETS1Response><sr:Header><ra:BusinessOriginatorID>{_EUI}</ra:BusinessOriginatorID>"
    f"<ra:BusinessTargetID>{_EUI}</ra:BusinessTargetID><ra:OriginatorCounter>([0-9]{{1,20}})</ra:OriginatorCounter>"
    "<ra:ServiceReference>[0-9.]*</ra:ServiceReference>"
    "<ra:ServiceReferenceVariant>([0-9.]*)</ra:ServiceReferenceVariant>"
    "<ra:Timestamp>[^<]*</ra:Timestamp></sr:Header><sr:Body><sr:ResponseMessage>([^!]*)</sr:ResponseMessage></sr:Body>"
    f"</sr:SMETS1Response></{_RESPONSE}>"
)
"""A response as it is written here: device, user, counter, service request and payload."""

_ERROR_TEXT = 250
"""Characters of an error, as the schema limits them."""

ERROR_CODES = {"s1sp": 1, "dco": 2, "sms": 3, "apn": 4, "esme": 5}
"""Response codes of errors by the leg on which the read was lost: the emulator's own, none are public."""

NO_ANSWER_ALERT = "S1SP-NO-ANSWER"
"""The alert when a device did not answer: the emulator's own code, none are public."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a response says of the request that it answers.

    ``user`` is the party that asked, ``counter`` its originator counter; both stand in the header.
    """

    srv: str
    device: Eui64
    user: Eui64
    counter: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A response whose signature is right: values, or the error that it states."""

    order: Order
    signer: Signer
    values: ReadValues | None
    error: str = ""


def respond(signer: Signer, order: Order, values: Values, now: float) -> bytes:
    """The signed response that holds the values of a read."""
    return _signed(signer, order, mmc.write(order.srv, values), now)


def refuse(signer: Signer, order: Order, leg: str, reason: str, now: float) -> bytes:
    """The signed response that says why there are no values."""
    said = element("ra:Error", text(reason[:_ERROR_TEXT]))
    one = f'<ra:SMETS1Response Position="1" ResponseCode="{ERROR_CODES[leg]}">{said}</ra:SMETS1Response>'
    return _signed(signer, order, element("ra:DebugInfo", element("ra:SMETS1Debug", one)), now)


def alert(signer: Signer, device: Eui64, code: str, information: str, now: float) -> bytes:
    """A signed alert of a service provider."""
    content = (
        element("sr:DeviceID", eui64.show(device))
        + element("sr:S1SPAlertCode", text(code))
        + element("sr:AdditionalInformation", text(information))
        + element("sr:DateTime", time_text(int(now)))
    )
    return signer.sign(_OPEN_ALERT, content, _ALERT)


def _signed(signer: Signer, order: Order, payload: str, now: float) -> bytes:
    header = (
        element("ra:BusinessOriginatorID", eui64.show(order.device))
        + element("ra:BusinessTargetID", eui64.show(order.user))
        + element("ra:OriginatorCounter", str(order.counter))
        + element("ra:ServiceReference", ".".join(order.srv.split(".")[:2]))
        + element("ra:ServiceReferenceVariant", order.srv)
        + element("ra:Timestamp", time_text(int(now)))
    )
    body = element("sr:Body", element("sr:ResponseMessage", payload))
    return signer.sign(_OPEN_RESPONSE, element("sr:SMETS1Response", element("sr:Header", header), body), _RESPONSE)


# ---------------------------------------------------------------------- opening


def open_response(document: bytes, known: Mapping[tuple[str, int], Signer]) -> Opened:
    """Check the signature of a response and take the values out.

    Raises DecodeError for what is no such response, AuthenticationError for a wrong signature.
    """
    return _open_quickly(document, known) or _open_any(document, known)


def _open_quickly(document: bytes, known: Mapping[tuple[str, int], Signer]) -> Opened | None:
    """A response with values that reads as :func:`respond` writes it; None for every other."""
    checked = quickly_checked(document, known)
    found = _WRITTEN.fullmatch(checked[1]) if checked is not None else None
    if checked is None or found is None:
        return None
    device, user, counter, srv, payload = found.groups()
    values = mmc.read_quickly(srv, payload)
    if values is None:
        return None
    return Opened(Order(srv, eui64.parse(device), eui64.parse(user), int(counter)), checked[0], values)


def _open_any(document: bytes, known: Mapping[tuple[str, int], Signer]) -> Opened:
    """Any response, by an XML parser."""
    root = parse(document)
    if root.tag != f"{{{DUIS}}}SMETS1SignedResponse":
        raise DecodeError(f"{root.tag} is no SMETS1SignedResponse", field="document")
    signer = check_signature(root, known)
    header = root.find("sr:SMETS1Response/sr:Header", _NAMES)
    payload = root.find("sr:SMETS1Response/sr:Body/sr:ResponseMessage", _NAMES)
    if header is None or payload is None:
        raise DecodeError("no header or no response message", field="SMETS1Response")
    order = _order(header)
    data = payload.find("ra:SMETSData", _NAMES)
    if data is not None:
        return Opened(order, signer, mmc.read(order.srv, data))
    error = payload.findtext("ra:DebugInfo/ra:SMETS1Debug/ra:SMETS1Response/ra:Error", None, _NAMES)
    if error is None:
        raise DecodeError("neither values nor an error", field="ResponseMessage")
    return Opened(order, signer, None, error)


def _order(header: etree._Element) -> Order:
    def said(name: str) -> str:
        return str(header.findtext(f"ra:{name}", "", _NAMES)).strip()

    counter = said("OriginatorCounter")
    if not counter.isdecimal() or len(counter) > 20:
        raise DecodeError(f"{counter!r} is no originator counter", field="OriginatorCounter")
    return Order(
        said("ServiceReferenceVariant"),
        _eui(said("BusinessOriginatorID")),
        _eui(said("BusinessTargetID")),
        int(counter),
    )


def _eui(shown: str) -> Eui64:
    try:
        return eui64.parse(shown)
    except ValueError:
        raise DecodeError(f"{shown!r} is no EUI-64", field="Header") from None
