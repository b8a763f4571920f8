"""A client that nobody here wrote reads the meter, over TCP and over a pseudo-terminal, in a process of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from line_meters import NOW, SERIAL, line_meter, mode_c, truth

from emulator.smets1.serve import parse_endpoint, running_from, serve
from gbcs.times import iso
from tools.peers.running import ask, installed

PEER = "iec62056-21"
RANGE = "261123003000;261124000000"

pytestmark = pytest.mark.skipif(not installed(PEER), reason=f"{PEER} is not installed: no second opinion on mode C")


def answer(listen: str, mode: str, password: str = "12345678") -> dict[str, Any]:
    """What the peer finds at a meter that listens on TCP or a pseudo-terminal."""

    async def session() -> dict[str, Any]:
        meter = line_meter()
        served = await serve(lambda: mode_c(meter), parse_endpoint(listen), running_from(NOW), paced=False)
        kind, _, where = served.address.partition(":")
        host, _, port = where.lstrip("/").rpartition(":")
        place = {"path": where} if kind == "pty" else {"host": host, "port": int(port)}
        order = {"mode": mode, "address": str(SERIAL), "password": password, "range": RANGE, **place}
        try:
            return await asyncio.to_thread(ask, PEER, order)
        finally:
            served.close()

    return asyncio.run(session())


def half_hours(sets: list[list[str | None]]) -> list[tuple[int, int]]:
    """Wh of both directions, row by row: what the peer made of the lines behind a header."""
    values = [value for address, value, _ in sets if address is None]
    rows: list[tuple[int, int]] = []
    numbers = [value for value in values if value and value.count(".") == 1 and len(value) < 12]
    for imported, exported in zip(numbers[::2], numbers[1::2], strict=True):
        rows.append((round(float(imported) * 1000), round(float(exported) * 1000)))
    return rows


WATT_HOURS = [(imported, exported) for _, imported, exported in truth(line_meter())]


@pytest.mark.parametrize("listen", ["tcp://127.0.0.1:0", "pty:"])
def test_the_readout_is_read(listen: str) -> None:
    found = answer(listen, "readout")
    # it passes over one character behind the speed, where some meters have a backslash
    assert (found["manufacturer"], found["identification"]) == ("MFM", "TR1")
    shown = {address: (value, unit) for address, value, unit in found["readout"] if address}
    assert shown["0.0.0"] == (str(SERIAL), None)
    assert shown["0.9.2"] == (iso(NOW)[2:10].replace("-", ""), None)
    text, unit = shown["1.8.0"]
    assert unit == "kWh" and round(float(text) * 1000) == line_meter().register_wh("active_import", NOW)
    assert half_hours(found["readout"]) == WATT_HOURS and len(WATT_HOURS) == 48


@pytest.mark.parametrize("listen", ["tcp://127.0.0.1:0", "pty:"])
def test_registers_and_the_profile_are_read_in_programming_mode(listen: str) -> None:
    found = answer(listen, "programming")
    assert found["challenge"] == str(SERIAL)
    text, unit = found["register"]
    assert unit == "kWh" and round(float(text) * 1000) == line_meter().register_wh("active_import", NOW)
    assert half_hours(found["R5"]) == WATT_HOURS
    assert half_hours(found["R6"]) == WATT_HOURS
    assert sum(address == "P.01" for address, _, _ in found["R6"]) == 4
