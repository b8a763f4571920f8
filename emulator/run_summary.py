"""What a run says of itself: the object that ``meterfarm run --json`` prints and ``summary.json`` holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.head_end import HeadEnd
from emulator.dcc.planning import Plan
from emulator.esme.device_clock import DeviceClock
from emulator.esme.energy import MeterEnergy
from emulator.esme.esme import Esme
from emulator.esme.logs import MeterLogs
from emulator.han import Air
from emulator.hub import CommsHub
from emulator.journey import Journey
from emulator.ledger import Ledger
from emulator.rig_oracle import RigOracle
from emulator.run import SettlementRun
from emulator.run_folder import versions
from emulator.slots import RigHome
from emulator.sm_wan import SmWan
from emulator.smets1.side import PARTS as SMETS1_PARTS
from emulator.wan.model import not_modelled
from emulator.wan.outages import Outages
from gbcs import eui64
from gbcs.gbt import GbtEndpoint
from gbcs.times import DAY_S, iso

_PARTS = (
    Esme, MeterEnergy, MeterLogs, DeviceClock, CommsHub, Air, Outages, Journey, GbtEndpoint, HeadEnd,
    AccessControlBroker, OriginatorCounters, Plan, Ledger, SettlementRun, SmWan,
)  # fmt: skip

_RIG_PARTS = (RigHome, RigOracle)


def started(run: SettlementRun) -> dict[str, Any]:
    """What is known before the first read."""
    scenario = run.scenario
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "premises": scenario.premises,
        "date": scenario.date.isoformat(),
        "days": scenario.days,
        "clock": scenario.clock,
        "gbcs_version": scenario.gbcs_version,
        "duis_version": scenario.duis_version,
        "windows": _windows(run),
        "not_modelled": _not_modelled(run),
        "versions": versions(),
    }


def finished(run: SettlementRun, execute_s: float) -> dict[str, Any]:
    """What is known at the end, also at an early one. ``execute_s``: wall time of the reads alone."""
    collector = run.collector
    wall_s = run.stopwatch.seconds
    return {
        **started(run),
        **run.store.totals(),
        "value_mismatches": collector.value_mismatches,
        "first_mismatches": collector.first_mismatches,
        "values": collector.values,
        "gaps": run.store.gap_list(),
        "rereads_at_rf": {
            kind: {"rows_asked": asked, "rows_served": served}
            for kind, (asked, served) in collector.reread_rows.items()
        },
        "reread_reasons": [
            {"mpan_kind": kind, "reason": reason, "rows": rows}
            for (kind, reason), rows in collector.reread_reasons.most_common()
        ],
        "frames_that_answered_nothing": dict(run.head_end.counts),
        "commands_dropped_by_meters": run.journey.dropped(),
        "message_sha256": run.journey.message_sha256,
        "compression": run.journey.wan.summary(),
        "layers": [asdict(layers) for layers in run.journey.wan.layers()],
        "han": run.journey.air.traffic(),
        "checkpoints": _checkpoints(run),
        **({"rigs": _rigs(run)} if run.devices else {}),
        **({} if run.smets1 is None else {"smets1": run.smets1.summary(run.scenario.days)}),
        "wall_s": round(wall_s, 3),
        "reads_per_s": round(collector.finished_reads / execute_s, 1) if execute_s else 0.0,
        "simulated_until": iso(run.kernel.now),
    }


def _windows(run: SettlementRun) -> list[dict[str, str]]:
    """The windows in which the reads of the last settlement day's UTC day are made."""
    day = run.plan.utc_days()[-1] + DAY_S
    return [
        {
            "csp": csp,
            "kind": "MHHS" if flagged else "existing",
            "from": iso(day + window.start_s),
            "to": iso(day + window.end_s),
        }
        for csp in run.population.names.csp
        for flagged in (False, True)
        for window in (run.plan.window(csp, flagged),)
    ]


def _checkpoints(run: SettlementRun) -> list[dict[str, str]]:
    return [
        {"day": phases.day.date.isoformat(), "D+1": iso(phases.d1_at), "SF": iso(phases.sf_at), "RF": iso(phases.rf_at)}
        for phases in run.phases
    ]


def _rigs(run: SettlementRun) -> list[dict[str, Any]]:
    """What stands in the slots that are real, and what came of it."""
    homes = run.journey.rig_homes()
    counts = {
        premises: (asked, answered)
        for premises, asked, answered in run.store.query(
            "SELECT premises, count(*), count(*) FILTER (outcome = 'answered') FROM reads GROUP BY premises"
        )
    }
    rows = []
    for premises, device in run.devices.items():
        asked, answered = counts.get(premises, (0, 0))
        home = homes.get(premises)
        rows.append(
            {
                "premises": premises,
                "rig": device.rig,
                "device": eui64.show(device.eui),
                "values": run.rig_oracles[premises].says,
                "reads": asked,
                "answered": answered,
                "unasked_messages": home.unasked if home is not None else 0,
                "lost": home.lost if home is not None else "",
            }
        )
    return rows


def _not_modelled(run: SettlementRun) -> list[dict[str, str]]:
    parts = (*_PARTS, *(_RIG_PARTS if run.devices else ()), *(() if run.smets1 is None else SMETS1_PARTS))
    found = [{"name": part.__name__, "text": not_modelled(part)} for part in parts]
    found += [{"name": model.title, "text": model.not_modelled} for model in run.networks.models]
    return [row for row in found if row["text"]]
