"""``meterfarm rig read`` of a SMETS2 meter: a read use case, through the link of its rig, decrypted and verified."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.rules import Rules
from gbcs import eui64
from gbcs.catalogue import UseCase, by_srv, by_use_case, mhhs
from gbcs.errors import LocalError
from gbcs.objects import objects_of
from gbcs.reads import PROFILE_CLASS
from gbcs.times import iso
from rigs.config import RigConfig
from rigs.reading import Reading
from rigs.record import recording
from rigs.session import OpenRig, open_rig
from tools.outcome import NotMet
from tools.output import emit_json, stderr_console, stdout_console
from tools.rig.registers import named_registers

_OF_QUANTITY: Final = {"profile": "4.8.1", "register": "4.1.1"}
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "ECS21a": ("active_import_total_wh",),
    "ECS21c": ("active_export_total_wh",),
    "ECS22a": ("active_export_wh", "reactive_export_varh"),
    "ECS22b": ("active_import_wh", "secondary_active_import_wh"),
    "ECS22c": ("reactive_import_varh",),
    "ECS66": ("active_import_wh",),
}
"""Names of the first columns of a log behind the stamp; others are numbered."""
_SHOWN_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: a use case, by whom (empty: whoever may), for which rows."""

    use_case: UseCase
    role: str
    first: int
    last: int

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """First and last stamp of a log; registers have none."""
        is_log = any(row.class_id == PROFILE_CLASS for row in objects_of(self.use_case.use_case))
        return (self.first, self.last) if is_log else (None, None)


def wanted_use_case(what: str, srv: str, use_case: str) -> UseCase:
    """The use case that the options name. Raises LocalError that lists what can be read."""
    readable = {row.use_case: row for row in mhhs()}
    if use_case:
        found = readable.get(by_use_case(use_case).use_case)
    elif srv:
        found = readable.get(by_srv(srv).use_case)
    else:
        quantity = what or "profile"
        if "clock" in quantity.split(","):
            raise LocalError("no read of a SMETS2 meter shows its clock: meterfarm rig compare says how far it is off")
        if quantity not in _OF_QUANTITY:
            raise LocalError(f"{quantity!r} of a SMETS2 meter is not read here (allowed: {', '.join(_OF_QUANTITY)})")
        found = readable[by_srv(_OF_QUANTITY[quantity]).use_case]
    if found is None:
        listed = ", ".join(f"{row.use_case} ({' '.join(row.srvs)})" for row in readable.values())
        raise LocalError(f"{use_case or srv} is no read of half-hourly settlement (allowed: {listed})")
    return found


def read_esme(rig: RigConfig, wanted: Wanted, within_s: float, *, json: bool) -> None:
    """Read the meter of a rig and print what came. Raises NotMet where it answers with an error code."""
    console, columns = stderr_console(), (SpinnerColumn(), TextColumn("{task.description}"))
    with ExitStack() as kept:
        record = kept.enter_context(recording(rig))
        bar = kept.enter_context(Progress(*columns, console=console, transient=True, disable=not console.is_terminal))
        bar.add_task(f"{wanted.use_case.use_case} over {rig.link.port}")
        role, reading = asyncio.run(_read(rig, wanted, within_s))
        record.measure("read_s", reading.latency_s, "s", high=within_s)
    if json:
        emit_json(_content(rig, role, reading))
    elif not reading.values.code:
        stdout_console().print(_table(rig, role, reading))
    if reading.values.code:
        raise NotMet(f"the meter answers {wanted.use_case.use_case} with result code {reading.values.code}")


async def _read(rig: RigConfig, wanted: Wanted, within_s: float) -> tuple[str, Reading]:
    async with open_rig(rig) as opened:
        role = role_of(opened, wanted)
        async with opened.reader() as reader:
            user = opened.users[role]
            return role, await reader.read(wanted.use_case.use_case, role, user, *wanted.bounds, deadline_s=within_s)


def role_of(opened: OpenRig, wanted: Wanted) -> str:
    """Whoever asks: as told, else the first user of the key folder who may. Raises LocalError for nobody."""
    broker = AccessControlBroker(opened.acb, opened.keys, OriginatorCounters())
    if wanted.role:
        if wanted.role not in opened.users:
            raise LocalError(f"the key folder has no user {wanted.role!r} (it has: {', '.join(opened.users)})")
        broker.is_known(wanted.use_case, wanted.role)
        return wanted.role
    for role in Rules().row(wanted.use_case.srvs[0]).roles.value:
        if role in opened.users and _may(broker, wanted.use_case, role):
            return role
    raise LocalError(f"nobody of the key folder may use {wanted.use_case.use_case}")


def _may(broker: AccessControlBroker, use_case: UseCase, role: str) -> bool:
    try:
        broker.is_known(use_case, role)
    except LocalError:
        return False
    return True


# ---------------------------------------------------------------------- what is printed


def _content(rig: RigConfig, role: str, reading: Reading) -> dict[str, Any]:
    rows = _rows(reading)
    registers = {one.name: one.value for one in named_registers(reading.use_case, reading.values)}
    return {
        "name": rig.name,
        "device": eui64.show(reading.device),
        "use_case": reading.use_case,
        "role": role,
        "code": reading.values.code,
        **({"rows": rows} if reading.values.rows is not None else {}),
        **({"registers": registers} if registers else {}),
        "attempts": reading.attempts,
        "latency_s": round(reading.latency_s, 3),
        "bytes_down": reading.bytes_down,
        "bytes_up": len(reading.answer),
    }


def _rows(reading: Reading) -> list[dict[str, Any]]:
    """Rows of a log as the meter gives them, by name."""
    if reading.values.rows is None:
        return []
    known = _COLUMNS.get(reading.use_case, ())
    width = reading.values.rows.shape[1] - 1
    names = [*known[:width], *(f"column_{number}" for number in range(len(known) + 1, width + 1))]
    return [
        {"at_utc": iso(stamp), **dict(zip(names, values, strict=True))}
        for stamp, *values in reading.values.rows.tolist()
    ]


def _table(rig: RigConfig, role: str, reading: Reading) -> Table:
    title = f"{rig.name}, {eui64.show(reading.device)}: {reading.use_case} by {role}"
    if reading.values.rows is None:
        table = Table(title=title, title_justify="left")
        table.add_column("register")
        table.add_column("value", justify="right")
        table.add_column("unit")
        for one in named_registers(reading.use_case, reading.values):
            table.add_row(one.title, f"{one.value:,}", one.unit or "-")
        return table
    rows = _rows(reading)
    table = Table(title=title, title_justify="left")
    names = [name for name in (rows[0] if rows else {}) if name != "at_utc"]
    table.add_column("row stamped (UTC)")
    for name in names[:_SHOWN_COLUMNS]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row["at_utc"], *(str(row[name]) for name in names[:_SHOWN_COLUMNS]))
    if len(names) > _SHOWN_COLUMNS:
        table.caption = f"{len(names) - _SHOWN_COLUMNS} more columns are in --json"
    return table
