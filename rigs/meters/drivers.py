"""The dialects that meters are read in: how the line usually is, a whole session, and what ends one that has failed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from emulator.smets1.conversation import Conversation, Patience, Script
from emulator.smets1.dlms.client import Client
from emulator.smets1.dlms.hdlc import DISC, POLL_FINAL
from emulator.smets1.dlms.hdlc_client import AnswerReader, HdlcAddresses, Link, over_hdlc
from emulator.smets1.dlms.hdlc_frames import HdlcFrame, write_frame
from emulator.smets1.dlms.settings import DlmsSettings
from emulator.smets1.dlms.wrapper_client import WrapperReader, over_wrapper
from emulator.smets1.edmi import client as edmi_client
from emulator.smets1.edmi.commands import LOGOUT, Command, encode_command
from emulator.smets1.edmi.framing import Frame
from emulator.smets1.edmi.framing import encode as encode_edmi
from emulator.smets1.edmi.settings import EdmiSettings
from emulator.smets1.iec62056_21 import client as mode_c_client
from emulator.smets1.iec62056_21.framing import Command as ModeCCommand
from emulator.smets1.iec62056_21.framing import encode as encode_mode_c
from gbcs.errors import LocalError
from rigs.meters import dlms, edmi, mode_c
from rigs.meters.access import MeterAccess
from rigs.meters.carrying import Watch, carry
from rigs.meters.values import Ask, Found
from rigs.ports.port import LineSettings, Port

Session = Callable[[Port, LineSettings, MeterAccess, Ask, Watch, float], Awaitable[Found]]

_SIGN_ON = LineSettings(baud=300, data_bits=7, parity="even")
_PASSWORD = "P1"  # noqa: S105 - the name of a password
_QUIET_S = 0.5
"""A meter that has changed to HDLC may say so once more, in the old form: that it has ended, silence shows."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One row. ``baud`` is the usual speed, where the profile states one."""

    line: Callable[[MeterAccess], LineSettings]
    read: Session
    farewell: Callable[[MeterAccess], bytes]


def _patience(access: MeterAccess) -> Patience:
    return Patience(access.link.answer_within_s)


# ---------------------------------------------------------------------- DLMS


def _script(access: MeterAccess, ask: Ask) -> Script[bytes, Found]:
    """The session in APDUs, with a challenge that was never used."""
    client = access.client()
    ours = Client(
        client.security,
        access.secrets.password(client.name) if client.security == "lls" else b"",
        access.security_keys() if client.security == "gmac" else None,
        os.urandom(16),
    )
    return dlms.session(ours, ask, dlms.ProfileHabits(access.link.access, access.link.cumulative))


def _logical_device(access: MeterAccess) -> int:
    holds = (one.sap for one in access.settings(DlmsSettings).logical_devices.value if "electricity" in one.holds)
    return next(holds)


def _addresses(access: MeterAccess) -> HdlcAddresses:
    link = access.link
    return HdlcAddresses(access.client().sap, _logical_device(access), link.physical_device, link.address_bytes)


async def _wrapper(
    port: Port, line: LineSettings, access: MeterAccess, ask: Ask, watch: Watch, within_s: float
) -> Found:
    script = over_wrapper(access.client().sap, _logical_device(access), _script(access, ask))
    return await carry(Conversation(script, WrapperReader(), _patience(access)), port, line, watch, within_s)


async def _hdlc(port: Port, line: LineSettings, access: MeterAccess, ask: Ask, watch: Watch, within_s: float) -> Found:
    link = Link(_addresses(access), access.link.information_bytes, access.link.window)
    script = over_hdlc(link, _script(access, ask))
    return await carry(Conversation(script, AnswerReader(), _patience(access)), port, line, watch, within_s)


async def _mode_e(
    port: Port, line: LineSettings, access: MeterAccess, ask: Ask, watch: Watch, within_s: float
) -> Found:
    """The sign-on at 300 baud, then HDLC at the meter's speed, eight bits without parity."""
    sign_on = mode_c_client.converse(mode_c_client.switch_to_binary(access.link.address), _patience(access))
    identification = await carry(sign_on, port, line, watch, within_s)
    await port.configure(LineSettings(baud=mode_c_client.speed(identification)))
    await _until_quiet(port)
    return await _hdlc(port, line, access, ask, watch, within_s)


async def _until_quiet(port: Port) -> None:
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(_QUIET_S):
                await port.read()


def _disconnect(access: MeterAccess) -> bytes:
    ends = _addresses(access)
    return write_frame(HdlcFrame(False, ends.server, ends.client, DISC | POLL_FINAL))


# ---------------------------------------------------------------------- the line dialects


async def _mode_c(
    port: Port, line: LineSettings, access: MeterAccess, ask: Ask, watch: Watch, within_s: float
) -> Found:
    """Programming mode with the password P1 where there is one, else the readout."""
    address = access.link.address
    if access.secrets.has_password(_PASSWORD):
        script = mode_c.session(address, access.secrets.password(_PASSWORD), ask)
    else:
        script = mode_c.readout_session(address, ask)
    return await carry(mode_c_client.converse(script, _patience(access)), port, line, watch, within_s)


async def _edmi(port: Port, line: LineSettings, access: MeterAccess, ask: Ask, watch: Watch, within_s: float) -> Found:
    user = access.link.client or _reader(access)
    ends = _edmi_ends(access)
    script = edmi.session(ends, user, access.secrets.password(user), ask, wake_up=edmi_client.WAKE_UP)
    return await carry(edmi_client.converse(script, _patience(access)), port, line, watch, within_s)


def _reader(access: MeterAccess) -> str:
    users = access.settings(EdmiSettings).users.value
    return next((name for name, may in users.items() if may == "reader"), next(iter(users)))


def _edmi_ends(access: MeterAccess) -> edmi_client.Line:
    text = access.link.address or access.serial_number
    if not text.isdecimal() or int(text) > 0xFFFF_FFFF:
        raise LocalError(f"{text!r} is no serial number of a meter that speaks EDMI: it is a number of up to 32 bits")
    return edmi_client.Line(int(text))


def _logout(access: MeterAccess) -> bytes:
    ends = _edmi_ends(access)
    return encode_edmi(Frame(encode_command(Command(LOGOUT)), ends.serial, ends.source))


DRIVERS: Final[Mapping[str, Driver]] = {
    "dlms-wrapper": Driver(lambda _access: LineSettings(), _wrapper, lambda _access: b""),
    "dlms-hdlc": Driver(
        lambda access: LineSettings(baud=access.settings(DlmsSettings).hdlc_baud.value), _hdlc, _disconnect
    ),
    "dlms-mode-e": Driver(lambda _access: _SIGN_ON, _mode_e, _disconnect),
    "iec62056-21": Driver(lambda _access: _SIGN_ON, _mode_c, lambda _access: encode_mode_c(ModeCCommand(b"B", b"0"))),
    "edmi": Driver(lambda access: LineSettings(baud=access.settings(EdmiSettings).baud.value), _edmi, _logout),
}
"""By dialect of :mod:`emulator.smets1.registry`."""
