"""``meterfarm rig read`` of a SMETS2 meter on a GFI line, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import meterfarm

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


def test_mistakes_are_one_line(bench: Path) -> None:
    for asked, told in (
        (("--what", "clock"), "'clock' of a SMETS2 meter is not read here"),
        (("--use-case", "ECS99"), "ECS99"),
        (("--srv", "8.11"), "8.11"),
        (("--as", "TOM"), "no user 'TOM' (it has: IS"),
        (("--use-case", "ECS17b", "--as", "MDR"), "gives role MDR no access"),
    ):
        ended = meterfarm(*read(bench, *asked))
        assert ended.code == 2 and told in ended.error(), (asked, ended.err)
