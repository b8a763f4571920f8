"""DLMS payloads (spec sheet 4 and 5): A-XDR data, Access-Request and -Response, protected reads, Data-Notification."""

from __future__ import annotations

from gbcs.dlms.access import AccessRequest, AccessResponse, Choice, Result, ResultCode, Specification
from gbcs.dlms.compact import UINT32_TYPE, CompactArray, TypeDescription, row_type
from gbcs.dlms.data import BitString, Data, Tag
from gbcs.dlms.notification import DataNotification, ProtectedNotification
from gbcs.dlms.protection import ProtectedObject, ProtectedRead, ProtectedResult, Restriction
from gbcs.dlms.selection import RangeSelection

__all__ = [
    "UINT32_TYPE",
    "AccessRequest",
    "AccessResponse",
    "BitString",
    "Choice",
    "CompactArray",
    "Data",
    "DataNotification",
    "ProtectedNotification",
    "ProtectedObject",
    "ProtectedRead",
    "ProtectedResult",
    "RangeSelection",
    "Restriction",
    "Result",
    "ResultCode",
    "Specification",
    "Tag",
    "TypeDescription",
    "row_type",
]
