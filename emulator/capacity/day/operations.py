"""What a day asks of the parties' security modules and of their storage; ``operations.toml`` says for what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emulator.assumptions import Assumption
from emulator.capacity.day.model import NETWORK_NAMES, SRVS
from emulator.capacity.day.tally import OUTCOMES, Tally
from emulator.dcc.rule_tables import Section, Stated
from emulator.scenario_names import SMETS1

Floats = NDArray[np.float64]

KINDS: Final = ("ecdh", "mac", "sign", "verify")
ENCRYPTED: Final = ("4.1.1", "4.6.1", "4.8.1", "4.17")
_DAY_H, _HOUR_S = 24, 3600.0
Count = Annotated[int, Field(ge=0, strict=True)]


class OperationRow(Section):
    """What one party does for each of something."""

    party: str
    meters: Literal["smets1", "smets2"]
    per: Literal["request", "command", "answer", "encrypted"]
    ecdh: Count = 0
    mac: Count = 0
    sign: Count = 0
    verify: Count = 0
    confidence: Literal["H", "M", "L", "A"]
    source: Annotated[str, Field(min_length=1)]


class Logs(Section):
    """What is written down."""

    bytes_per_command: Stated[Annotated[float, Field(ge=0)]]
    bytes_per_answer: Stated[Annotated[float, Field(ge=0)]]
    kept_days: Stated[Annotated[float, Field(ge=0)]]


class OperationTable(Section):
    """``operations.toml``."""

    operation: tuple[OperationRow, ...]
    logs: Logs


@dataclass(frozen=True, slots=True)
class PartyLoad:
    """What a party computes: a second in its busiest hour, and a day. ``kind`` is one of KINDS."""

    party: str
    kind: str
    peak_per_s: float
    per_day: float


@dataclass(frozen=True, slots=True)
class LogLoad:
    """What logs grow by a day, and what is kept of them once they are as old as they get."""

    bytes_per_day: float
    bytes_kept: float


@cache
def operation_table() -> OperationTable:
    """The shipped table."""
    text = (files("emulator.capacity.day") / "operations.toml").read_text(encoding="utf-8")
    return OperationTable.model_validate(tomllib.loads(text))


def party_loads(tally: Tally, part: float = 1.0) -> tuple[PartyLoad, ...]:
    """The load of every party, of the whole country where a ``part`` of it was looked at."""
    hourly: dict[tuple[str, str], Floats] = {}
    for row in operation_table().operation:
        counted = _counted(tally, row.meters, row.per)
        for kind in KINDS:
            times = getattr(row, kind)
            if times:
                key = row.party, kind
                hourly[key] = hourly.get(key, np.zeros(_DAY_H)) + times * counted / part
    return tuple(
        PartyLoad(party, kind, float(load.max() / _HOUR_S), float(load.sum())) for (party, kind), load in hourly.items()
    )


def log_load(tally: Tally, part: float = 1.0) -> LogLoad:
    """What the logs of the DSP grow by."""
    logs = operation_table().logs
    commands, answers = (sum(_counted(tally, meters, per).sum() for meters in _METERS) for per in ("command", "answer"))
    octets = (commands * logs.bytes_per_command.value + answers * logs.bytes_per_answer.value) / part
    return LogLoad(float(octets), float(octets * logs.kept_days.value))


def assumptions() -> list[Assumption]:
    """Every row and value with its confidence and source."""
    table = operation_table()
    found = [
        Assumption(f"day.operations.{row.party}.{row.meters}.{row.per}", _words(row), row.confidence, row.source)
        for row in table.operation
    ]
    for name in type(table.logs).model_fields:
        one: Stated[Any] = getattr(table.logs, name)
        found.append(Assumption(f"day.logs.{name}", f"{one.value:g}", one.confidence, one.source))
    return found


_METERS: Final = ("smets2", "smets1")


def _counted(tally: Tally, meters: str, per: str) -> Floats:
    """So many in each hour of the first day."""
    smets1 = NETWORK_NAMES.index(SMETS1)
    networks = [smets1] if meters == "smets1" else [at for at in range(len(NETWORK_NAMES)) if at != smets1]
    if per == "request":
        asked: Floats = tally["asked"][networks].sum(axis=(0, 1, 2, 3))[:_DAY_H].astype(np.float64)
        return asked
    name = "commands" if per == "command" else "answered"
    hourly: Floats = tally[name][networks].sum(axis=0)[:_DAY_H].astype(np.float64)
    return hourly * _encrypted_share(tally, networks) if per == "encrypted" else hourly


def _encrypted_share(tally: Tally, networks: list[int]) -> float:
    """The share of the answers whose payload is encrypted, over the day."""
    answered = tally["outcomes"][networks][..., OUTCOMES.index("answered")].sum(axis=(0, 2))
    encrypted = sum(int(answered[SRVS.index(srv)]) for srv in ENCRYPTED)
    return encrypted / int(answered.sum()) if answered.any() else 0.0


def _words(row: OperationRow) -> str:
    return ", ".join(f"{getattr(row, kind)} {kind}" for kind in KINDS if getattr(row, kind))
