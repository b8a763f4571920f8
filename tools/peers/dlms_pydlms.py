"""Reads a load profile with pydlms-client (GPL-3.0-only), or serves one with its simulator: a process of its own.

Run it apart from meterfarm, ``python -I dlms_pydlms.py``: an order as JSON on standard input, the outcome as JSON on
standard output. Nothing of meterfarm is imported here, and nothing imports this file. A server prints its port and
serves until its input ends.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pydlms import DlmsClient, Mechanism, SecurityContext
from pydlms.apdu.xdlms import entry_descriptor, range_descriptor
from pydlms.cosem.data import DlmsData, decode_data, encode_data
from pydlms.cosem.time import CosemDateTime
from pydlms.simulator import ClientProfile, HdlcServer, MeterSimulator, serve

_PROFILE, _CLOCK = "1.0.99.1.0.255", "0.0.1.0.0.255"
_REGISTERS = ("1.0.1.8.0.255", "1.0.2.8.0.255")
_WATT_HOURS = 30
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MECHANISMS = {"none": Mechanism.NONE, "lls": Mechanism.LLS, "gmac": Mechanism.HLS_GMAC}


def _client(order: dict[str, Any]) -> DlmsClient:
    settings: dict[str, Any] = {"mechanism": _MECHANISMS[order["security"]]}
    if order["security"] == "lls":
        settings["password"] = order["password"]
    if order["security"] == "gmac":
        settings["security"] = SecurityContext(
            encryption_key=bytes.fromhex(order["encryption_key"]),
            authentication_key=bytes.fromhex(order["authentication_key"]),
            client_system_title=bytes.fromhex(order["client_title"]),
            invocation_counter=order["counter"],
        )
    if order.get("max_pdu"):
        settings["max_receive_pdu_size"] = order["max_pdu"]
    return DlmsClient.tcp(
        order["host"],
        order["port"],
        client_sap=order["client_sap"],
        server_logical=order["server_sap"],
        hdlc=order["link"] == "hdlc",
        **settings,
    )


def _access(order: dict[str, Any]) -> Any:
    if order["select"] == "range":
        bounds = (CosemDateTime.from_datetime(_EPOCH + timedelta(seconds=order[key])) for key in ("first", "last"))
        return range_descriptor(*(DlmsData.octet_string(bound.to_bytes()) for bound in bounds))
    if order["select"] == "entry":
        return entry_descriptor(1, order["count"])
    return None


def _read(order: dict[str, Any]) -> dict[str, Any]:
    with _client(order) as meter:
        started = time.process_time()
        for _ in range(order["reads"]):
            buffer = meter.get(_PROFILE, 7, 2, _access(order))
        took_s = time.process_time() - started
    rows = []
    for row in buffer.value:
        stamp, *values = (cell.to_python() for cell in row.value)
        at = CosemDateTime.from_bytes(bytes(stamp)).to_datetime()
        rows.append([round((at - _EPOCH).total_seconds()), *values])
    return {"rows": rows, "client_cpu_ms": 1e3 * took_s / order["reads"]}


def _serve(order: dict[str, Any]) -> None:
    """The rows of the order as a meter of the simulator: what a load profile has, two registers, clock and identity."""
    keys = [bytes.fromhex(order[key]) for key in ("encryption_key", "authentication_key")]
    ciphered = order["security"] == "gmac"
    meter = MeterSimulator(
        *([bytes.fromhex(order["title"]), *keys] if ciphered else []), max_pdu=order.get("max_pdu") or 0xFFFF
    )
    meter.clients[order["client_sap"]] = ClientProfile(
        _MECHANISMS[order["security"]], (order["password"] or "").encode() or None, ciphered=ciphered
    )
    rows = DlmsData.array(
        [
            DlmsData.structure(
                [
                    _time(stamp),
                    *(DlmsData.uint32(value) for value in values),
                ]
            )
            for stamp, *values in order["rows"]
        ]
    )
    meter.add_object(
        7, _PROFILE, {2: rows, 3: _columns(), 4: DlmsData.uint32(1800), 7: DlmsData.uint32(len(order["rows"]))}
    )
    for name, (value, scaler) in zip(_REGISTERS, order.get("registers", ()), strict=False):
        unit = DlmsData.structure([DlmsData.int8(scaler), DlmsData.enum(_WATT_HOURS)])
        meter.add_object(3, name, {2: DlmsData.uint32(value), 3: unit})
    if "clock" in order:
        meter.add_object(8, _CLOCK, {2: _time(order["clock"])})
        meter.add_object(1, "0.0.96.1.0.255", {2: DlmsData.visible_string(order["serial_number"])})
    _listen(meter, order)


def _listen(meter: MeterSimulator, order: dict[str, Any]) -> None:
    """Serve until standard input ends; ``drop`` are the numbers of frames of the client that are lost on the way."""
    server = serve(meter, hdlc=order["link"] == "hdlc", hdlc_window=order.get("window", 1))
    handler, dropped = server.RequestHandlerClass, set(order.get("drop", ()))
    if dropped:

        class Lossy(handler):  # type: ignore[misc, valid-type]
            def handle(self) -> None:
                line = HdlcServer(meter, self.request, drop=dropped)
                while data := self.request.recv(4096):
                    line.feed(data)

        server.RequestHandlerClass = Lossy
    _say({"port": server.server_address[1]})
    sys.stdin.read()


def _columns() -> Any:
    """Clock and both registers, as the profile's capture objects."""
    captured = ((8, _CLOCK), *((3, name) for name in _REGISTERS))
    return DlmsData.array(
        [
            DlmsData.structure(
                [
                    DlmsData.uint16(class_id),
                    DlmsData.octet_string(bytes(map(int, name.split(".")))),
                    DlmsData.int8(2),
                    DlmsData.uint16(0),
                ]
            )
            for class_id, name in captured
        ]
    )


def _time(stamp: float) -> Any:
    return DlmsData.octet_string(CosemDateTime.from_datetime(_EPOCH + timedelta(seconds=stamp)).to_bytes())


def _codec(order: dict[str, Any]) -> dict[str, Any]:
    """Rows a second, of the encoder and of the decoder."""
    encoded, rounds, rows = bytes.fromhex(order["codec"]), order["rounds"], order["count"]
    value = decode_data(encoded)[0]
    started = time.process_time()
    for _ in range(rounds):
        encode_data(value)
    between = time.process_time()
    for _ in range(rounds):
        decode_data(encoded)
    ended = time.process_time()
    count = rows * rounds
    return {"encode_rows_per_s": count / (between - started), "decode_rows_per_s": count / (ended - between)}


def _say(outcome: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Carry out the order on the first line of standard input."""
    order = json.loads(sys.stdin.readline())
    if order.get("serve"):
        _serve(order)
    else:
        _say(_codec(order) if "codec" in order else _read(order))


if __name__ == "__main__":
    main()
