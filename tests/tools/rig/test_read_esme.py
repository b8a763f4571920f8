"""``meterfarm rig read`` of a SMETS2 meter on a GFI line, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import meterfarm

from gbcs.reads import ReadValues
from tools.rig.registers import named_registers

DAY = "2026-11-23"
DEVICE = "024d460000000001"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the file of a rig whose meter answers."""
    folder = tmp_path_factory.mktemp("bench")
    assert meterfarm("keys", "new", str(folder / "keys"), "--devices", "1").code == 0
    command = [sys.executable, "-m", "tools.cli", "emulate", "esme", "--gfi", "tcp://127.0.0.1:0", "--day", DAY]
    with subprocess.Popen(
        [*command, "--keys", str(folder / "keys")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().removeprefix("listening on tcp:").strip()
            (folder / "bench-3.toml").write_text(
                f'name = "bench-3"\n[device]\nkind = "esme"\neui64 = "{DEVICE}"\nkeys = "keys"\nemulated = true\n'
                f'[link]\nkind = "gfi"\nport = "socket:{port}"\n'
            )
            yield folder
        finally:
            process.kill()


def read(bench: Path, *arguments: str) -> tuple[str, ...]:
    return ("rig", "read", "bench-3", "--rigs", str(bench), "--from", DAY, *arguments)


def test_half_hours_are_those_that_emulate_prints(bench: Path) -> None:
    printed = meterfarm("emulate", "esme", "--keys", str(bench / "keys"), "--day", DAY, "--print", "--json").json()[
        "rows"
    ]
    ended = meterfarm(*read(bench, "--json"))
    assert ended.code == 0, ended.err
    found = ended.json()
    assert found["rows"] == printed
    assert (found["use_case"], found["role"], found["code"], found["attempts"]) == ("ECS22b", "IS", 0, 1)
    assert found["device"] == "02-4D-46-00-00-00-00-01" and found["bytes_up"] > 500
    shown = meterfarm(*read(bench)).out
    assert all(row["at_utc"] in shown for row in printed)


@pytest.mark.parametrize(
    ("asked", "use_case", "role"),
    [
        (("--srv", "4.8.3"), "ECS22a", "ES"),
        (("--use-case", "ECS22b", "--as", "MDR"), "ECS22b", "MDR"),
        (("--what", "register"), "ECS17b", "IS"),
        (("--srv", "4.6.1"), "ECS21a", "IS"),
    ],
)
def test_other_reads_by_who_may(bench: Path, asked: tuple[str, ...], use_case: str, role: str) -> None:
    ended = meterfarm(*read(bench, "--json", *asked))
    assert ended.code == 0, ended.err
    found = ended.json()
    assert (found["use_case"], found["role"]) == (use_case, role)
    assert found.get("rows") or found.get("registers")


def test_registers_have_names_and_units(bench: Path) -> None:
    found = meterfarm(*read(bench, "--json", "--what", "register")).json()["registers"]
    assert list(found) == ["active_import_wh", "reactive_import_varh"] and all(value > 0 for value in found.values())
    (line,) = (one for one in meterfarm(*read(bench, "--what", "register")).out.splitlines() if "reactive" in one)
    assert "reactive_import" in line and f"{found['reactive_import_varh']:,}" in line and "varh" in line
    exported = meterfarm(*read(bench, "--json", "--srv", "4.2")).json()["registers"]
    assert list(exported) == ["active_export_wh", "reactive_export_varh"]


def test_scalers_are_applied_and_what_is_not_known_is_numbered() -> None:
    values = ReadValues(0, registers=((1234, 2, 30), (5678, -1, 32), (9, None, None), (7, 0, 99)))
    found = {one.name: one.value for one in named_registers("ECS17b", values)}
    assert found == {
        "active_import_wh": 123_400,
        "reactive_import_varh": 567.8,
        "secondary_active_import": 9,
        "register_4_unit_99": 7,
    }


def test_mistakes_are_one_line(bench: Path) -> None:
    for asked, told in (
        (("--what", "clock"), "meterfarm rig compare says how far it is off"),
        (("--use-case", "ECS99"), "ECS99"),
        (("--srv", "8.11"), "8.11"),
        (("--as", "TOM"), "no user 'TOM' (it has: IS"),
        (("--use-case", "ECS17b", "--as", "MDR"), "gives role MDR no access"),
    ):
        ended = meterfarm(*read(bench, *asked))
        assert ended.code == 2 and told in ended.error(), (asked, ended.err)
