"""What the parties have to be sized for on a statistical day: cryptography, logs, hour by hour."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from emulator.capacity.day.model import MODES
from emulator.capacity.day.model import NETWORK_NAMES as NETWORKS
from emulator.capacity.day.operations import log_load, party_loads
from tools.capacity_study.day import DayFacts
from tools.capacity_study.figures import NETWORK_NAMES
from tools.report.words import size
from tools.study.model import Column, Grid

_OPERATIONS: Final = {
    "ecdh": "key agreements (ECDH)",
    "mac": "MACs and GCM tags",
    "sign": "signatures made",
    "verify": "signatures checked",
}
_PARTIES: Final = {
    "users": "all DCC Users",
    "dsp": "DSP, access control broker",
    "meters": "all meters",
    "s1sp": "SMETS1 providers",
    "dco": "DCO",
}


def parties_grid(facts: DayFacts) -> Grid:
    """Operations a second of each party in its busiest hour."""
    columns = (
        Column("party", "party", lambda name: _PARTIES[name], "head"),
        Column("operation", "operation", lambda name: _OPERATIONS[name], "text"),
        Column("peak_per_s", "a second, busiest hour", lambda value: f"{value:,.0f}", "number"),
        Column("per_day", "a day", lambda value: f"{value / 1e6:,.1f}m", "number"),
    )
    loads = party_loads(facts.tally, facts.part)
    rows = tuple((load.party, load.kind, load.peak_per_s, load.per_day) for load in loads if load.per_day)
    logs = log_load(facts.tally, facts.part)
    caption = (
        f"Nothing is cached. The logs of the DSP grow by {size(logs.bytes_per_day)} a day; a year of them is"
        f" {size(logs.bytes_kept)} (bytes of a log entry are assumed)."
    )
    return Grid("day_parties", "Cryptography", columns, rows, caption)


def hours_grid(facts: DayFacts) -> Grid:
    """Requests by network and hour, and the share on demand."""
    asked = facts.tally["asked"].sum(axis=(1, 2))[..., :24] * facts.scale
    on_demand = asked[:, MODES.index("on_demand")].sum(axis=0)
    every = asked.sum(axis=(0, 1))
    columns = (
        Column("hour", "hour, UTC", lambda hour: f"{hour:02d}:00", "head"),
        *(Column(network, NETWORK_NAMES[network], _count, "number") for network in NETWORKS),
        Column("on_demand", "on demand", lambda share: f"{share:.1%}", "number"),
    )
    shares = on_demand / np.maximum(every, 1.0)
    by_network = asked.sum(axis=1)
    rows = tuple((hour, *by_network[:, hour].tolist(), float(shares[hour])) for hour in range(24))
    caption = f"{float(on_demand.sum() / max(every.sum(), 1.0)):.1%} of the day's requests are on demand."
    return Grid("day_hours", "Requests by hour", columns, rows, caption, folded=True)


def parties_as_json(facts: DayFacts) -> dict[str, Any]:
    """The same for scripts."""
    logs = log_load(facts.tally, facts.part)
    return {
        "operations": [
            {"party": load.party, "operation": load.kind, "peak_per_s": load.peak_per_s, "per_day": load.per_day}
            for load in party_loads(facts.tally, facts.part)
            if load.per_day
        ],
        "log_bytes_per_day": logs.bytes_per_day,
        "log_bytes_kept": logs.bytes_kept,
    }


def _count(value: float) -> str:
    return f"{value:,.0f}"
