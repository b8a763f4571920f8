"""The guide "your first rig": every command in it, in its order, on fake hardware; only device paths are replaced."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_rigs import started
from shell import Ended, meterfarm

import gbcs
import rigs

GUIDE = (Path(rigs.__file__).parent / "FIRST_RIG.md").read_text(encoding="utf-8")
PACKAGES = Path(gbcs.__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what stands behind that, and its text."""

    language: str
    rest: str
    text: str


def blocks() -> Iterator[Block]:
    for language, rest, text in re.findall(r"^```(\w+) ?(.*?)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE):
        yield Block(language, rest, text)


@dataclass(slots=True)
class Reader:
    """Somebody who does what the guide says."""

    folder: Path
    stack: ExitStack
    terminal: Path
    done: list[str] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        text = re.sub(r"/dev/serial/\S+?(?=\")|/tmp/first-meter", str(self.terminal), block.text)
        if block.language == "toml":
            Path(block.rest).write_text(text, encoding="utf-8")
            return
        assert block.language == "sh", block
        for line in text.splitlines():
            self.type(line, in_background=block.rest == "background")

    def type(self, line: str, *, in_background: bool) -> None:
        """One line of the shell."""
        program, *arguments = shlex.split(line)
        if in_background and program == "cd":
            assert arguments == [Path.cwd().name]  # another terminal begins where this one did
            return
        self.done.append(line)
        if in_background:
            assert program == "meterfarm"
            self.stack.enter_context(started(sys.executable, "-m", "tools.cli", *arguments))
        elif line == "meterfarm rig suggest":
            assert meterfarm(*arguments).code in (0, 1)  # by what is plugged in here
        elif program == "meterfarm":
            self.check(line, meterfarm(*arguments))
        elif program == "pytest":
            self.check(line, self.pytest(*arguments))
        elif program == "cd":
            os.chdir(arguments[0])
        else:
            subprocess.run([program, *arguments], check=True)

    def pytest(self, *arguments: str) -> Ended:
        command = [sys.executable, "-m", "pytest", "-p", "rigs.pytest_plugin", "-p", "no:cacheprovider", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        return Ended(done.returncode, done.stdout, done.stderr)

    @staticmethod
    def check(line: str, ended: Ended) -> None:
        assert ended.code == 0, f"{line}\n{ended.out}\n{ended.err}"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERFARM_RIGS", raising=False)
    with ExitStack() as stack:
        yield Reader(tmp_path, stack, tmp_path / "ttyFirst")


def test_every_command_of_the_guide_works(reader: Reader) -> None:
    for block in blocks():
        reader.follow(block)
    verbs = {tuple(line.split()[:3]) for line in reader.done if line.startswith("meterfarm rig ")}
    assert {verb for *_, verb in verbs} == {
        "suggest", "list", "check", "lease", "read", "compare", "soak", "release",
    }  # fmt: skip
    left = Path("bench") / ".state"
    assert list(left.glob("records/*.json")) and list(left.glob("*.soak-*.json")) and Path("bench-1.xml").is_file()
    (listed,) = meterfarm("rig", "list", "--json").json()["rigs"]
    assert listed["state"] == "free", listed


def test_nothing_is_shown_as_a_command_that_is_not_run() -> None:
    shown = re.findall(r"^```(.*)$", GUIDE, re.MULTILINE)[::2]
    assert set(shown) == {"sh", "sh background", "toml bench/bench-1.toml"}
