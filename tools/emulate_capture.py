"""``meterfarm emulate --from-capture``: a device in the state that a capture shows, behind a GFI line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from emulator.recorded import Captured, RecordedDevice, exchanges_of, record_devices
from emulator.recorded.device import ASSUMPTIONS
from emulator.smets1.serve import running_from
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from gbcs.times import iso
from tools.emulate_esme import serve_core
from tools.output import emit_json, stderr_console, stdout_console
from tools.recordings import read_messages


@dataclass(frozen=True, slots=True)
class Recorded:
    """One device of a capture, and what the capture held besides."""

    device: RecordedDevice
    captured: Captured


def load_recorded(path: Path, keys: Path | None, keys_file: Path | None, device: str) -> Recorded:
    """The device of a capture. Raises LocalError where it holds none, or several and none is named."""
    captured = exchanges_of(read_messages(path, keys_file))
    devices = captured.devices
    names = ", ".join(eui64.show(eui) for eui in devices[:8]) + (", ..." if len(devices) > 8 else "")
    if not devices:
        raise LocalError(f"{path}: no command with its answer ({captured.unanswered} unanswered commands)")
    wanted = eui64.parse(device) if device else devices[0]
    if wanted not in devices or (len(devices) > 1 and not device):
        raise LocalError(f"{path} holds {len(devices)} devices: name one with --device (there are: {names})")
    captured.exchanges = [one for one in captured.exchanges if one.device == wanted]
    store = KeyStore.read(keys) if keys is not None else KeyStore()
    return Recorded(record_devices(captured, store)[wanted], captured)


def serve_recorded(recorded: Recorded, url: str) -> None:
    """Let the device answer until it is interrupted; its clock goes on from the end of the capture."""
    device = recorded.device
    for line in _notes(device):
        stderr_console().print(line)
    serve_core(
        device, f"device {eui64.show(device.eui)}, {device.opened} captured exchanges", url, running_from(device.at)
    )


def _notes(device: RecordedDevice) -> list[str]:
    """What a person must know of it."""
    lines = []
    if device.core is None:
        lines.append("these keys open nothing: only the very requests of the capture are answered, with their answers")
    elif device.replayed:
        lines.append(f"{len(device.replayed)} exchanges are not opened: these very requests alone are answered as then")
    return lines + [f"  {reason}" for reason in sorted(device.reasons)]


def print_recorded(recorded: Recorded, *, json: bool) -> None:
    """Print what is known of the device."""
    described = _described(recorded)
    if json:
        emit_json(described)
        return
    table = Table(title=f"device {described['device']} as captured", title_justify="left")
    for column in ("log", "rows", "first", "last"):
        table.add_column(column, justify="right" if column == "rows" else "left")
    for row in described["logs"]:
        table.add_row(row["log"], str(row["rows"]), row["first_utc"], row["last_utc"])
    stdout_console().print(table)
    stdout_console().print(f"exchanges loaded: {described['opened']}, only replayed: {described['replayed']}")
    for line in _notes(recorded.device):
        stderr_console().print(line)


def _described(recorded: Recorded) -> dict[str, Any]:
    device = recorded.device
    return {
        "device": eui64.show(device.eui),
        "opened": device.opened,
        "replayed": len(device.replayed),
        "reasons": sorted(device.reasons),
        "at_utc": iso(device.at),
        "logs": [
            {"log": one.log, "rows": one.rows, "first_utc": iso(one.first), "last_utc": iso(one.last)}
            for one in device.coverage()
        ],
        "unanswered": recorded.captured.unanswered,
        "assumptions": [{"name": one.name, "value": one.value, "confidence": one.confidence} for one in ASSUMPTIONS],
    }
