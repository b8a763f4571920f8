"""``meterfarm emulate esme``: a SMETS2 meter behind a GFI line, on a socket and on a terminal, by key directory."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_meter import KEYS
from shell import meterfarm

from emulator.clock import utc_now
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.esme.single import SingleMeter
from firmware_profiles import load
from gbcs.catalogue import by_use_case
from gbcs.keystore import KeyStore
from gbcs.security import DCC_ACB
from gbcs.times import DAY_S, HALF_HOUR_S, iso
from rigs.comparing.twin import clock_error_s
from rigs.gfi import GfiLink
from rigs.ports.opening import open_port
from tools.emulate import clock_of, start_of

DAY = "2026-11-23"
METER, SUPPLIER = bytes.fromhex("024d460000000002"), bytes.fromhex("024d46f000010001")


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address that the process prints, and a clean end of it."""
    command = [sys.executable, "-m", "tools.cli", "emulate", "esme", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            ready = process.stdout.readline()
            assert ready.startswith("listening on "), process.stderr.read()
            yield ready.removeprefix("listening on ").strip()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys") / "keys"
    assert meterfarm("keys", "new", str(directory), "--devices", "2").code == 0
    return directory


def test_what_a_head_end_reads_is_what_is_printed(keys: Path) -> None:
    options = ("--keys", str(keys), "--device", METER.hex(), "--day", DAY)
    printed = meterfarm("emulate", "esme", *options, "--print", "--json").json()
    assert (printed["device"], len(printed["rows"])) == ("02-4D-46-00-00-00-00-02", 48)
    store = KeyStore.read(keys)
    assert not store.is_test
    broker = AccessControlBroker(DCC_ACB, store, OriginatorCounters())
    now, window = start_of(DAY)
    assert window is not None and window.last - window.first == DAY_S - HALF_HOUR_S
    sent = broker.command(by_use_case("ECS22b"), "IS", SUPPLIER, METER, now, window.first, window.last)

    async def read(address: str) -> bytes:
        link = GfiLink(await open_port(address.replace("tcp:", "socket:")), METER)
        await link.send(sent.command)
        async with asyncio.timeout(20):
            answer = await link.receive()
        await link.close()
        return answer

    with serving("--gfi", "tcp://127.0.0.1:0", *options) as address:
        rows = broker.open(asyncio.run(read(address)), sent).rows
    assert rows is not None
    found = [{"at_utc": iso(stamp), "active_import_wh": wh} for stamp, wh in rows.tolist()]
    assert found == printed["rows"] and found[0]["at_utc"] == f"{DAY}T00:30:00Z"


def test_a_terminal_is_there_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    link = tmp_path / "esme"
    with serving("--gfi", f"pty:{link}") as address:
        assert address == f"pty:{link}" and link.resolve().is_char_device()
    assert not link.is_symlink()


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    assert "no directory of keys" in meterfarm("emulate", "esme", "--keys", str(tmp_path / "none")).error()
    assert "not an EUI-64" in meterfarm("emulate", "esme", "--device", "12").error()
    assert "nothing to listen on" in meterfarm("emulate", "esme", "--gfi", "/dev/ttyUSB0").error()
    wrong = meterfarm("emulate", "esme", "--firmware", "nobody")
    assert wrong.code == 2 and "nobody" in wrong.error()
    shown = meterfarm("emulate", "esme", "--day", DAY, "--print").out
    assert "half-hour ends" in shown and "2026-11-24T00:00:00Z" in shown


@given(late_s=st.floats(0, 30 * DAY_S), seed=st.integers(0, 1 << 32))
def test_the_clock_keeps_true_time_to_within_its_profile_however_late_it_is_asked(late_s: float, seed: int) -> None:
    """Time that passes between making the meter and its first message is no time that its clock loses."""
    firmware = load("smets2-reference")
    made_at = start_of(DAY)[0]
    meter = SingleMeter(METER, seed, firmware).make(KEYS, made_at)
    shown = meter.clock.reads(made_at + late_s)
    assert abs(shown - made_at - late_s) <= clock_error_s(firmware)


def test_without_a_day_the_meters_stand_in_the_time_of_the_machine_for_good() -> None:
    assert clock_of("") is utc_now and abs(clock_of(DAY)() - start_of(DAY)[0]) < 60
