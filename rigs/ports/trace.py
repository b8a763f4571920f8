"""Every byte that crosses a port, with its time: what is looked at when a device and its maker disagree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from emulator.clock import Stopwatch, wall_time
from gbcs.times import from_datetime

Direction = Literal["rx", "tx"]


class Trace(Protocol):
    """A sink for bytes and for what happens to a port."""

    def record(self, url: str, direction: Direction, data: bytes) -> None:
        """These bytes were received (``rx``) or handed to the line (``tx``)."""

    def note(self, url: str, text: str) -> None:
        """What happened to the port: opened, lost, closed."""


class TraceFile:
    """A trace as lines of JSON: ``t`` (seconds since 2000 UTC), ``port``, and ``direction`` and ``hex``, or ``note``.

    Lines are handed to the system one by one, so that a killed process leaves all of them. The file is its owner's
    alone (0600): sign-on passwords of SMETS1 dialects cross the line as they are.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._out = open(descriptor, "w", encoding="ascii", buffering=1)  # noqa: PTH123, SIM115 - closed by close()
        # The wall clock may be set while a trace runs; times in one file only rise.
        self._began, self._watch = from_datetime(wall_time()), Stopwatch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record(self, url: str, direction: Direction, data: bytes) -> None:
        """See :class:`Trace`."""
        self._write({"port": url, "direction": direction, "hex": data.hex()})

    def note(self, url: str, text: str) -> None:
        """See :class:`Trace`."""
        self._write({"port": url, "note": text})

    def close(self) -> None:
        """Give the file up; later bytes are not written."""
        self._out.close()

    def _write(self, line: dict[str, str]) -> None:
        if not self._out.closed:
            self._out.write(json.dumps({"t": round(self._began + self._watch.seconds, 6), **line}) + "\n")
