"""``meterfarm rig suggest | list | check | lease | release``, as a person at the bench types them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pty_pair import PtyPair, pty_pair
from rig_files import EUI, write_rig
from shell import meterfarm

from emulator.clock import utc_now
from rigs.leases.lease import new_lease, to_text
from rigs.loading import parse_rig
from rigs.suggesting import adapters, plugged_in

CLI = [sys.executable, "-c", "import sys; from tools.cli import main; sys.exit(main())"]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder of keys as ``meterfarm keys new`` makes it."""
    folder = tmp_path / "bench" / "keys"
    folder.parent.mkdir()
    assert meterfarm("keys", "new", str(folder)).code == 0
    return folder


@pytest.fixture
def line() -> Iterator[PtyPair]:
    with pty_pair() as pair:
        yield pair


def rig(folder: Path, verb: str, *arguments: str) -> Any:
    return meterfarm("rig", verb, *arguments, "--rigs", str(folder / "bench"))


def lease_file(folder: Path, **changes: Any) -> Path:
    """A lease of somebody else, as another machine's process would hold it."""
    state = folder / "bench" / ".state"
    state.mkdir(parents=True, exist_ok=True)
    content = json.loads(to_text(new_lease("bench-3", 45.0))) | {"owner": "carol", "host": "far-away"} | changes
    file = state / "bench-3.lease.json"
    file.write_text(json.dumps(content))
    return file


# ---------------------------------------------------------------------- suggest


def plug(root: Path, tty: str, usb: str, by_id: str, by_path: str, serial: str = "") -> None:
    """A USB serial line as the kernel and udev show it."""
    device = root / "sys/devices/usb1" / tty
    (device / "interface" / tty).mkdir(parents=True)
    for key, value in zip(("idVendor", "idProduct"), usb.split(":"), strict=True):
        (device / key).write_text(f"{value}\n")
    if serial:
        (device / "serial").write_text(f"{serial}\n")
    (root / "sys/class/tty" / tty).mkdir(parents=True)
    (root / "sys/class/tty" / tty / "device").symlink_to(device / "interface" / tty)
    for folder, name in (("by-id", by_id), ("by-path", by_path)):
        if name:
            (root / "dev/serial" / folder).mkdir(parents=True, exist_ok=True)
            (root / "dev/serial" / folder / name).symlink_to(f"../../{tty}")


def test_suggest_prints_a_rig_file_for_each_line_that_loads_when_it_is_filled_in(tmp_path: Path) -> None:
    sonoff = "usb-ITEAD_SONOFF_Zigbee_3.0_USB_Dongle_Plus_V2_20240122-if00"
    plug(tmp_path, "ttyACM0", "1a86:55d4", sonoff, "pci-0000:00:14.0-usb-0:1:1.0", "20240122")
    husb = "usb-Silicon_Labs_HubZ_Smart_Home_Controller_612-if01-port0"
    plug(tmp_path, "ttyUSB1", "10c4:8a2a", husb, "pci-0000:00:14.0-usb-0:3:1.1-port0", "612")
    plug(tmp_path, "ttyUSB2", "0403:6001", "usb-FTDI_FT232R_A5-if00-port0", "pci-0000:00:14.0-usb-0:4:1.0-port0", "A5")
    ended = meterfarm("rig", "suggest", "--root", str(tmp_path), "--json")
    lines = ended.json()["lines"]
    assert [(line["device"], line["usb"], line["link"]) for line in lines] == [
        ("/dev/ttyACM0", "1a86:55d4", "ezsp"),
        ("/dev/ttyUSB1", "10c4:8a2a", "ezsp"),
        ("/dev/ttyUSB2", "0403:6001", "dialect"),
    ]
    assert lines[0]["url"].endswith(f"/dev/serial/by-id/{sonoff}")
    for line in lines:
        content = tomllib.loads(line["stanza"])
        made = parse_rig(tmp_path / f"{content['name']}.toml", content)
        assert made.link.port == line["url"] and made.link.kind == line["link"]
    husb_line = tomllib.loads(lines[1]["stanza"])["link"]["line"]
    assert husb_line == {"baud": 57600, "flow_control": "software"}
    assert "no CBKE" in meterfarm("rig", "suggest", "--root", str(tmp_path)).out


