"""``meterfarm emulate``: lists, prints what it serves, serves until it is interrupted, and names mistakes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from dlms_meters import PROFILE, PUBLIC, aarq, get, initiate, wrapped
from shell import meterfarm

from emulator.smets1.dlms.rows import layout
from emulator.smets1.profile import shipped
from gbcs.times import iso

DAY = "2026-11-23"


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    command = [sys.executable, "-m", "tools.cli", "emulate", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


def ask(connection: socket.socket, apdu: bytes) -> bytes:
    connection.sendall(wrapped(PUBLIC, 1, apdu))
    answer = b""
    while len(answer) < 8 or len(answer) < 8 + int.from_bytes(answer[6:8], "big"):
        answer += connection.recv(65536)
    return answer[8:]


def test_the_list_names_every_profile_with_its_dialects_and_marks() -> None:
    listed = meterfarm("emulate", "--list", "--json").json()["profiles"]
    assert [one["id"] for one in listed] == list(shipped())
    assert all(one["speaks"] and one["confidence"] in "HMLA" and one["source"] for one in listed)
    shown = meterfarm("emulate", "--list").out
    assert all(name in shown for name in shipped()) and "no maker's own protocol is public" in shown


@pytest.mark.parametrize("profile", shipped())
def test_the_day_is_printed(profile: str) -> None:
    printed = meterfarm("emulate", profile, "--day", DAY, "--print", "--json").json()
    assert printed["profile"] == profile
    stamps = [row["at_utc"] for row in printed["rows"]]
    assert (len(stamps), stamps[0], stamps[-1]) == (48, "2026-11-23T00:30:00Z", "2026-11-24T00:00:00Z")
    assert sum(row["active_import_wh"] for row in printed["rows"]) > 1000
    assert all(one["confidence"] in "HMLA" and one["source"] for one in printed["choices"])
    again = meterfarm("emulate", "smets1-dlms", "--day", DAY, "--print", "--json").json()
    assert again["rows"] == printed["rows"]


def test_the_table_shows_the_same() -> None:
    shown = meterfarm("emulate", "smets1-dlms", "--day", DAY, "--print").out
    rows = meterfarm("emulate", "smets1-dlms", "--day", DAY, "--print", "--json").json()["rows"]
    assert all(row["at_utc"] in shown and str(row["active_import_wh"]) in shown for row in rows)


def test_what_is_served_is_what_is_printed_and_ctrl_c_ends_it() -> None:
    printed = meterfarm("emulate", "smets1-dlms", "--day", DAY, "--print", "--json").json()["rows"]
    with serving("smets1-dlms", "--listen", "tcp://127.0.0.1:0", "--day", DAY) as (process, out):
        ready = out.readline()
        assert ready.startswith("listening on tcp://127.0.0.1:")
        with socket.create_connection(("127.0.0.1", int(ready.rpartition(":")[2])), timeout=20) as connection:
            assert ask(connection, aarq(initiate()))[0] == 0x61
            answer = ask(connection, get(PROFILE, 7, 2))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None and "Traceback" not in process.stderr.read()
    rows = layout(("clock", "active_import", "active_export")).decode(answer[4:])
    assert [
        {"at_utc": iso(stamp), "active_import_wh": imported, "active_export_wh": exported}
        for stamp, imported, exported in rows.tolist()
    ] == printed


def test_many_meters_have_ports_and_numbers_of_their_own() -> None:
    with serving("smets1-dlms", "--listen", "tcp://127.0.0.1:0", "--day", DAY, "--meters", "3") as (_, out):
        ports = [int(out.readline().rpartition(":")[2]) for _ in range(3)]
        numbers = set()
        for port in ports:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                ask(connection, aarq(initiate()))
                numbers.add(ask(connection, get(bytes.fromhex("0000600100ff"), 1, 2))[6:].decode())
    assert len(set(ports)) == 3
    assert numbers == {"21E0000001", "21E0000002", "21E0000003"}


def test_a_pseudo_terminal_is_named() -> None:
    with serving("smets1-dlms-hdlc", "--listen", "pty:", "--day", DAY) as (process, out):
        assert out.readline().startswith("listening on pty:/dev/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_test_secrets_are_shown_only_when_asked_for() -> None:
    secrets = meterfarm("emulate", "smets1-dlms", "--test-keys", "--json").json()
    assert len(secrets["encryption_key"]) == len(secrets["authentication_key"]) == 32
    assert secrets["passwords"] == {"reader": "12345678"} and len(secrets["system_title"]) == 16
    for other in (["--print", "--json"], ["--print"]):
        out = meterfarm("emulate", "smets1-dlms", "--day", DAY, *other).out
        assert secrets["encryption_key"] not in out
    assert secrets["encryption_key"] in meterfarm("emulate", "smets1-dlms", "--test-keys").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a profile"),
        (["smets1-telex"], "'smets1-telex' is no profile"),
        (["smets1-dlms", "--day", "23.11.2026"], "'23.11.2026' is no day"),
        (["smets1-dlms", "--day", "1999-01-01"], "before 2000-01-02"),
        (["smets1-dlms", "--listen", "udp://x"], "'udp://x' is no endpoint"),
        (["smets1-dlms", "--dialect", "edmi"], "does not speak 'edmi'"),
        (["smets1-dlms", "--listen", "tcp://127.0.0.1:65535", "--meters", "2"], "above 65535"),
        (["smets1-dlms-hdlc", "--listen", "serial:/dev/none"], "/dev/none"),
        (["smets1-dlms-hdlc", "--listen", "serial:/dev/none", "--meters", "2"], "one serial port"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], says: str) -> None:
    ended = meterfarm("emulate", *arguments)
    assert ended.code == 2
    assert says in ended.err.splitlines()[-1] and ended.err.splitlines()[-1].startswith("error: ")


def test_a_day_that_is_not_over_yet_is_printed_whole() -> None:
    printed = meterfarm("emulate", "smets1-dlms", "--day", "2049-02-03", "--print", "--json").json()
    assert len(printed["rows"]) == 48 and json.dumps(printed["rows"])
