"""ASN.1 payloads (spec sheet 9): declared in ``gbcs.asn``, read and written with the original form of their lengths."""

from __future__ import annotations

from gbcs.asn1 import values
from gbcs.asn1.nodes import LengthForm, Node
from gbcs.asn1.payloads import Asn1Payload

__all__ = ["Asn1Payload", "LengthForm", "Node", "values"]