def test_suggest_names_the_socket_of_an_adapter_without_a_serial_number(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB0", "1a86:7523", "usb-1a86_USB_Serial-if00-port0", "pci-0000:00:14.0-usb-0:2:1.0-port0")
    (line,) = plugged_in(tmp_path)
    assert line.url == f"{tmp_path}/dev/serial/by-path/pci-0000:00:14.0-usb-0:2#0"
    out = meterfarm("rig", "suggest", "--root", str(tmp_path)).out
    assert 'kind = "relay"' in out and 'on = "A0 01 01 A2"' in out


def test_suggest_says_what_it_does_not_know_and_what_is_of_no_use(tmp_path: Path) -> None:
    ended = meterfarm("rig", "suggest", "--root", str(tmp_path))
    assert ended.code == 1 and "nothing is plugged in" in ended.error() and not ended.out
    plug(tmp_path, "ttyUSB0", "dead:beef", "usb-Odd-if00-port0", "")
    plug(tmp_path, "ttyUSB1", "1cf1:0030", "usb-dresden_ConBee_II-if00", "", "DE1")
    out = meterfarm("rig", "suggest", "--root", str(tmp_path)).out
    assert "an adapter that is not in the table (dead:beef)" in out
    assert "speaks deCONZ, not EZSP" in out and out.count("[link]") == 1


def test_every_row_of_the_table_can_be_met() -> None:
    """No row stands behind a wider one that hides it."""
    rows = adapters()
    for row in rows:
        usb, name = row.usb.replace("*", "1234"), row.name.replace("|", " ")
        assert next(one for one in rows if one.fits(usb, name, row.interface)) is row


# ---------------------------------------------------------------------- list


def test_list_shows_who_has_what_and_a_mistake_in_one_file_hides_no_other(tmp_path: Path) -> None:
    for name in ("bench-1", "bench-3", "bench-4"):
        write_rig(tmp_path / "bench", name, "/dev/ttyS99")
    (tmp_path / "bench" / "bench-2.toml").write_text('name = "bench-2"\ncolour = 1\n')
    lease_file(tmp_path)
    (tmp_path / "bench" / ".state" / "bench-4.broken.json").write_text("{")
    rows = {row["name"]: row for row in rig(tmp_path, "list", "--json").json()["rigs"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "bench-1": "free",
        "bench-2": "mistake",
        "bench-3": "leased",
        "bench-4": "broken",
    }
    assert rows["bench-3"]["lease"] == {"owner": "carol", "host": "far-away", "process": os.getpid()}
    assert rows["bench-3"]["ports"] == ["/dev/ttyS99"] and rows["bench-1"]["lease"] is None
    out = rig(tmp_path, "list").out
    assert "carol on far-away" in out and "colour" in out


def test_list_goes_on_where_a_broker_is_away(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    write_rig(tmp_path / "bench", "bench-1", "pty:", lease={"kind": "mqtt", "port": port})
    write_rig(tmp_path / "bench", "bench-2", "pty:")
    states = [row["says"] for row in rig(tmp_path, "list", "--json").json()["rigs"]]
    assert states[0].startswith(f"unknown: mqtt://127.0.0.1:{port} cannot be used") and states[1] == "free"


def test_a_folder_or_rig_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    assert "no folder of rig files" in rig(tmp_path, "list").error()
    write_rig(tmp_path / "bench", "bench-1", "pty:")
    ended = rig(tmp_path, "check", "bench-9")
    assert ended.code == 2 and "'bench-9' is no rig of" in ended.error()


# ---------------------------------------------------------------------- check


def test_check_of_a_rig_that_is_ready(tmp_path: Path, keys: Path, line: PtyPair) -> None:
    write_rig(tmp_path / "bench", "bench-3", line.path)
    ended = rig(tmp_path, "check", "bench-3", "--json")
    findings = {row["what"]: row for row in ended.json()["findings"]}
    assert ended.code == 0 and ended.json()["ready"] is True
    assert [findings[what]["passed"] for what in ("device", "lease", "power", "port", "state")] == [True] * 5
    assert "smets2-reference" in findings["device"]["says"] and findings["link"]["passed"] is None
    assert not (tmp_path / "bench" / ".state" / "bench-3.lease.json").exists()
    out = rig(tmp_path, "check", "bench-3").out
    assert f"✓ port    {line.path} opens, and is ours alone" in out


def test_check_says_what_is_missing_records_it_and_mends_once_it_is_there(
    tmp_path: Path, keys: Path, line: PtyPair
) -> None:
    link = tmp_path / "by-id"
    write_rig(tmp_path / "bench", "bench-3", str(link))
    ended = rig(tmp_path, "check", "bench-3")
    assert ended.code == 1 and "✗ port" in ended.out
    assert f"bench-3 is not ready: port: {link} cannot be opened: nothing of that name is plugged in" in ended.error()
    (record,) = (tmp_path / "bench" / ".state" / "records").iterdir()
    content = json.loads(record.read_bytes())
    assert content["outcome"] == "failed" and content["first_cause"].startswith("port: ")
    assert content["device"] == {"kind": "esme", "eui64": EUI}
    broken = tmp_path / "bench" / ".state" / "bench-3.broken.json"
    broken.write_text("{")
    link.symlink_to(line.path)
    assert "✓ state   mended" in rig(tmp_path, "check", "bench-3").out
    assert not broken.exists()


def test_check_finds_missing_keys_and_a_switch_that_does_not_answer(tmp_path: Path, line: PtyPair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    write_rig(tmp_path / "bench", "bench-3", line.path, power={"kind": "http", "url": url})
    ended = rig(tmp_path, "check", "bench-3", "--json")
    assert ended.code == 1 and ended.json()["ready"] is False
    failed = [row["what"] for row in ended.json()["findings"] if row["passed"] is False]
    assert failed == ["device", "power", "state"]


def test_a_second_user_is_told_who_has_the_rig_and_until_when(tmp_path: Path, keys: Path, line: PtyPair) -> None:
    write_rig(tmp_path / "bench", "bench-3", line.path)
    lease_file(tmp_path)
    for verb in (("check", "bench-3"), ("lease", "bench-3"), ("release", "bench-3")):
        ended = rig(tmp_path, *verb)
        assert ended.code == 1
        assert f"bench-3 is leased by carol on far-away (process {os.getpid()}) until 20" in ended.err


# ---------------------------------------------------------------------- lease, release


def test_a_person_reserves_a_rig_uses_it_and_gives_it_back(tmp_path: Path, keys: Path, line: PtyPair) -> None:
    write_rig(tmp_path / "bench", "bench-3", line.path)
    assert "bench-3 is yours until 20" in rig(tmp_path, "lease", "bench-3", "--for", "30m").out
    row = rig(tmp_path, "list", "--json").json()["rigs"][0]
    assert row["state"] == "leased" and row["lease"]["process"] == 0
    assert rig(tmp_path, "check", "bench-3").code == 0
    assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "leased"
    assert "bench-3 is free; it was leased by" in rig(tmp_path, "release", "bench-3").out
    assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "free"
    assert rig(tmp_path, "release", "bench-3").out == "bench-3 is free already\n"


def test_kick_takes_a_rig_from_anybody(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    lease_file(tmp_path)
    assert "--kick takes it from them" in rig(tmp_path, "release", "bench-3").error()
    assert "bench-3 is free; it was leased by carol" in rig(tmp_path, "release", "bench-3", "--kick").out
    assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "free"


def test_an_expired_lease_hinders_nobody(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    past = utc_now() - 100
    lease_file(tmp_path, taken_at=past, heartbeat_at=past, expires_at=past + 45)
    assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "free"
    assert rig(tmp_path, "lease", "bench-3", "--for", "1h").code == 0


@pytest.mark.parametrize("text", ["2", "h", "0h", "2 h", "-1h", "inf"])
def test_a_time_that_is_none_is_a_wrong_call(tmp_path: Path, text: str) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    ended = rig(tmp_path, "lease", "bench-3", f"--for={text}")
    assert ended.code == 2 and "write it like 90s, 30m, 2h or 1d" in ended.error()


def test_a_command_has_the_rig_while_it_runs_and_its_exit_code_is_ours(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    state = tmp_path / "bench" / ".state" / "bench-3.lease.json"
    code = f"import os, sys; print(open({str(state)!r}).read()); print(os.environ['METERFARM_LEASE']); sys.exit(7)"
    arguments = ["rig", "lease", "bench-3", "--rigs", str(tmp_path / "bench"), "--", sys.executable, "-c", code]
    ended = subprocess.run([*CLI, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 7, ended.stderr
    lease, token = ended.stdout.split("\n\n")
    assert json.loads(lease)["token"] == token.strip() and json.loads(lease)["pid"]
    assert not state.exists()


def test_a_command_that_cannot_be_run_or_runs_too_long_gives_the_rig_back(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    lease = ("rig", "lease", "bench-3", "--rigs", str(tmp_path / "bench"))
    assert "cannot be run" in meterfarm(*lease, "--", str(tmp_path / "none")).error()
    ended = meterfarm(*lease, "--for", "0.2s", "--", "sleep", "60")
    assert ended.code == 1 and "ran longer than the rig was leased for" in ended.error()
    assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "free"


def test_ctrl_c_ends_the_command_and_gives_the_rig_back(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "bench-3", "pty:")
    arguments = ["rig", "lease", "bench-3", "--rigs", str(tmp_path / "bench"), "--", sys.executable, "-uc"]
    code = "import time; print('running'); time.sleep(60)"
    with subprocess.Popen(
        [*CLI, *arguments, code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "running\n"
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130 and err.splitlines()[-1] == "interrupted"
    assert not (tmp_path / "bench" / ".state" / "bench-3.lease.json").exists()


# ---------------------------------------------------------------------- power


def test_power_switches_by_the_rig_file_and_leases_the_rig_meanwhile(tmp_path: Path, line: PtyPair) -> None:
    relay = {"kind": "relay", "port": line.path, "on": "01", "off": "02"}
    write_rig(tmp_path / "bench", "bench-3", "pty:", power=relay, timing={"settle_s": 0.01})
    assert rig(tmp_path, "power", "bench-3", "cycle").out == "bench-3 is on\n"
    assert os.read(line.near, 9) == b"\x02\x01"
    assert rig(tmp_path, "power", "bench-3", "off").out == "bench-3 is off\n"
    assert os.read(line.near, 9) == b"\x02"
    assert "its switch cannot say" in rig(tmp_path, "power", "bench-3").out
    lease_file(tmp_path)
    assert "leased by carol" in rig(tmp_path, "power", "bench-3", "on").error()
    write_rig(tmp_path / "bench", "bench-4", "pty:")
    ended = rig(tmp_path, "power", "bench-4", "off")
    assert ended.code == 2 and "has no [power]" in ended.error()


# ---------------------------------------------------------------------- broker


def test_a_bench_without_a_broker_has_its_own_and_leases_on_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    write_rig(tmp_path / "bench", "bench-3", "pty:", lease={"kind": "mqtt", "port": port})
    arguments = ["rig", "broker", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen([*CLI, *arguments], stdout=subprocess.PIPE, text=True) as broker:
        try:
            assert broker.stdout is not None and broker.stdout.readline() == f"listening on mqtt://127.0.0.1:{port}\n"
            assert "bench-3 is yours until" in rig(tmp_path, "lease", "bench-3", "--for", "1h").out
            assert rig(tmp_path, "list", "--json").json()["rigs"][0]["state"] == "leased"
            assert "it was leased by" in rig(tmp_path, "release", "bench-3").out
            taken = meterfarm("rig", "broker", "--listen", f"127.0.0.1:{port}")
            assert taken.code == 1 and f"no broker on 127.0.0.1:{port}" in taken.error()
        finally:
            broker.terminate()
        assert broker.wait(30) == 0
    assert "nowhere to listen" in meterfarm("rig", "broker", "--listen", "1883").error()
