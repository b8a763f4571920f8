"""Starts the peers: other people's libraries, in processes of their own, never imported here.

They are the optional extra ``peers``. ``METERFARM_PEERS_PYTHON`` names an interpreter that has them; without it, it is
the one that runs. bellows cannot live beside us (it brings a package ``tools`` that hides ours):
``METERFARM_BELLOWS_PYTHON`` names the interpreter that has it, which ``tox run -e bellows`` makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gbcs.errors import LocalError, RemoteError

PYTHON = "METERFARM_PEERS_PYTHON"
BELLOWS_PYTHON = "METERFARM_BELLOWS_PYTHON"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: the module that shows that it is there, the script that runs it, and its licence."""

    module: str
    script: str
    licence: str
    python: str = PYTHON
    """The variable that names the interpreter."""


PEERS = {
    "gurux-dlms": Peer("gurux_dlms", "dlms_gurux.py", "GPL-2.0"),
    "dlms-cosem": Peer("dlms_cosem", "dlms_cosem_client.py", "BUSL-1.1"),
    "pydlms-client": Peer("pydlms", "dlms_pydlms.py", "GPL-3.0-only"),
    "iec62056-21": Peer("iec62056_21", "iec62056_21_reader.py", "BSD-3-Clause"),
    "bellows": Peer("bellows", "ezsp_bellows.py", "GPL-3.0", BELLOWS_PYTHON),
    "iec62056-21 as a meter": Peer("iec62056_21", "iec62056_21_server.py", "BSD-3-Clause"),
}


def interpreter(name: str) -> str:
    """The Python that runs a peer."""
    return os.environ.get(PEERS[name].python) or sys.executable


@cache
def installed(name: str) -> bool:
    """Whether a peer can be run."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({PEERS[name].module!r}) is None)"
    return subprocess.run([interpreter(name), "-I", "-c", look], check=False).returncode == 0  # noqa: S603 - our own words


def need(*names: str) -> None:
    """Raises LocalError where a peer is not installed."""
    missing = [name for name in names if not installed(name)]
    if missing:
        raise LocalError(
            f"{', '.join(missing)} is not installed: pip install 'meterfarm[peers]', or say in {PYTHON} who has it"
        )


def ask(name: str, order: Mapping[str, Any], timeout_s: float = 120.0) -> dict[str, Any]:
    """What a peer answers to an order. Raises RemoteError with the last line of its complaint."""
    done = subprocess.run(  # noqa: S603 - our own script
        _command(name), input=json.dumps(order) + "\n", capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode:
        raise RemoteError(f"{name}: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    # Some print notes of their own first.
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


@contextmanager
def serving(name: str, order: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """A peer that serves: its process id and its port."""
    with announcing(name, order) as (pid, said):
        yield pid, int(said["port"])


@contextmanager
def announcing(name: str, order: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """A peer that serves: its process id and what it says of where."""
    with subprocess.Popen(  # noqa: S603 - our own script
        _command(name), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            process.stdin.write(json.dumps({**order, "serve": True}) + "\n")
            process.stdin.flush()
            yield process.pid, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _command(name: str) -> list[str]:
    return [interpreter(name), "-I", str(_FOLDER / PEERS[name].script)]
