"""What a SMETS1 read costs a meter's server, beside the simulator of pydlms-client, and what the codecs cost.

Both servers are processes of their own; the same client (pydlms-client, a third process) reads the same 48 rows from
either, in turn. What counts is the CPU time of the server's process, sessions included.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from emulator.smets1.dlms.device import emulated_keys
from emulator.smets1.dlms.rows import Layout, layout
from emulator.smets1.dlms.settings import DlmsSettings
from emulator.smets1.emulated import meter_of
from emulator.smets1.meter import Smets1Meter, Window, day_window
from emulator.smets1.profile import DialectProfile, load_profile
from gbcs.errors import LocalError, RemoteError
from gbcs.times import DAY_S
from tools.peers.running import ask, installed, need, serving

if TYPE_CHECKING:
    from tools.bench import Settings

_SIMULATOR = "pydlms-client"
_LIBRARIES = ("gurux-dlms", "dlms-cosem", _SIMULATOR)
_DAY = "2026-11-23"
_DAY_NUMBER = 9823
_SEED = 162
_HALF_HOURS = 48
_READS = 100
"""Reads of a session; opening it is shared out among them."""
_CODEC_DAYS = 200
_TITLE = b"MFMBENCH"
_SESSIONS_OF_A_COUNTER = 1_000_000


@dataclass(frozen=True, slots=True)
class Mode:
    """How the rows are read: profile, client SAP and its security, the client's longest service (None: its own)."""

    profile: str
    client_sap: int
    security: str
    max_pdu: int | None = None

    @property
    def link(self) -> str:
        """How APDUs are framed."""
        return "hdlc" if self.profile.endswith("hdlc") else "wrapper"


MODES = {
    "plain": Mode("smets1-dlms", 16, "none"),
    "gmac": Mode("smets1-dlms", 1, "gmac"),
    "pdu_512": Mode("smets1-dlms", 16, "none", max_pdu=512),
    "hdlc_128": Mode("smets1-dlms-hdlc", 16, "none"),
}


def steps(settings: Settings) -> int:
    """Rounds of each mode, our codec, and the codec of each peer."""
    return len(MODES) * settings.rounds + 1 + len(_LIBRARIES)


def measure(settings: Settings, step: Callable[[], None]) -> dict[str, Any]:
    """Milliseconds of server CPU a read by mode, ours and the peer's; rows a second of our codec and of the peers'.

    Raises LocalError where the simulator's library is not installed, RemoteError where a client did not read what it
    should have.
    """
    need(_SIMULATOR)
    modes = {name: _mode(mode, settings.rounds, step) for name, mode in MODES.items()}
    encode, decode = _codec()
    step()
    return {"modes": modes, "encode_rows_per_s": encode, "decode_rows_per_s": decode, "peers": _peer_codecs(step)}


def table(found: dict[str, Any]) -> Table:
    """Modes, then codecs."""
    shown = Table(title="Server CPU of a DLMS read of 48 rows; rows a second of the codecs", title_justify="left")
    for column in ("what", "meterfarm", "other", "ratio"):
        shown.add_column(column, justify="left" if column == "what" else "right")
    for name, mode in found["modes"].items():
        ours, theirs = (f"{mode[key]:.3f} ms" for key in ("server_cpu_ms", "peer_cpu_ms"))
        shown.add_row(f"read, {name} ({_SIMULATOR}'s simulator)", ours, theirs, f"{mode['ratio']:.2f}")
    for name, peer in found["peers"].items():
        for part in ("encode", "decode"):
            ours, theirs = found[f"{part}_rows_per_s"], peer[f"{part}_rows_per_s"]
            shown.add_row(f"{part} ({name})", f"{ours:,} rows/s", f"{theirs:,} rows/s", f"{ours / theirs:.1f}")
    return shown


# ---------------------------------------------------------------------- servers


def _mode(mode: Mode, rounds: int, step: Callable[[], None]) -> dict[str, float]:
    """Milliseconds of server CPU a read: ours, the peer's, medians of alternating rounds."""
    profile = load_profile(mode.profile)
    meter = _meter(profile)
    order = _order(mode, meter)
    ours: list[float] = []
    theirs: list[float] = []
    with _emulator(mode) as our_server, serving(_SIMULATOR, order) as their_server:
        for number in range(rounds):
            for server, found in ((our_server, ours), (their_server, theirs)):
                again = {**order, "counter": number * _SESSIONS_OF_A_COUNTER, "reads": _READS}
                found.append(_cpu_ms_a_read(server, again))
            step()
    mine, peer = median(ours), median(theirs)
    return {"server_cpu_ms": round(mine, 4), "peer_cpu_ms": round(peer, 4), "ratio": round(mine / peer, 3)}


