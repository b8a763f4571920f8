"""A rig as a lab has it, with fake hardware: keys, a rig file, and an emulated meter in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig_files import write_rig
from shell import meterfarm

METER = "02-4D-46-00-00-00-00-01"
CAPABILITIES = ["export", "full_log"]
QUICK = {"attempts": 2, "answer_timeout_s": 2.0, "spacing_s": 0.1}


@dataclass(slots=True)
class Lab:
    """A folder with ``bench/NAME.toml``, the keys, and the process that plays the device."""

    folder: Path
    keys: Path
    terminal: Path
    device: subprocess.Popen[str] | None = None
    name: str = "bench-1"

    @property
    def bench(self) -> Path:
        """The folder of rig files."""
        return self.folder / "bench"

    def write(self, **sections: Any) -> Lab:
        """Write the rig file; ``sections`` are laid over a meter behind the terminal that is read quickly."""
        device = {"kind": "esme", "eui64": METER, "keys": str(self.keys), "capabilities": CAPABILITIES}
        write_rig(self.bench, self.name, str(self.terminal), **{"device": device, "reading": reading(), **sections})
        return self

    def beside(self, folder: Path, **sections: Any) -> Lab:
        """The same device as seen from another folder, which has never had it."""
        return Lab(folder, self.keys, self.terminal, self.device, self.name).write(**sections)


def make_keys(folder: Path, *options: str) -> Path:
    """Keys of a lab, for two meters."""
    keys = folder / "keys"
    if not keys.exists():
        assert meterfarm("keys", "new", str(keys), "--devices", "2", *options).code == 0
    return keys


def reading(**values: float) -> dict[str, Any]:
    """The section of a rig file that replaces parameters of reading."""
    return {name: {"value": value} for name, value in {**QUICK, **values}.items()}


@contextmanager
def gfi_lab(folder: Path, keys: Path | None = None) -> Iterator[Lab]:
    """A meter behind a GFI line on a pseudo-terminal."""
    lab = Lab(folder, keys or make_keys(folder), folder / "ttyMeter").write()
    command = [sys.executable, "-m", "tools.cli", "emulate", "esme", "--keys", str(lab.keys)]
    with started(*command, "--gfi", f"pty:{lab.terminal}") as lab.device:
        yield lab


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process that says when it listens; killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            ready = process.stdout.readline()
            assert ready.startswith("listening on "), process.stderr.read()
            yield process
        finally:
            process.kill()


HUB = "02-4D-46-C0-00-00-00-01"
INSTALL_CODE = "83fed3407a939723a5c639b26916d505c3b5"


@contextmanager
def ezsp_lab(folder: Path, keys: Path | None = None) -> Iterator[Lab]:
    """A meter on the HAN of a dongle: the rig's module, the meter's and the air between them are fakes."""
    lab = Lab(folder, keys or make_keys(folder), folder / "ttyDongle")
    codes = folder / "codes"
    codes.write_text(f"{METER} {INSTALL_CODE}\n")
    codes.chmod(0o600)
    lab.write(link={"kind": "ezsp", "port": str(lab.terminal), "install_codes": str(codes)})
    script = str(Path(__file__).with_name("ezsp_meter.py"))
    with started(sys.executable, script, str(lab.terminal), str(lab.keys), METER, HUB, INSTALL_CODE) as lab.device:
        yield lab
