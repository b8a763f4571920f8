"""Meters that others wrote, each in a process of its own, read by our drivers over sockets and a terminal.

pydlms-client's simulator serves DLMS over the wrapper and over HDLC; messages of iec62056-21 make a meter of mode C.
Nobody else's EDMI meter is to be had.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from line_meters import FIRST, LAST, NOW, truth
from read_meters import EVERYTHING, access, rows_of, smets1_meter

from emulator.smets1.dlms.device import emulated_keys
from emulator.smets1.profile import load_profile
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.meters.reading import read_meter
from rigs.meters.secrets import Secrets
from rigs.meters.values import Ask, Found
from tools.peers.running import announcing, installed, serving

DLMS, MODE_C = "pydlms-client", "iec62056-21 as a meter"
WRAPPER, HDLC, LINE = "smets1-dlms", "smets1-dlms-hdlc", "smets1-iec62056-21"
SAPS = {"public": (16, "none"), "reader": (2, "lls"), "management": (1, "gmac")}

needs_dlms = pytest.mark.skipif(not installed(DLMS), reason=f"{DLMS} is not installed: no second opinion on DLMS")
needs_mode_c = pytest.mark.skipif(not installed(MODE_C), reason="iec62056-21 is not installed: no meter of mode C")


def rows(days: int = 1) -> list[list[int]]:
    """Half-hours of made-up Wh up to the end of 23 November 2026."""
    first = FIRST - (days - 1) * DAY_S
    return [[stamp, stamp // 7 % 900, stamp // 11 % 50] for stamp in range(first, LAST + 1, HALF_HOUR_S)]


def dlms_order(link: str, client: str = "public", **more: Any) -> dict[str, Any]:
    sap, security = SAPS[client]
    keys = emulated_keys("MFM", "21E0000001")
    return {
        "link": link,
        "client_sap": sap,
        "security": security,
        "password": "12345678",
        "title": keys.title.hex(),
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
        "rows": rows(),
        "registers": [[123_456, 1], [789, -1]],
        "clock": NOW,
        "serial_number": "PEER0000001",
        **more,
    }


def read_dlms(order: dict[str, Any], client: str = "public", ask: Ask = EVERYTHING, **link: Any) -> Found:
    profile, dialect = (HDLC, "dlms-hdlc") if order["link"] == "hdlc" else (WRAPPER, "dlms-wrapper")
    with serving(DLMS, order) as (_, port):
        url = f"socket://127.0.0.1:{port}"
        return asyncio.run(read_meter(access(profile, url, dialect, client=client, **link), ask, within_s=30))


def check(found: Found, days: int = 1) -> None:
    """Registers are 123,456 times ten and 789 tenths of a Wh; the profile's columns share their scalers."""
    assert rows_of(found) == [(at, imported * 10, exported / 10) for at, imported, exported in rows(days)]
    assert found.registers in ({}, {"active_import_wh": 1_234_560, "active_export_wh": 78.9})
    assert found.serial_number == "PEER0000001"


@needs_dlms
@pytest.mark.parametrize(
    ("link", "client"), [("wrapper", "reader"), ("wrapper", "management"), ("hdlc", "public"), ("hdlc", "management")]
)
def test_a_simulator_of_dlms_is_read_with_every_security(link: str, client: str) -> None:
    found = read_dlms(dlms_order(link, client), client)
    check(found)
    assert found.clock == NOW and len(found.registers) == 2


@needs_dlms
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_month_of_a_simulator_comes_in_blocks(link: str) -> None:
    order = dlms_order(link, rows=rows(31), max_pdu=512)
    found = read_dlms(order, ask=Ask(("profile",), FIRST - 30 * DAY_S, LAST))
    check(found, 31)


@needs_dlms
def test_rows_of_a_simulator_by_entry() -> None:
    found = read_dlms(dlms_order("wrapper", rows=rows(5)), access="entry")
    check(found)


@needs_dlms
def test_a_simulator_that_offers_a_window_and_longer_frames() -> None:
    check(read_dlms(dlms_order("hdlc", window=3), information_bytes=512, window=3))


@needs_dlms
def test_frames_that_a_simulator_loses_are_sent_again() -> None:
    check(read_dlms(dlms_order("hdlc", drop=[1, 4, 7]), answer_within_s=0.3))


@needs_dlms
def test_a_longer_address_of_a_simulator() -> None:
    check(read_dlms(dlms_order("hdlc"), address_bytes=4, physical_device=17))


# ---------------------------------------------------------------------- mode C


def mode_c_order() -> dict[str, Any]:
    meter = smets1_meter(LINE)
    held = [(f"{imported / 1000:.3f}", f"{exported / 1000:.3f}") for _, imported, exported in truth(meter)]
    header = ["261123003000", "00", "30", "2", "1-0:1.29.0", "kWh", "1-0:2.29.0", "kWh"]
    lines = [["0.9.1", "010000"], ["0.9.2", "261124"], ["1.8.0", "001234.567*kWh"], ["2.8.0", "000000.001*kWh"]]
    return {
        "serial_number": "PEER01",
        "password": "12345678",
        "lines": lines,
        "profile": [header, *(list(row) for row in held)],
    }


@needs_mode_c
@pytest.mark.parametrize("with_password", [True, False])
def test_a_meter_of_anothers_messages_is_read_through_its_change_of_speed(with_password: bool) -> None:
    secrets = None if with_password else Secrets()
    with announcing(MODE_C, mode_c_order()) as (_, said):
        given = access(LINE, said["path"], secrets=secrets, serial="PEER01")
        found = asyncio.run(read_meter(given, EVERYTHING, within_s=30))
    assert rows_of(found) == truth(smets1_meter(LINE))
    assert found.registers == {"active_import_wh": 1_234_567, "active_export_wh": 1}
    assert found.clock == LAST + 3600 and load_profile(LINE).meter.serial_number.value != found.serial_number
