"""Reading a meter over DLMS/COSEM in the TCP wrapper: association with LLS or HLS-GMAC, GET with range, blocks."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

import numpy as np

from emulator.smets1.dlms.apdu import Service
from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE, SecurityKeys
from emulator.smets1.dlms.data import FUSED_DATA
from emulator.smets1.dlms.device import emulated_keys
from emulator.smets1.dlms.objects import obis
from emulator.smets1.dlms.requests import (
    BLOCK,
    CIPHERED,
    block_data,
    by_range,
    get_request,
    gmac_aarq,
    next_block,
    plain_aarq,
    proof_request,
    read_aare,
    read_rlre,
    rlrq,
)
from emulator.smets1.dlms.rows import CLOCK, COLUMNS, layout
from emulator.smets1.dlms.settings import ClientSettings, DlmsSettings, Role
from emulator.smets1.exchange import Ask, Values
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.readers.line import Line, Refused
from emulator.smets1.readers.steps import HalfHours, Way, carry_out
from gbcs.errors import DecodeError, LocalError

_WRAPPER = Struct(">HHHH")
_VERSION = 1
_PROFILE = obis("1.0.99.1.0.255")
_REGISTERS = {way: COLUMNS[way].instance for way in ("active_import", "active_export")}
_PREFERRED = ("lls", "gmac", "none")
"""The security that a provider reads with, where a meter offers several."""
_TITLE = b"MFM\x00S1SP"
_CHALLENGE = bytes(range(16))
"""Emulated meters are no adversaries: a fixed challenge keeps the bytes of a run the same."""


class DlmsReader:
    """Reads one meter. Its invocation counters go on from association to association.

    Does not model: a head-end that proves its peer's identity by a certificate; more than one request at a time.
    """

    __slots__ = ("_client", "_keys", "_meter_title", "_password", "_server_sap")

    def __init__(self, settings: object, meter: Smets1Meter) -> None:
        """Raises LocalError where the settings are none of DLMS or have no client that may read."""
        if not isinstance(settings, DlmsSettings):
            raise LocalError("these are no settings of DLMS")
        self._client = _client(settings)
        self._password = meter.passwords.get(self._client.name, b"")
        meter_keys = emulated_keys(meter.manufacturer, meter.serial_number)
        self._meter_title = meter_keys.title
        self._keys = SecurityKeys(_TITLE, meter_keys.encryption_key, meter_keys.authentication_key)
        holds = (one.sap for one in settings.logical_devices.value if "electricity" in one.holds)
        self._server_sap = next(holds)

    def open(self, line: Line) -> None:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        ciphered = self._client.security == "gmac"
        answer = self._send(
            line, gmac_aarq(self._keys, _CHALLENGE) if ciphered else plain_aarq(self._client.security, self._password)
        )
        aare = read_aare(answer)
        if aare.result:
            raise Refused(f"association rejected, diagnostic {aare.diagnostic.value}", field="AARE")
        if ciphered:
            self._prove(line, aare.authentication or b"")

    def read(self, line: Line, ask: Ask) -> Values:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        return carry_out(self, line, ask)

    def close(self, line: Line) -> None:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        read_rlre(self._send(line, rlrq()))

    # ------------------------------------------------------------------ what carry_out asks for

    def half_hours(self, line: Line, way: Way, first: int, last: int) -> HalfHours:
        """See :class:`~emulator.smets1.readers.steps.Reads`."""
        data = self._get(line, _profile_request(way, first, last))
        rows = layout((CLOCK, way)).decode(data)
        return np.column_stack([rows["stamp"], rows[way]])

    def register_wh(self, line: Line, way: Way) -> int:
        """See :class:`~emulator.smets1.readers.steps.Reads`."""
        value = FUSED_DATA.parse(self._get(line, get_request(3, _REGISTERS[way], 2))).value
        if not isinstance(value, int):
            raise DecodeError("a register is a number", field="register")
        return value

    # ------------------------------------------------------------------ services

    def _get(self, line: Line, request: bytes) -> bytes:
        """The encoded value of an attribute, put together of blocks where it comes in some."""
        answer = self._serve(line, request)
        if answer[:2] == bytes((Service.GET_RESPONSE, 1)):
            if answer[3]:
                raise Refused(f"data access result {answer[4]}", field="GET")
            return answer[4:]
        parts: list[bytes] = []
        while True:
            _, form, _, last, number, failed = BLOCK.unpack_from(answer.ljust(BLOCK.size))
            if form != 2 or failed:
                raise Refused(f"data access result {answer[-1]}", field="GET")
            parts.append(block_data(answer))
            if last:
                return b"".join(parts)
            answer = self._serve(line, next_block(number))

    def _serve(self, line: Line, plain: bytes) -> bytes:
        """The plain answer to a plain service, ciphered on the way where the association is."""
        if self._client.security != "gmac":
            answer = self._send(line, plain)
        else:
            sealed = self._send(line, self._keys.envelope(0, CIPHERED[Service(plain[0])], plain))
            answer = (
                sealed
                if sealed[0] == Service.EXCEPTION
                else self._keys.open(self._meter_title, FUSED_ENVELOPE.parse(sealed))
            )
        if len(answer) < 5 or answer[0] not in (Service.GET_RESPONSE, Service.ACTION_RESPONSE):
            raise Refused(f"exception response {answer.hex()}", field="service")
        return answer

    def _prove(self, line: Line, challenge: bytes) -> None:
        """Pass 3 of HLS; the meter's own proof comes back as pass 4."""
        before = self._keys.last_of.get(self._meter_title, 0)
        answer = self._serve(line, proof_request(self._keys.prove(challenge)))
        if answer[3] or not answer[4]:
            raise Refused(f"the meter rejects the proof, action result {answer[3]}", field="HLS")
        tag = FUSED_DATA.parse(answer[6:]).value
        if not isinstance(tag, bytes) or not self._keys.proven(self._meter_title, _CHALLENGE, tag, before):
            raise Refused("the meter's proof is wrong", field="HLS")

    def _send(self, line: Line, apdu: bytes) -> bytes:
        """An APDU there and the one that comes back, in the wrapper."""
        frame = line.say(_WRAPPER.pack(_VERSION, self._client.sap, self._server_sap, len(apdu)) + apdu)
        if len(frame) < _WRAPPER.size:
            raise Refused("the meter does not answer", field="wrapper")
        version, source, destination, size = _WRAPPER.unpack_from(frame)
        expected = _VERSION, self._server_sap, self._client.sap, len(frame) - _WRAPPER.size
        if (version, source, destination, size) != expected:
            raise DecodeError(f"wrapper {frame[:8].hex()}", field="wrapper")
        return frame[_WRAPPER.size :]


def _client(settings: DlmsSettings) -> ClientSettings:
    """The client that a provider is: the first that may read, by the security it prefers."""
    for security in _PREFERRED:
        for client in settings.clients.value:
            if client.security == security and client.rank >= Role.READER:
                return client
    raise LocalError("no client of these settings may read")


@lru_cache(maxsize=1024)
def _profile_request(way: Way, first: int, last: int) -> bytes:
    return get_request(7, _PROFILE, 2, by_range(first, last, (CLOCK, way)))
