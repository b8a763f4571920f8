"""Reads a load profile with dlms-cosem (Business Source License 1.1): a process of its own.

Run it apart from meterfarm, ``python -I dlms_cosem_client.py``: an order as JSON on standard input, the outcome as JSON
on standard output. Nothing of meterfarm is imported here, and nothing imports this file.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dlms_cosem import a_xdr, cosem, dlms_data, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.parsers import ProfileGenericBufferParser
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCK = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0, 255), 2)
_PROFILE = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0, 255), 2)


def _register(group: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(enumerations.CosemInterface.REGISTER, cosem.Obis(1, 0, group, 8, 0, 255), 2)


def _client(order: dict[str, Any]) -> DlmsClient:
    io = BlockingTcpIO(order["host"], order["port"])
    if order["link"] == "hdlc":
        transport: Any = HdlcTransport(
            client_logical_address=order["client_sap"], server_logical_address=order["server_sap"], io=io
        )
    else:
        transport = TcpTransport(
            client_logical_address=order["client_sap"], server_logical_address=order["server_sap"], io=io
        )
    more: dict[str, Any] = {"max_pdu_size": order["max_pdu"]} if order.get("max_pdu") else {}
    if order["security"] == "none":
        return DlmsClient(transport, NoSecurityAuthentication(), **more)
    if order["security"] == "lls":
        return DlmsClient(transport, LowLevelSecurityAuthentication(order["password"].encode()), **more)
    return DlmsClient(
        transport,
        HighLevelSecurityGmacAuthentication(),
        encryption_key=bytes.fromhex(order["encryption_key"]),
        authentication_key=bytes.fromhex(order["authentication_key"]),
        client_system_title=bytes.fromhex(order["client_title"]),
        client_initial_invocation_counter=order["counter"],
        **more,
    )


def _access(order: dict[str, Any]) -> RangeDescriptor | None:
    if order["select"] != "range":
        return None
    first, last = (_EPOCH + timedelta(seconds=order[key]) for key in ("first", "last"))
    return RangeDescriptor(CaptureObject(cosem_attribute=_CLOCK), first, last)


def _read(order: dict[str, Any]) -> dict[str, Any]:
    if order["select"] == "entry":
        return {"unsupported": "dlms-cosem has no entry access (NotImplementedError)"}
    with _client(order).session() as meter:
        started = time.process_time()
        for _ in range(order["reads"]):
            data = meter.get(_PROFILE, access_descriptor=_access(order))
        took_s = time.process_time() - started
    parser = ProfileGenericBufferParser([_CLOCK, _register(1), _register(2)], 30)
    rows = [
        # A deviation of 0 comes back as a time without zone.
        [round((stamp.value.replace(tzinfo=UTC) - _EPOCH).total_seconds()), *(cell.value for cell in values)]
        for stamp, *values in parser.parse_bytes(data)
    ]
    return {"rows": rows, "client_cpu_ms": 1e3 * took_s / order["reads"]}


def _codec(order: dict[str, Any]) -> dict[str, Any]:
    """Rows a second: of the encoder from objects made before, of the decoder to plain values."""
    encoded, rounds, rows = bytes.fromhex(order["codec"]), order["rounds"], order["count"]
    decoder = a_xdr.AXdrDecoder(encoding_conf=a_xdr.EncodingConf(attributes=[a_xdr.Sequence(attribute_name="data")]))
    value = dlms_data.DataArray(
        [
            dlms_data.DataStructure(
                [dlms_data.OctetStringData(bytes(stamp)), *map(dlms_data.DoubleLongUnsignedData, values)]
            )
            for stamp, *values in decoder.decode(encoded)["data"]
        ]
    )
    if value.to_bytes() != encoded:
        raise AssertionError("the encoder does not give the same bytes")
    started = time.process_time()
    for _ in range(rounds):
        value.to_bytes()
    between = time.process_time()
    for _ in range(rounds):
        decoder.decode(encoded)
    ended = time.process_time()
    count = rows * rounds
    return {"encode_rows_per_s": count / (between - started), "decode_rows_per_s": count / (ended - between)}


def main() -> None:
    """Carry out the order on the first line of standard input."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    order = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(_codec(order) if "codec" in order else _read(order)) + "\n")


if __name__ == "__main__":
    main()
