"""The message-code catalogue: one row per code, one table for everybody (``catalogue.csv``).

Columns: ``critical`` says that every message seen is of the critical category, ``header_date_time`` that the responses
carry a date-time (spec sheet 1.5), ``sensitive`` that an encrypted one was seen; ``originators`` and ``devices`` are
those seen. Of the codes that are not ``seen`` only the name is known: what the other columns say of them is not
established. ``replay_checked`` is ``yes`` for critical commands and ``assumed`` for the others (assumption
``replay_reads``: whether a meter checks the counters of reads is not established, so it is a switch with a name);
alerts have none.

For the seven use cases of half-hourly settlement (MHHS) ``roles`` are the remote party roles that the GBCS use case
permits (PIA Table 14) and ``schedulable_duis_*`` says whether the service request can be scheduled: 4.1.1 cannot (a
change is an open proposal of the PIA), 4.2 from DUIS 5.4.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from gbcs.errors import DecodeError, LocalError
from gbcs.roles import CATALOGUE_NAMES, RemotePartyRole


@dataclass(frozen=True, slots=True)
class UseCase:
    """One row of the catalogue. ``schedulable`` maps a DUIS version to yes or no; empty outside the seven."""

    code: int
    use_case: str
    title: str
    seen: bool
    family: str
    srvs: tuple[str, ...]
    critical: bool
    sensitive: bool
    header_date_time: bool
    originators: tuple[str, ...]
    devices: tuple[str, ...]
    replay_checked: str
    mhhs: bool
    roles: frozenset[RemotePartyRole]
    schedulable: Mapping[str, bool] = field(hash=False)


@cache
def catalogue() -> Mapping[int, UseCase]:
    """All rows by message code."""
    text = files(__package__).joinpath("catalogue.csv").read_text("utf-8")
    return MappingProxyType({row.code: row for row in map(_row, csv.DictReader(text.splitlines()))})


def find(code: int) -> UseCase | None:
    """The row of a message code, or None."""
    return _CATALOGUE.get(code)


def by_code(code: int) -> UseCase:
    """The row of a message code. Raises DecodeError that names an unknown one."""
    row = _CATALOGUE.get(code)
    if row is None:
        raise DecodeError(f"message code {code:04X} is in no catalogue", field="message code")
    return row


@cache
def by_use_case(name: str) -> UseCase:
    """The row of a use case like "ECS22b"; the first of its codes where it has several (CS02b, CS02g).

    Raises LocalError that names an unknown one.
    """
    for row in _CATALOGUE.values():
        if row.use_case == name:
            return row
    raise LocalError(f"{name!r} is no use case of the catalogue")


@cache
def by_srv(srv: str) -> UseCase:
    """The settlement use case of a service request like "4.8.1". Raises LocalError for any other."""
    for row in mhhs():
        if srv in row.srvs:
            return row
    raise LocalError(f"{srv!r} is no service request of half-hourly settlement: {', '.join(r.srvs[0] for r in mhhs())}")


@cache
def mhhs() -> tuple[UseCase, ...]:
    """The seven use cases of half-hourly settlement, in order of their codes."""
    return tuple(row for row in _CATALOGUE.values() if row.mhhs)


def carries_header_time(code: int) -> bool:
    """Whether the responses of a message code carry a date-time in the grouping header (spec sheet 1.5)."""
    return code in _WITH_HEADER_TIME


def is_han_only(code: int) -> bool:
    """Whether the commands of a message code go from device to device inside the home, past the ACB."""
    return code in _HAN_ONLY


def _row(row: dict[str, str]) -> UseCase:
    return UseCase(
        code=int(row["code"], 16),
        use_case=row["use_case"],
        title=row["title"],
        seen=row["seen"] == "yes",
        family=row["family"],
        srvs=tuple(row["srvs"].split()),
        critical=row["critical"] == "yes",
        sensitive=row["sensitive"] == "yes",
        header_date_time=row["header_date_time"] == "yes",
        originators=tuple(row["originators"].split()),
        devices=tuple(row["devices"].split()),
        replay_checked=row["replay_checked"],
        mhhs=row["mhhs"] == "yes",
        roles=frozenset(CATALOGUE_NAMES[name] for name in row["roles"].split()),
        schedulable=MappingProxyType(
            {name.removeprefix(_DUIS): text == "yes" for name, text in row.items() if name.startswith(_DUIS) and text}
        ),
    )


_DUIS = "schedulable_duis_"
_CATALOGUE = dict(catalogue())
_WITH_HEADER_TIME = frozenset(row.code for row in _CATALOGUE.values() if row.header_date_time)
_HAN_ONLY = frozenset(row.code for row in _CATALOGUE.values() if row.originators == ("PPMID",))
