"""What is kept of each use of a rig: one JSON file, also where the set-up failed.

::

    {"rig": "bench-3", "outcome": "broken", "first_cause": "PortLost: ...", "device": {...}, "firmware": "...",
     "states": [{"state": "powered", "at_utc": "..."}], "measurements": [{"name": "first_read_s", "value": 1.2,
     "unit": "s", "low": null, "high": 30.0, "passed": true}], "attachments": [{"file": ..., "sha256": ...}], ...}
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from emulator.clock import utc_now
from gbcs import eui64
from gbcs.errors import GbcsError, LocalError
from gbcs.times import iso, to_datetime
from rigs.config import RigConfig, Smets1
from rigs.errors import LeaseLost, PortMissing
from rigs.files import make_shared, user, write_whole
from rigs.leases.lease import Refused
from rigs.states import State

Outcome = Literal["passed", "failed", "broken", "no port", "refused", "lease lost", "interrupted", "fault"]

RECORDS: Final = "records"
"""The folder of records, in the state folder."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value with its unit and the limits that it must keep; a limit that is None is none."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the value keeps its limits; one that is no number keeps none."""
        within = (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)
        return within and not math.isnan(self.value)

    def content(self) -> dict[str, Any]:
        """What a record says of it; JSON has no words for infinity and what is no number."""
        value = self.value if math.isfinite(self.value) else str(self.value)
        return {**asdict(self), "value": value, "passed": self.passed}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a record: its digest says whether it is still the same."""

    file: str
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class Record:
    """A record in the making; :func:`recording` writes it, whatever happens."""

    rig: str
    device: dict[str, str]
    firmware: str
    started: float
    states: list[tuple[State, float]] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    first_cause: str = ""
    """Why it failed; whoever finds a fault without an error of its own says so here."""
    path: Path | None = None

    def reached(self, state: State) -> None:
        """The rig is this far, now."""
        self.states.append((state, utc_now()))

    def measure(
        self, name: str, value: float, unit: str, *, low: float | None = None, high: float | None = None
    ) -> Measurement:
        """Add a measurement; what it came to."""
        measurement = Measurement(name, value, unit, low, high)
        self.measurements.append(measurement)
        return measurement

    def attach(self, file: Path) -> None:
        """Add a file as it is now. Raises LocalError where it cannot be read."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise LocalError(f"{file} cannot be attached: {error.strerror}") from None
        self.attachments.append(Attachment(str(file), hashlib.sha256(content).hexdigest(), len(content)))

    def content(self, outcome: Outcome) -> dict[str, Any]:
        """What the file says."""
        return {
            "rig": self.rig,
            "outcome": outcome,
            "first_cause": self.first_cause,
            "device": self.device,
            "firmware": self.firmware,
            "owner": user(),
            "host": socket.gethostname(),
            "started_utc": iso(self.started),
            "ended_utc": iso(utc_now()),
            "states": [{"state": str(state), "at_utc": iso(at)} for state, at in self.states],
            "measurements": [one.content() for one in self.measurements],
            "attachments": [asdict(one) for one in self.attachments],
        }


@contextmanager
def recording(rig: RigConfig) -> Iterator[Record]:
    """A record of what is done with a rig while the context lasts, written at its end; errors go on their way.

    ``path`` of the record is the file afterwards. Raises RigError where it cannot be written.
    """
    record = Record(rig.name, _identity(rig), _firmware(rig), utc_now())
    outcome: Outcome = "fault"
    try:
        yield record
        kept = all(one.passed for one in record.measurements)
        outcome = "passed" if kept and not record.first_cause else "failed"
    except BaseException as error:
        outcome = _outcome(error)
        record.first_cause = record.first_cause or f"{type(error).__name__}: {error}"
        raise
    finally:
        record.path = _write(rig.state_folder / RECORDS, record, outcome)


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, LocalError | Refused):
        return "refused"
    if isinstance(error, LeaseLost):
        return "lease lost"
    if isinstance(error, PortMissing):
        return "no port"
    if isinstance(error, AssertionError):
        return "failed"
    return "broken" if isinstance(error, GbcsError | OSError) else "fault"


def _identity(rig: RigConfig) -> dict[str, str]:
    """What tells the device from others of its kind."""
    if isinstance(rig.device, Smets1):
        return {"kind": rig.device.kind, "serial_number": rig.device.serial_number}
    return {"kind": rig.device.kind, "eui64": eui64.show(rig.device.eui64)}


def _firmware(rig: RigConfig) -> str:
    return rig.device.dialect if isinstance(rig.device, Smets1) else rig.device.firmware


def _write(folder: Path, record: Record, outcome: Outcome) -> Path:
    """Write a record under a name of its own."""
    make_shared(folder)
    stem = f"{record.rig}_{to_datetime(record.started):%Y-%m-%d_%H-%M-%S}"
    number = 1
    while (path := folder / (f"{stem}.json" if number == 1 else f"{stem}_{number}.json")).exists():
        number += 1
    write_whole(path, json.dumps(record.content(outcome), indent=2).encode() + b"\n")
    return path
