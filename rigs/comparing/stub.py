"""From what was found to a firmware profile that says so: a first draft, for a person to judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from emulator.oracle import step_of
from firmware_profiles import load
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.times import iso
from rigs.comparing.comparison import Comparison, Probed

_HALF_HOURLY = ("ECS22a", "ECS22b")
_MOST_ROWS_LOST = 48
_CONFIDENCE = "L"


@dataclass(frozen=True, slots=True)
class _Choice:
    """One key of a profile: section, name and value."""

    section: str
    key: str
    value: float | int | str
    why: str


def write_stub(found: Comparison, file: Path, folders: tuple[Path, ...] = ()) -> Path | None:
    """Write the deviations that a profile can state, and the rest as comments; None where there are no differences.

    The file is read back as a profile before it counts. Raises LocalError where it cannot be written or is none.
    """
    if not found.differences():
        return None
    try:
        file.write_text(stub_text(found, file.stem), encoding="utf-8")
    except OSError as error:
        raise LocalError(f"{file} cannot be written: {error.strerror}") from None
    load(file, folders)
    return file


def stub_text(found: Comparison, name: str) -> str:
    """The profile as TOML, over the firmware profile that the twin had."""
    at = iso(found.at_utc)
    source = f"rig compare of {eui64.show(found.device)} on rig {found.rig}, {at}"
    content: dict[str, Any] = {
        "name": name,
        "extends": found.firmware.name.split("+")[-1],
        "description": f"{found.firmware.name}, and what the device on rig {found.rig} does otherwise",
        "model": found.firmware.model,
        "firmware_version": f"{found.firmware.firmware_version}-as-found",
        "confidence": _CONFIDENCE,
        "source": source,
    }
    stated = {(choice.section, choice.key): choice for choice in _choices(found)}
    for choice in stated.values():
        row = {"value": choice.value, "confidence": _CONFIDENCE, "source": f"{choice.why}; {source}"}
        content.setdefault(choice.section, {})[choice.key] = row
    lost = max((rows for one in found.probed for rows in _lost_runs(one)), default=0)
    if lost:
        content["deviations"] = [_rows_lost(min(lost, _MOST_ROWS_LOST), source)]
    return "".join((_comments(found, content), tomli_w.dumps(content)))


def _choices(found: Comparison) -> Iterator[_Choice]:
    for one in found.probed:
        yield from _empty_range(one)
        if one.rows_held is not None:
            why = "rows found by asking for single ones; or the device is no older than that"
            yield _Choice("logs", one.probe.log, max(one.rows_held, 1), why)
    clock = found.clock
    if clock is not None and clock.is_off:
        interval_s = found.firmware.clock.resync_interval_s.value
        ppm = max(-1000.0, min(1000.0, round(clock.least_s / interval_s * 1e6, 1)))
        why = (
            f"its clock was {clock.least_s:+.1f} s off at least; as drift since the comparison {interval_s:g} s before"
        )
        yield _Choice("clock", "drift_ppm", ppm, why)


def _empty_range(one: Probed) -> Iterator[_Choice]:
    """What a range without rows is answered with, where the sides do not agree on it."""
    if one.probe.window == "tomorrow" and one.device.code is not None and one.device.code != one.twin.code:
        yield _Choice("reads", "empty_range", one.device.code or "empty_array", "asked for rows of tomorrow")


def _lost_runs(one: Probed) -> Iterator[int]:
    """Lengths of the runs of half-hours that the device lacks in the middle of what it has."""
    if one.probe.use_case not in _HALF_HOURLY or one.probe.window != "yesterday" or not one.device.stamps:
        return
    step, run = step_of(one.probe.use_case), 0
    for stamp in range(one.device.stamps[0], one.device.stamps[-1] + 1, step):
        run = 0 if stamp in one.device.stamps else run + 1
        if run:
            yield run


def _rows_lost(rows: int, source: str) -> dict[str, Any]:
    return {
        "name": "drop_rows_after_power_cut",
        "description": f"{rows} row{'s' if rows > 1 else ''} in a row missing from a half-hourly log of yesterday",
        "confidence": _CONFIDENCE,
        "source": f"{source}; that a power cut was the cause is an assumption",
        "parameters": {"rows": rows},
    }


def _comments(found: Comparison, content: dict[str, Any]) -> str:
    """What was seen, line by line, so that whoever reads the stub can judge it."""
    lines = [f"# A draft. What was seen on rig {found.rig} against {found.firmware.name}:"]
    lines += [f"#   {name}: {one.field}: device {one.device}, twin {one.twin}" for name, one in found.differences()]
    if not {"logs", "clock", "reads", "deviations"} & content.keys():
        lines.append("# None of it can be said in a firmware profile yet.")
    return "\n".join((*lines, "", ""))
