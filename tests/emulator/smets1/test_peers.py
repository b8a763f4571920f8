"""Clients that nobody here wrote read the same 48 half-hours from our meters, in every mode that they know.

The table of the README is what comes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import socat
from dlms_meters import DAY, MANAGER, NOW, PASSWORD, PUBLIC, READER, TITLE, dlms_device
from line_meters import line_meter, mode_c, truth

from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.meter import day_window
from emulator.smets1.serve import parse_endpoint, running_from, serve
from emulator.smets1.server import ServerFactory
from tools.peers.running import ask, installed

README = Path(__file__).parents[3] / "emulator" / "smets1" / "README.md"
BEGIN, END = "<!-- clients: begin -->\n", "<!-- clients: end -->"
DLMS_CLIENTS = ("gurux-dlms", "dlms-cosem", "pydlms-client")
CLIENTS = (*DLMS_CLIENTS, "iec62056-21")
READ = "read"
COUNTERS = count(1000, 1000)


@dataclass(frozen=True, slots=True)
class Mode:
    """How a DLMS client reads."""

    label: str
    link: str = "wrapper"
    sap: int = PUBLIC
    security: str = "none"
    serial: bool = False
    more: dict[str, Any] = field(default_factory=dict)


GMAC: dict[str, Any] = {"sap": MANAGER, "security": "gmac"}
MODES = (
    Mode("plain"),
    Mode("LLS", sap=READER, security="lls"),
    Mode("HLS-GMAC", **GMAC),
    Mode("PDU 512", more={"max_pdu": 512}),
    Mode("HLS-GMAC, PDU 512", **GMAC, more={"max_pdu": 512}),
    Mode("HDLC 128", link="hdlc"),
    Mode("HDLC 128, HLS-GMAC", link="hdlc", **GMAC),
    Mode("HDLC, pty by socat", link="hdlc", serial=True),
    Mode("by range", more={"select": "range"}),
    Mode("by entry", more={"select": "entry"}),
)
MODE_C, EDMI = "62056-21", "EDMI"
NOT_DLMS = "n/a: speaks no DLMS"
NOT_OTHERS = {MODE_C: "n/a: speaks no 62056-21", EDMI: "n/a: no EDMI client exists; captures instead"}


@asynccontextmanager
async def listening(servers: ServerFactory, serial: bool = False) -> AsyncIterator[int]:
    """The port of a meter, which is a pseudo-terminal behind socat where ``serial`` asks for it."""
    served = await serve(
        servers, parse_endpoint("pty:" if serial else "tcp://127.0.0.1:0"), running_from(NOW), paced=False
    )
    try:
        if not serial:
            yield int(served.address.rpartition(":")[2])
            return
        with socat.bridged(served.address.removeprefix("pty:")) as port:
            yield port
    finally:
        served.close()


def order(device: DlmsDevice, mode: Mode) -> dict[str, Any]:
    window = day_window(DAY)
    return {
        "host": "127.0.0.1",
        "link": mode.link,
        "security": mode.security,
        "client_sap": mode.sap,
        "server_sap": 1,
        "password": PASSWORD.decode() if mode.security == "lls" else None,
        "encryption_key": device.keys.encryption_key.hex(),
        "authentication_key": device.keys.authentication_key.hex(),
        "client_title": TITLE.hex(),
        "counter": next(COUNTERS),
        "max_pdu": None,
        "select": None,
        "first": window.first,
        "last": window.last,
        "count": 48,
        "reads": 1,
        **mode.more,
    }


def cell(client: str, mode: Mode) -> str:
    """What comes of a client in a mode: ``read``, or why it is not possible. Other rows than the meter's fail."""
    device = dlms_device()

    async def session() -> dict[str, Any]:
        kind = HdlcServer if mode.link == "hdlc" else WrapperServer
        async with listening(lambda: kind(device), mode.serial) as port:
            return await asyncio.to_thread(ask, client, {**order(device, mode), "port": port})

    outcome = asyncio.run(session())
    if "unsupported" in outcome:
        return f"n/a: {outcome['unsupported']}"
    assert outcome["rows"] == [list(row) for row in device.meter.profile(NOW).tolist()]
    assert len(outcome["rows"]) == 48
    return READ


def mode_c_cell() -> str:
    meter = line_meter()

    async def session() -> dict[str, Any]:
        async with listening(lambda: mode_c(meter)) as port:
            asked = {"mode": "readout", "address": meter.serial_number, "host": "127.0.0.1", "port": port}
            return await asyncio.to_thread(ask, "iec62056-21", asked)

    sets = asyncio.run(session())["readout"]
    values = [
        value for address, value, _ in sets if address is None and value and value.count(".") == 1 and len(value) < 12
    ]
    read = [round(float(value) * 1000) for value in values]
    assert read == [wh for _, *both in truth(meter) for wh in both] and len(read) == 96
    return READ


CELLS: dict[tuple[str, str], str] = {}


def need(client: str, mode: Mode | None = None) -> None:
    if not installed(client):
        pytest.skip(f"{client} is not installed: no second opinion (extra peers)")
    if mode is not None and mode.serial and not socat.INSTALLED:
        pytest.skip("socat is not installed: no serial line between programs")


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.label)
@pytest.mark.parametrize("client", DLMS_CLIENTS)
def test_a_dlms_client_reads_the_day(client: str, mode: Mode) -> None:
    need(client, mode)
    CELLS[client, mode.label] = cell(client, mode)
    assert CELLS[client, mode.label] == READ or (client, mode.label) == ("dlms-cosem", "by entry")


def test_a_mode_c_client_reads_the_day() -> None:
    need("iec62056-21")
    CELLS["iec62056-21", MODE_C] = mode_c_cell()
    assert CELLS["iec62056-21", MODE_C] == READ


def table() -> str:
    """What was found, as the README shows it."""
    columns = [*(mode.label for mode in MODES), MODE_C, EDMI]
    lines = ["| mode | " + " | ".join(CLIENTS) + " |", "|---" * (len(CLIENTS) + 1) + "|"]
    for column in columns:
        cells = [CELLS.get((client, column), NOT_OTHERS.get(column, NOT_DLMS)) for client in CLIENTS]
        lines.append(f"| {column} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def test_the_readme_says_what_was_found() -> None:
    wanted = {(client, mode.label) for client in DLMS_CLIENTS for mode in MODES} | {("iec62056-21", MODE_C)}
    missing = wanted - set(CELLS)
    if missing:
        pytest.skip(f"{len(missing)} cells were not found out in this run: the table needs them all")
    shown = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table()
