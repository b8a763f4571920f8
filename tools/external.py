"""``meterfarm run`` with ``head_end = "external"``: we are the device side, and somebody else's head-end asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from emulator.clock import make_clock
from emulator.dcc.settlement import settlement_days
from emulator.external import Arrival, DeviceSide
from emulator.farm import Farm
from emulator.kernel import Kernel
from emulator.population import populate
from emulator.run_folder import RunFolder, Status, versions
from emulator.scenario import Scenario
from emulator.slots import RealDevice, placed
from emulator.store import ResultStore
from gbcs.times import DAY_S, iso
from rigs.bridge.listening import external_line
from tools.interrupt import stopping_at_ctrl_c

ARRIVALS_FILE = "arrivals.jsonl"
_FOR_EVER_S = 100 * 366 * DAY_S
_ALL_ROWS_ARE_IN_S = 3_600
"""How long after its end a day's last row is surely in the logs: some clocks are slow."""


def serve(
    scenario: Scenario,
    folder: RunFolder,
    devices: Mapping[str, RealDevice],
    *,
    listen: str,
    lasts_s: float | None,
    console: Console,
) -> tuple[dict[str, Any], Status]:
    """Answer until Ctrl-C, or for so many seconds of the scenario's clock; the summary of what arrived.

    The devices' time begins an hour after the end of the last settlement day. Raises LocalError, PortLost.
    """
    population = populate(scenario)
    real = placed(population, scenario, devices)
    days = settlement_days(scenario.date, scenario.days)
    utc_days = sorted({day for settled in days for day in settled.utc_days})
    starts_at = float(utc_days[-1] + DAY_S + _ALL_ROWS_ARE_IN_S)
    farm = Farm(scenario, population, utc_days[0] // DAY_S, utc_days[-1] // DAY_S)
    kernel = Kernel(starts_at, make_clock(scenario.clock))
    with (folder.path / ARRIVALS_FILE).open("w", encoding="utf-8", buffering=1) as out, ResultStore(
        folder.path, population.table()
    ), stopping_at_ctrl_c() as ctrl_c:  # fmt: skip

        def record(arrival: Arrival) -> None:
            out.write(json.dumps(arrival.content()) + "\n")

        def heard(message: bytes) -> None:
            kernel.post(side.arrived, message)

        with external_line(listen, heard) as line:
            side = DeviceSide(scenario, population, farm, kernel, real, line.say, record)
            ctrl_c.stops(kernel)
            started = {"scenario": scenario.name, "seed": scenario.seed, "premises": scenario.premises,
                       "date": scenario.date.isoformat(), "clock": scenario.clock, "versions": versions(),
                       "devices_time_starts_at": iso(starts_at), "listening": line.address}  # fmt: skip
            folder.write_summary(started, status="running")
            console.print(f"listening on {line.address}")
            kernel.at(starts_at, _clock_starts)
            kernel.at(starts_at + (lasts_s or _FOR_EVER_S), kernel.stop)
            kernel.run()
            side.close()
    external = {
        **side.summary(),
        "connections": line.connections,
        "unheard_answers": line.unheard,
        "line_faults": line.faults,
    }
    summary = {**started, "head_end": "external", "external": external, "run_folder": str(folder.path),
               "not_modelled": _not_modelled()}  # fmt: skip
    folder.write_summary(summary, status="complete")
    return {"status": "complete", **summary}, "complete"


def _clock_starts() -> None:
    """The first event, from which a paced clock counts."""


def _not_modelled() -> list[dict[str, str]]:
    text = (DeviceSide.__doc__ or "").partition("Does not model: ")[2]
    return [{"name": DeviceSide.__name__, "text": " ".join(text.split())}]