def _cpu_ms_a_read(server: tuple[int, int], order: dict[str, Any]) -> float:
    process, port = server
    before = _cpu_s(process)
    outcome = ask(_SIMULATOR, {**order, "host": "127.0.0.1", "port": port})
    took_s = _cpu_s(process) - before
    if outcome["rows"] != order["rows"]:
        raise RemoteError(f"{_SIMULATOR} read other rows than it should from port {port}")
    return 1e3 * took_s / int(order["reads"])


def _cpu_s(process: int) -> float:
    """CPU time that a process has used so far, to the nanosecond: Linux has a clock for every process."""
    return time.clock_gettime(~process << 3 | 2)


@contextmanager
def _emulator(mode: Mode) -> Iterator[tuple[int, int]]:
    """``meterfarm emulate`` as a user starts it: its process id and port."""
    arguments = ["emulate", mode.profile, "--listen", "tcp://127.0.0.1:0", "--day", _DAY, "--seed", str(_SEED)]
    command = [sys.executable, "-m", "tools.cli", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own words
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                raise LocalError("meterfarm emulate does not start")
            yield process.pid, int(line.rpartition(":")[2])
        finally:
            process.terminate()


def _order(mode: Mode, meter: Smets1Meter) -> dict[str, Any]:
    keys, window = emulated_keys(meter.manufacturer, meter.serial_number), day_window(_DAY_NUMBER)
    return {
        "link": mode.link,
        "security": mode.security,
        "client_sap": mode.client_sap,
        "server_sap": 1,
        "password": None,
        "title": keys.title.hex(),
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
        "client_title": _TITLE.hex(),
        "counter": 0,
        "max_pdu": mode.max_pdu,
        "select": None,
        "first": window.first,
        "last": window.last,
        "count": _HALF_HOURS,
        "rows": [list(row) for row in meter.profile(_now()).tolist()],
    }


def _meter(profile: DialectProfile, window: Window | None = None) -> Smets1Meter:
    return meter_of(profile, _SEED, now=_now(), window=window or day_window(_DAY_NUMBER))


def _now() -> float:
    return float((_DAY_NUMBER + 1) * DAY_S + DAY_S // 4)


# ---------------------------------------------------------------------- codecs


def _layout() -> Layout:
    settings = load_profile("smets1-dlms").sections["dlms"]
    assert isinstance(settings, DlmsSettings)  # noqa: S101 - the registry says so
    return layout(settings.columns.value)


def _codec() -> tuple[int, int]:
    """Rows a second of our encoder and decoder, 48 at once, of many different days."""
    first = Window(day_window(_DAY_NUMBER - _CODEC_DAYS + 1).first, day_window(_DAY_NUMBER).last)
    every = _meter(load_profile("smets1-dlms"), first).profile(_now()).reshape(_CODEC_DAYS, _HALF_HOURS)
    rows = _layout()
    encoded = [rows.encode(day) for day in every]
    encode = _rows_per_s(lambda number: rows.encode(every[number]))
    decode = _rows_per_s(lambda number: rows.decode(encoded[number]))
    return encode, decode


def _peer_codecs(step: Callable[[], None]) -> dict[str, dict[str, int]]:
    """The same of the peers that are installed."""
    rows = _meter(load_profile("smets1-dlms")).profile(_now())
    order = {"codec": _layout().encode(rows).hex(), "rounds": _CODEC_DAYS, "count": len(rows)}
    found = {}
    for name in _LIBRARIES:
        if installed(name):
            found[name] = {key: round(value) for key, value in ask(name, order).items()}
        step()
    return found


def _rows_per_s(once: Callable[[int], object]) -> int:
    """The median of nine rounds."""
    rates = []
    for _ in range(9):
        started = time.process_time()
        for number in range(_CODEC_DAYS):
            once(number)
        rates.append(_CODEC_DAYS * _HALF_HOURS / (time.process_time() - started))
    return round(median(rates))
