"""``meterfarm rig read``: what is read of a served meter is what it holds; mistakes are one line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shell import meterfarm

from gbcs.errors import LocalError
from gbcs.times import iso
from rigs.config import FileLease
from rigs.leases import lease_store
from rigs.leases.lease import new_lease
from tools.rig.ranges import half_hours

DAY = "2026-11-23"
MODE_C, WRAPPER = "smets1-iec62056-21", "smets1-dlms"


@contextmanager
def serving(profile: str, listen: str) -> Iterator[str]:
    """The port that leads to a meter in a process of its own."""
    command = [sys.executable, "-m", "tools.cli", "emulate", profile, "--listen", listen, "--day", DAY, "--no-paced"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().removeprefix("listening on ").strip()
            yield address.replace("tcp:", "socket:") if address.startswith("tcp:") else address.removeprefix("pty:")
        finally:
            process.kill()


def rig_file(folder: Path, port: str, dialect: str = WRAPPER, **link: str) -> None:
    more = "".join(f'{key} = "{value}"\n' for key, value in link.items())
    text = f'name = "bench-1"\n[device]\nkind = "smets1"\ndialect = "{dialect}"\n'
    (folder / "bench-1.toml").write_text(f'{text}[link]\nkind = "dialect"\nport = "{port}"\n{more}')


def secrets_file(folder: Path, profile: str) -> Path:
    """The test secrets that emulate shows, as a lab would write down its own."""
    shown = meterfarm("emulate", profile, "--test-keys", "--json").json()
    file = folder / "meter.toml"
    passwords = "".join(f'{name} = "{text}"\n' for name, text in shown["passwords"].items())
    keys = f'encryption_key = "{shown["encryption_key"]}"\nauthentication_key = "{shown["authentication_key"]}"\n'
    file.write_text(f"{keys}[passwords]\n{passwords}")
    file.chmod(0o600)
    return file


def test_a_meter_on_a_terminal_without_a_rig_file() -> None:
    printed = meterfarm("emulate", MODE_C, "--day", DAY, "--print", "--json").json()
    with serving(MODE_C, "pty:") as port:
        ended = meterfarm(
            "rig", "read", "--port", port, "--dialect", MODE_C, "--test-secrets", "--from", DAY,
            "--what", "profile,register,clock", "--json",
        )  # fmt: skip
        assert ended.code == 0, ended.err
        shown = meterfarm("rig", "read", "--port", port, "--dialect", MODE_C, "--what", "register,clock").out
    found = ended.json()
    assert found["rows"] == printed["rows"] and found["meter"] == printed["meter"]
    assert (found["name"], found["dialect"]) == (MODE_C, "iec62056-21")
    assert found["clock_utc"].startswith("2026-11-24T06:0")
    assert f"{found['registers']['active_import_wh']:,}" in shown and "2026-11-24T06:0" in shown


def test_a_rig_with_a_file_of_secrets_and_counters_that_are_kept(tmp_path: Path) -> None:
    secrets_file(tmp_path, WRAPPER)
    with serving(WRAPPER, "tcp://127.0.0.1:0") as port:
        rig_file(tmp_path, port, secrets="meter.toml", client="management")
        for _ in range(2):
            ended = meterfarm("rig", "read", "bench-1", "--rigs", str(tmp_path), "--from", DAY, "--json")
            assert ended.code == 0, ended.err
            assert len(ended.json()["rows"]) == 48
    assert (tmp_path / ".state" / "bench-1.invocations.json").exists()
    records = [json.loads(file.read_text()) for file in (tmp_path / ".state" / "records").glob("*.json")]
    assert [one["outcome"] for one in records] == ["passed", "passed"]
    assert {one["name"] for one in records[0]["measurements"]} == {"session_s", "bytes_up"}


def test_a_rig_that_somebody_has_is_refused_and_given_back(tmp_path: Path) -> None:
    rig_file(tmp_path, "socket://127.0.0.1:9", MODE_C)
    store, read = lease_store(FileLease(), tmp_path / ".state"), ("rig", "read", "bench-1", "--rigs", str(tmp_path))
    theirs = asyncio.run(store.take(new_lease("bench-1", 60.0)))
    refused = meterfarm(*read)
    assert refused.code == 1 and "bench-1" in refused.error() and "is lost" not in refused.err
    asyncio.run(store.release(theirs))
    assert "nobody listens there" in meterfarm(*read).error()
    assert asyncio.run(store.holder("bench-1")) is None


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    rig_file(tmp_path, "socket://127.0.0.1:9")
    here = ("--rigs", str(tmp_path))
    for arguments, told in (
        ((), "name a rig, or say --port URL and --dialect PROFILE"),
        (("bench-1", "--port", "/dev/null"), "not both"),
        (("bench-2", *here), "'bench-2' is no rig"),
        (("bench-1", *here, "--what", "weather"), "'weather' cannot be read (allowed: profile, register, clock)"),
        (("bench-1", *here, "--srv", "9.9"), "'9.9' is no service request"),
        (("bench-1", *here, "--srv", "4.8.1", "--what", "clock"), "say one of"),
        (("bench-1", *here, "--use-case", "ECS22b"), "are for SMETS2 meters"),
        (("bench-1", *here, "--from", "yesterday"), "write a day like 2026-11-23"),
        (("--port", "com1", "--dialect", MODE_C), "is no port"),
        (("--port", "/dev/null", "--dialect", "morse"), "'morse' is no profile"),
        (("bench-1", *here, "--secrets", str(tmp_path / "none")), "cannot be read"),
    ):
        ended = meterfarm("rig", "read", *arguments)
        assert ended.code == 2 and told in ended.error(), arguments
    lost = meterfarm("rig", "read", "bench-1", *here, "--test-secrets")
    assert lost.code == 1 and "nobody listens there" in lost.error()


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        ("2026-11-23", "", "2026-11-23T00:30:00Z", "2026-11-24T00:00:00Z"),
        ("2026-11-23", "2026-11-24", "2026-11-23T00:30:00Z", "2026-11-25T00:00:00Z"),
        ("2026-11-23T12:00", "", "2026-11-23T12:00:00Z", "2026-11-24T00:00:00Z"),
        ("2026-11-23T12:00", "2026-11-23T13:00", "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"),
        ("2026-07-01T01:00+01:00", "2026-07-01T12:00+00:00", "2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z"),
    ],
)
def test_which_half_hours_are_meant(since: str, until: str, first: str, last: str) -> None:
    found = half_hours(since, until)
    assert tuple(map(iso, found)) == (first, last)


@pytest.mark.parametrize(
    ("since", "until"), [("", "2026-11-23"), ("2026-11-23", "2026-11-22"), ("1999-01-01", ""), ("x", "")]
)
def test_what_is_no_range_is_refused(since: str, until: str) -> None:
    with pytest.raises(LocalError):
        half_hours(since, until)


def test_check_signs_on(tmp_path: Path) -> None:
    secrets_file(tmp_path, MODE_C)
    with serving(MODE_C, "pty:") as port:
        rig_file(tmp_path, port, MODE_C, secrets="meter.toml")
        ended = meterfarm("rig", "check", "bench-1", "--rigs", str(tmp_path), "--json")
        assert ended.code == 0, ended.err
    says = {one["what"]: one["says"] for one in ended.json()["findings"]}
    assert says["meter"].startswith("21000001; its clock shows 2026-11-24T06:0")
    rig_file(tmp_path, "socket://127.0.0.1:9", WRAPPER)
    missing = meterfarm("rig", "check", "bench-1", "--rigs", str(tmp_path), "--json")
    assert missing.code == 1 and "nobody listens there" in missing.err
