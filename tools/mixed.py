"""Rigs in a run: their files by the scenario's slots, and their devices, leased while the run lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from emulator.clock import utc_now
from emulator.dcc.settlement import settlement_days
from emulator.scenario import Scenario
from emulator.slots import RealDevice
from gbcs.errors import LocalError
from gbcs.times import DAY_S, iso
from rigs.config import RigConfig
from rigs.loading import load_rig

CAPTURE_FILE = "rigs.jsonl"
"""What crossed the links of all rigs, in the run folder."""


def rigs_of(scenario: Scenario, folder: Path | None) -> dict[str, RigConfig]:
    """The rig files that a scenario names. Raises LocalError for one that is not there, and for a day too young.

    A real meter has the rows of a day only when the day is over.
    """
    configs = {name: load_rig(name, folder) for name in scenario.rigs.values()}
    if not configs:
        return {}
    last = settlement_days(scenario.date, scenario.days)[-1]
    over_at = max(last.utc_days) + DAY_S
    if over_at > utc_now():
        youngest = scenario.date + timedelta(days=scenario.days - 1)
        raise LocalError(
            f"scenario {scenario.label}: key date: real meters have the rows of {youngest} from {iso(over_at)} on: "
            f"name a day that is over (--date)"
        )
    return configs


@contextmanager
def opened(configs: Mapping[str, RigConfig], folder: Path) -> Iterator[Mapping[str, RealDevice]]:
    """The devices of rigs, ready; their messages go to a file in the run folder. Raises Refused, PortLost."""
    if not configs:
        yield {}
        return
    # Runs without rigs need none of this.
    from rigs.bridge import rig_devices  # noqa: PLC0415
    from rigs.capture import CaptureWriter  # noqa: PLC0415

    with CaptureWriter(folder / CAPTURE_FILE) as sink, rig_devices(configs, sink=sink) as devices:
        yield devices


def refuse_listening(scenario: Scenario, listen: str | None, lasts_s: float | None) -> None:
    """Raise LocalError where the options of an external head-end are given to a run that has its own."""
    if scenario.head_end != "external" and (listen or lasts_s):
        raise LocalError('--listen and --for are for a scenario that says head_end = "external"')
