"""The folder of one run: what was asked for, what came of it, and with which versions.

::

    Run_2026-11-24_15-04-05/
        scenario.toml     the scenario as used: reading it again gives the same run
        summary.json      what ``meterfarm run --json`` prints; written when the run starts and when it ends
        results.duckdb    reads, values, gaps (:mod:`emulator.store`)
        trace.jsonl       every message, on request
        report.html       written by the tools from the files above

``summary.json`` holds ``status``: "running" (also what a killed run leaves), "complete" or "interrupted".
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cryptography.hazmat.backends.openssl.backend import backend

from gbcs.errors import LocalError

Status = Literal["running", "complete", "interrupted"]
Direction = Literal["down", "up"]

SCENARIO_FILE = "scenario.toml"
SUMMARY_FILE = "summary.json"
TRACE_FILE = "trace.jsonl"
REPORT_FILE = "report.html"

_LIBRARIES = ("meterfarm", "construct", "cryptography", "numpy", "duckdb")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """An existing run folder. :func:`create` makes a new one, :func:`open_folder` finds one that is there."""

    path: Path

    def write_summary(self, summary: Mapping[str, Any], *, status: Status) -> Path:
        """Replace ``summary.json`` at one stroke: a reader sees the old or the new one, never half of it."""
        file = self.path / SUMMARY_FILE
        draft = file.with_suffix(".json.new")
        try:
            self._draft(draft, {"status": status, **{k: v for k, v in summary.items() if k != "status"}})
            draft.replace(file)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise LocalError(f"{file} cannot be written: {error.strerror}") from None
        return file

    @staticmethod
    def _draft(draft: Path, summary: Mapping[str, Any]) -> None:
        with draft.open("w", encoding="utf-8") as out:
            json.dump(summary, out, indent=2)
            out.write("\n")
            out.flush()
            os.fsync(out.fileno())

    def read_summary(self) -> dict[str, Any]:
        """The summary as last written. Raises LocalError when there is none or it is no JSON object."""
        file = self.path / SUMMARY_FILE
        try:
            summary = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LocalError(f"{self.path} is no run folder: it holds no {SUMMARY_FILE}") from None
        except (ValueError, OSError) as error:
            raise LocalError(f"{file} cannot be read: {error}") from None
        if not isinstance(summary, dict):
            raise LocalError(f"{file} holds no JSON object")
        return summary

    def trace(self) -> TraceWriter:
        """A writer for ``trace.jsonl``; the caller closes it."""
        return TraceWriter(self.path / TRACE_FILE)


def create(root: Path, scenario_toml: str, *, started: datetime) -> RunFolder:
    """Make ``root/Run_<date>_<time>`` (``_2``, ``_3`` ... when taken) and write the scenario as used into it.

    ``started`` is the wall-clock time that names the folder; nothing else of the run depends on it.
    """
    path = numbered_folder(root, "Run", started)
    (path / SCENARIO_FILE).write_text(scenario_toml, encoding="utf-8")
    return RunFolder(path)


def numbered_folder(root: Path, kind: str, started: datetime) -> Path:
    """Make ``root/KIND_<date>_<time>``, with ``_2``, ``_3`` ... where it is taken."""
    name = started.strftime(f"{kind}_%Y-%m-%d_%H-%M-%S")
    root.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = root / (name if number == 1 else f"{name}_{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def open_folder(path: Path) -> RunFolder:
    """A run folder made earlier. Raises LocalError when ``path`` holds no summary."""
    folder = RunFolder(path)
    folder.read_summary()
    return folder


def versions() -> dict[str, str]:
    """What computed the run: Python, this distribution, the libraries that decide bytes and results, and OpenSSL."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["openssl"] = backend.openssl_version_text()
    return found


class TraceWriter:
    """Writes one message a line: ``t`` (seconds since 2000), direction, premises, device, srv, use_case, hex, decoded.

    ``decoded`` is absent unless given. Lines stand in the order of the calls; :meth:`close` completes the file.
    """

    def __init__(self, file: Path) -> None:
        self.path = file
        self._out = file.open("w", encoding="utf-8", buffering=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(
        self,
        t: float,
        direction: Direction,
        premises: int,
        device: str,
        srv: str,
        use_case: str,
        message: bytes,
        decoded: Mapping[str, Any] | None = None,
    ) -> None:
        """Add one message: its GBCS bytes as they crossed the network; ``decoded`` is anything JSON can hold."""
        line = (
            f'{{"t":{float(t)!r},"direction":"{direction}","premises":{premises},"device":"{device}",'
            f'"srv":"{srv}","use_case":"{use_case}","hex":"{message.hex()}"'
        )
        tail = "}\n" if decoded is None else f',"decoded":{json.dumps(decoded, default=str)}}}\n'
        self._out.write(line + tail)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._out.close()
