"""Rig files: what they may say, and that every mistake is one line with its file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from rig_files import EUI, content, rig, write_rig

from gbcs.errors import LocalError
from rigs.config import DialectLink, Esme, EzspLink, FileLease, LabgridPower, MqttLease, NoPower, RelayPower, Smets1
from rigs.loading import load_rig, load_rigs, read_rig, rig_names, rigs_folder
from rigs.ports import LineSettings

FULL = """
name = "bench-3"
description = "the meter on the left shelf"
trace = true

[device]
kind = "smets1"
dialect = "smets1-iec62056-21"
serial_number = "12345678"

[link]
kind = "dialect"
port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2#1"
line = {baud = 300, data_bits = 7, parity = "even"}
echo = true
secrets = "secrets.toml"

[power]
kind = "relay"
port = "/dev/serial/by-id/relay"
on = "A0 01 01 A2"
off = "A00100A1"

[timing]
join_s = 300

[lease]
kind = "mqtt"
host = "broker"
heartbeat_s = 5
expires_after_s = 20

[reading]
attempts = {value = 2}
"""


def test_a_full_file_becomes_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "bench-3.toml"
    file.write_text(FULL)
    made = read_rig(file)
    assert made.device == Smets1(kind="smets1", dialect="smets1-iec62056-21", serial_number="12345678")
    assert isinstance(made.link, DialectLink) and isinstance(made.power, RelayPower)
    assert made.link.secrets == tmp_path / "secrets.toml"
    assert made.link.line.over(LineSettings(9600)) == LineSettings(300, 7, "even")
    assert made.power.line.over(LineSettings()) == LineSettings(9600)
    assert isinstance(made.lease, MqttLease) and made.lease.expires_after_s == 20
    assert made.timing.join_s == 300 and made.timing.read_s == 120
    assert made.ports == ("/dev/serial/by-id/relay", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2#1")


def test_a_short_file_has_what_most_rigs_need(tmp_path: Path) -> None:
    made = rig(tmp_path)
    assert (made.power, made.lease) == (NoPower(), FileLease())
    assert made.device.kind == "esme" and made.device.eui64.hex() == "90b3d51f30010000"
    assert made.device.keys == tmp_path / "keys"
    assert made.state_folder == tmp_path / ".state"
    assert rig(tmp_path, lease={"kind": "file", "folder": "/srv/leases"}).state_folder == Path("/srv/leases")
    ezsp = rig(tmp_path, link={"kind": "ezsp", "port": "pty:"}).link
    assert isinstance(ezsp, EzspLink) and ezsp.channel == 15


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"name": "other"}, "key name: must be 'bench-3' like the file, not 'other'"),
    ({"colour": 1}, "key colour: is not known (allowed: name, description, device, link, power, timing, lease"),
    ({"link": {"kind": "gfi", "port": "ttyUSB0"}}, "key link.port: 'ttyUSB0' is no port (allowed: /dev/serial/by-id"),
    ({"link": {"kind": "gfi", "port": "pty:", "baud": 1}}, "key link.baud: is not known (allowed: kind, port, line, "),
    ({"link": {"kind": "gfi"}}, "key link.port: is missing"),
    ({"link": {"kind": "can", "port": "pty:"}}, "key link: 'can' is no kind (allowed: ezsp, gfi, dialect)"),
    ({"link": {"port": "pty:"}}, "key link: needs a kind"),
    ({"link": "pty:"}, "key link: a table is needed, not 'pty:'"),
    (
        {"link": {"kind": "gfi", "port": "pty:", "line": {"parity": "mark"}}},
        "key link.line.parity: 'mark' is not known (allowed: none, even, odd)",
    ),
    (
        {"link": {"kind": "gfi", "port": "pty:", "line": {"speed": 9}}},
        "key link.line.speed: is not known (allowed: baud, data_bits, parity, stop_bits, flow_control)",
    ),
    ({"device": {"kind": "esme", "eui64": "90", "keys": "k"}}, "key device.eui64: '90' is not an EUI-64"),
    ({"device": {"kind": "esme", "eui64": 90, "keys": "k"}}, "key device.eui64: an EUI-64 is text like 90-B3"),
    (
        {"device": {"kind": "chf", "eui64": "90B3D51F30010000", "keys": "k", "head_end": "ours"}},
        "key device.head_end: 'ours' is not known (allowed: external)",
    ),
    ({"device": {"kind": "smets1", "dialect": "x"}}, "key link.kind: 'gfi' does not reach a device of kind 'smets1'"),
    ({"power": {"kind": "relay", "port": "pty:", "on": "A", "off": "00"}}, "key power.on: 'A' is no string of bytes"),
    ({"power": {"kind": "http", "url": "ftp://x"}}, "key power.url: String should match pattern"),
    ({"lease": {"kind": "file", "heartbeat_s": 30}}, "key lease: expires_after_s must be twice heartbeat_s"),
    ({"timing": {"join_s": 0}}, "key timing.join_s: should be greater than 0, not 0"),
    ({"timing": {"join_s": float("inf")}}, "key timing.join_s: should be a finite number, not inf"),
    ({"reading": {"attempts": {"value": 0}}}, "key reading: attempts.value: should be greater than or"),
    (
        {"device": {"kind": "esme", "x": 1}},
        "key device.x: is not known (allowed: kind, eui64, keys, firmware, emulated, capabilities) (and 2",
    ),
]


@pytest.mark.parametrize(("sections", "said"), MISTAKES, ids=[said[:40] for _, said in MISTAKES])
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, sections: dict[str, Any], said: str) -> None:
    file = tmp_path / "bench-3.toml"
    file.write_text(tomli_w.dumps({**content("bench-3", "pty:"), **sections}))
    with pytest.raises(LocalError) as caught:
        read_rig(file)
    assert str(caught.value).startswith(f"rig {file}: {said}")
    assert "\n" not in str(caught.value)


def test_what_is_no_toml_or_no_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bench-3.toml"
    file.write_bytes(b"name = \xff")
    with pytest.raises(LocalError, match="cannot be read"):
        read_rig(file)
    file.write_text("name = ")
    with pytest.raises(LocalError, match="is not TOML"):
        read_rig(file)


def test_rigs_are_found_in_the_named_folder_the_environments_or_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERFARM_RIGS", raising=False)
    write_rig(tmp_path / "bench", "one", "pty:")
    write_rig(tmp_path / "lab", "two", "pty:")
    (tmp_path / "lab" / "notes.txt").touch()
    assert rig_names() == ("one",)
    monkeypatch.setenv("METERFARM_RIGS", str(tmp_path / "lab"))
    assert rig_names() == ("two",) and [rig.name for rig in load_rigs()] == ["two"]
    assert rigs_folder(Path("bench")) == Path("bench") and rig_names(Path("bench")) == ("one",)
    with pytest.raises(LocalError, match=r"'one' is no rig of .*lab \(rigs there: two\)"):
        load_rig("one")
    with pytest.raises(LocalError, match="no folder of rig files: No such file or directory"):
        rig_names(Path("nowhere"))


def test_a_rig_says_the_same_when_written_and_read_again(tmp_path: Path) -> None:
    made = rig(tmp_path, power={"kind": "labgrid", "place": "shelf-2"})
    assert isinstance(made.power, LabgridPower)
    text = tomli_w.dumps(made.model_dump(mode="json", exclude_none=True))
    (tmp_path / "bench-3.toml").write_text(text)
    assert read_rig(tmp_path / "bench-3.toml") == made
    assert tomllib.loads(text)["device"]["eui64"] == "90-B3-D5-1F-30-01-00-00"


def test_capabilities_are_those_that_tests_can_ask_for(tmp_path: Path) -> None:
    device = {"kind": "esme", "eui64": EUI, "keys": "keys", "emulated": True, "capabilities": ["full_log", "export"]}
    loaded = rig(tmp_path, device=device).device
    assert isinstance(loaded, Esme) and loaded.emulated and loaded.capabilities == ("full_log", "export")
    with pytest.raises(LocalError, match="'teleport' is no capability"):
        rig(tmp_path, device={**device, "capabilities": ["teleport"]})
