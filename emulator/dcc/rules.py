"""The rules of the DSP as tables: target response times, windows, retries, rates. ``tables/*.toml``, checked.

A scenario replaces single values of a CSP under ``[windows]``, ``[retry]`` and ``[rates]``; such a value is marked as
the scenario's own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from emulator.assumptions import Assumption
from emulator.dcc.rule_tables import (
    Generation,
    Mode,
    Purpose,
    RateTable,
    RetryTable,
    Section,
    ServiceRequestRow,
    ServiceRequestTable,
    Stated,
    WindowTable,
)
from emulator.errors import ScenarioError
from emulator.scenario_model import Scenario
from gbcs.catalogue import UseCase, by_srv
from gbcs.errors import LocalError

Table = TypeVar("Table", bound=Section)
_Overrides = Mapping[str, Mapping[str, Any]]


class Rules:
    """The four tables, with what a scenario replaces in them."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        """Raises ScenarioError that names the key of a mistake in the scenario's own values."""
        overrides: Mapping[str, _Overrides] = {}
        if scenario is not None:
            overrides = {"windows": scenario.windows, "retry": scenario.retry, "rates": scenario.rates}
        name = scenario.label if scenario is not None else ""
        self.requests = _load("service_requests", ServiceRequestTable, {}, name)
        self.windows = _load("windows", WindowTable, overrides.get("windows", {}), name)
        self.retry = _load("retry", RetryTable, overrides.get("retry", {}), name)
        self.rates = _load("rates", RateTable, overrides.get("rates", {}), name)
        self._trt: dict[tuple[str, Mode, bool, Generation], int] = {}

    def row(self, srv: str) -> ServiceRequestRow:
        """The row of a service request that reads a meter. Raises LocalError for any other."""
        found = self.requests.srv.get(srv)
        if found is None:
            raise LocalError(f"{srv!r} is no read of half-hourly settlement: {', '.join(self.requests.srv)}")
        return found

    def table_3(self, srv: str, mode: Mode, purpose: Purpose, generation: Generation) -> int | None:
        """The cell of PIA Table 3, seconds; None is N/A. Raises LocalError for a service request that is not in it."""
        row = self.requests.srv.get(srv) or self.requests.dcc_only.get(srv)
        if row is None:
            raise LocalError(f"{srv!r} is not in PIA Table 3")
        columns = getattr(row.trt_s.value, generation)
        cell: int | None = getattr(getattr(columns, purpose), mode) if columns is not None else None
        return cell

    def trt_s(self, srv: str, mode: Mode, for_settlement: bool, generation: Generation = "smets2") -> int:
        """The target response time of a read. Raises LocalError where meters of the generation do not have the read."""
        key = (srv, mode, for_settlement, generation)
        found = self._trt.get(key)
        if found is None:
            found = self._trt[key] = self._find_trt(*key)
        return found

    def _find_trt(self, srv: str, mode: Mode, for_settlement: bool, generation: Generation) -> int:
        purpose: Purpose = "mhhs" if for_settlement else "existing"
        cell = self.table_3(srv, mode, purpose, generation)
        if cell is not None:
            return cell
        if mode == "scheduled" and self.table_3(srv, "on_demand", purpose, generation) is not None:
            return self.requests.assumed.trt_newly_schedulable_s.value
        raise LocalError(f"SRV {srv} is not available for {generation} meters (PIA Table 3)")

    def assumptions(self) -> list[Assumption]:
        """Every value of the tables with its confidence and source, by the name of its key."""
        tables = {"srv": self.requests, "windows": self.windows, "retry": self.retry, "rates": self.rates}
        return [
            Assumption(f"dcc.{path}", _shown(one.value), one.confidence, one.source)
            for name, table in tables.items()
            for path, one in _stated(table, name)
        ]


@cache
def schedulable(srv: str, duis_version: str) -> bool:
    """Whether the DSP can schedule a read under a DUIS version: what the newest known version up to it says."""
    use_case: UseCase = by_srv(srv)
    asked = _numbers(duis_version)
    known = [version for version in use_case.schedulable if _numbers(version) <= asked]
    if not known:
        raise LocalError(f"DUIS {duis_version} is older than {min(use_case.schedulable, key=_numbers)}")
    return use_case.schedulable[max(known, key=_numbers)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# ---------------------------------------------------------------------- reading


def _load(name: str, model: type[Table], overrides: _Overrides, scenario: str) -> Table:
    text = (files(__package__) / "tables" / f"{name}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    for csp, values in overrides.items():
        for key, value in values.items():
            table["csp"][csp][key] = _replaced(table["csp"][csp], key, value, f"scenario {scenario}: key {name}.{csp}")
    try:
        return model.model_validate(table)
    except ValidationError as error:
        where = f"scenario {scenario}" if overrides else f"{name}.toml"
        raise ScenarioError(f"{where}: {_problem(name, error.errors(include_url=False)[0])}") from None


def _problem(table: str, mistake: ErrorDetails) -> str:
    key = ".".join([table, *(str(part) for part in mistake["loc"] if part not in ("csp", "value"))])
    if mistake["type"] == "value_error":
        return f"key {key}: {mistake['ctx']['error']}"
    return f"key {key}: {mistake['msg'].removeprefix('Input ')}, not {mistake['input']!r}"


def _replaced(values: Mapping[str, Any], key: str, value: object, where: str) -> dict[str, Any]:
    """A stated value with the scenario's in its place. A table (a window) is laid over, key by key."""
    if key not in values:
        raise ScenarioError(f"{where}.{key}: is not known (allowed: {', '.join(values)})")
    old = values[key]["value"]
    if isinstance(old, dict) and isinstance(value, dict):
        value = {**old, **value}
    return {"value": value, "confidence": "A", "source": "the scenario"}


def _stated(value: object, path: str) -> Iterator[tuple[str, Stated[Any]]]:
    if isinstance(value, Stated):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _stated(getattr(value, name), _joined(path, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _stated(inner, _joined(path, name))


def _joined(path: str, name: str) -> str:
    return path if name in ("srv", "csp") else f"{path}.{name}"


def _shown(value: object) -> str:
    if isinstance(value, BaseModel):
        shown = (f"{key} {_shown(part)}" for key, part in value if part is not None)
        return ", ".join(shown)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
