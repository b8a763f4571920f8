"""Reads a load profile with gurux-dlms (GPL-2.0): a process of its own.

Run it apart from meterfarm, ``python -I dlms_gurux.py``: an order as JSON on standard input, the outcome as JSON on
standard output. Nothing of meterfarm is imported here, and nothing imports this file. The library frames and reads
frames; sending them is left to its user.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType, Security
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_AUTHENTICATIONS = {"none": Authentication.NONE, "lls": Authentication.LOW, "gmac": Authentication.HIGH_GMAC}


class Meter:
    """A client of the library on a socket."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.hdlc = order["link"] == "hdlc"
        self.client = GXDLMSSecureClient(
            True,
            order["client_sap"],
            order["server_sap"],
            _AUTHENTICATIONS[order["security"]],
            order["password"],
            InterfaceType.HDLC if self.hdlc else InterfaceType.WRAPPER,
        )
        if order.get("max_pdu"):
            self.client.setMaxReceivePDUSize(order["max_pdu"])
        if order["security"] == "gmac":
            ciphering = self.client.ciphering
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.systemTitle = bytearray.fromhex(order["client_title"])
            ciphering.blockCipherKey = bytearray.fromhex(order["encryption_key"])
            ciphering.authenticationKey = bytearray.fromhex(order["authentication_key"])
            ciphering.invocationCounter = order["counter"] + 1
        self.socket = socket.create_connection((order["host"], order["port"]), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def open(self) -> None:
        """Connect the link where there is one, and associate."""
        if self.hdlc:
            self.client.parseUAResponse(self.exchange(self.client.snrmRequest()).data)
        self.client.parseAareResponse(self.exchange(self.client.aarqRequest()).data)
        if self.client.isAuthenticationRequired:
            reply = self.exchange(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def close(self) -> None:
        """Release, and take the link down."""
        request = self.client.releaseRequest()
        if request:
            self.exchange(request)
        if self.hdlc:
            self.exchange(self.client.disconnectRequest(True))
        self.socket.close()

    def exchange(self, frames: Any) -> GXReplyData:
        """Send frames and take all blocks of the answer to the last one."""
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self._transfer(frame, reply)
            while reply.isMoreData():
                self._transfer(self.client.receiverReady(reply), reply)
        if reply.error:
            raise RuntimeError(f"the meter answered error {reply.error}")
        return reply

    def _transfer(self, frame: Any, reply: GXReplyData) -> None:
        self.socket.sendall(bytes(frame))
        received = GXByteBuffer()
        while True:
            data = self.socket.recv(65536)
            if not data:
                raise RuntimeError("the meter closed the connection")
            received.set(data)
            if self.client.getData(received, reply, None):
                return


def _profile() -> GXDLMSProfileGeneric:
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    clock = GXDLMSClock("0.0.1.0.0.255")
    columns = (clock, GXDLMSRegister("1.0.1.8.0.255"), GXDLMSRegister("1.0.2.8.0.255"))
    profile.captureObjects = [(column, GXDLMSCaptureObject(2, 0)) for column in columns]
    profile.sortObject = clock
    return profile


def _read(order: dict[str, Any]) -> dict[str, Any]:
    meter, profile = Meter(order), _profile()
    meter.open()
    started = time.process_time()
    for _ in range(order["reads"]):
        profile.buffer = []
        if order["select"] == "range":
            bounds = (_EPOCH + timedelta(seconds=order[key]) for key in ("first", "last"))
            request = meter.client.readRowsByRange(profile, *bounds)
        elif order["select"] == "entry":
            request = meter.client.readRowsByEntry(profile, 1, order["count"])
        else:
            request = meter.client.read(profile, 2)
        reply = meter.exchange(request)
        meter.client.updateValue(profile, 2, reply.value)
    took_s = time.process_time() - started
    meter.close()
    rows = []
    for stamp, *values in profile.buffer:
        at = getattr(stamp, "value", stamp)
        rows.append([round((at - _EPOCH).total_seconds()), *values])
    return {"rows": rows, "client_cpu_ms": 1e3 * took_s / order["reads"]}


def _codec(order: dict[str, Any]) -> dict[str, Any]:
    """Rows a second, of the encoder and of the decoder."""
    encoded, rounds, rows = bytes.fromhex(order["codec"]), order["rounds"], order["count"]
    settings = GXDLMSSecureClient(True).settings

    def decode() -> Any:
        return _GXCommon.getData(settings, GXByteBuffer(encoded), _GXDataInfo())

    def encode() -> GXByteBuffer:
        buffer = GXByteBuffer()
        _GXCommon.setData(settings, buffer, DataType.ARRAY, value)
        return buffer

    value = decode()
    started = time.process_time()
    for _ in range(rounds):
        encode()
    between = time.process_time()
    for _ in range(rounds):
        decode()
    ended = time.process_time()
    count = rows * rounds
    return {"encode_rows_per_s": count / (between - started), "decode_rows_per_s": count / (ended - between)}


def main() -> None:
    """Carry out the order on the first line of standard input."""
    order = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(_codec(order) if "codec" in order else _read(order)) + "\n")


if __name__ == "__main__":
    main()
