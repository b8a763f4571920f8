"""The cohorts of SMETS1 and the parties behind them: ``cohorts.toml``, checked, with what a scenario replaces in it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emulator.assumptions import Assumption
from emulator.errors import ScenarioError

Overrides: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The scenario's ``[smets1.overrides]``: "s1sp.secure" -> key -> value."""

NO_OVERRIDES: Overrides = {}
T = TypeVar("T")

Srv: TypeAlias = Literal["4.1.1", "4.2", "4.6.1", "4.8.1", "4.8.3"]
SRVS: tuple[Srv, ...] = ("4.1.1", "4.2", "4.6.1", "4.8.1", "4.8.3")
"""What a SMETS1 meter can be asked for half-hourly settlement (PIA Table 3); everything else is N/A."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stated(_Section, Generic[T]):
    """A value, how sure it is (H, M, L, A) and where it comes from."""

    value: T
    confidence: Literal["H", "M", "L", "A"]
    source: Annotated[str, Field(min_length=1)]


Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1, strict=True)]


class ServiceProviderRow(_Section):
    """A SMETS1 service provider."""

    title: str
    tps: Stated[Positive]
    tps_uplift: Stated[NotNegative]
    segregates: Stated[bool]
    cache_age_s: Stated[dict[Srv, Positive]]
    read_ahead: Stated[tuple[Srv, ...]]
    wakes: Stated[Count]
    wake_timeout_s: Stated[Positive]
    link_bps: Stated[Positive]


class OperatorRow(_Section):
    """A mobile operator: the SMETS1 CSP."""

    title: str
    api_per_s: Stated[Positive]
    sms_validity_s: Stated[Positive]
    sms_over_quota_gbp: Stated[NotNegative]


class ApnRow(_Section):
    """An access point of an operator."""

    contexts: Stated[Count]
    address_pool: Stated[Count]
    when_full: Stated[Literal["reject", "silent"]]
    dsp_limit: Stated[str]


class DcoRow(_Section):
    """The Dual Control Organisation."""

    trt_s: Stated[Positive]
    workers: Stated[Count]
    service_s: Stated[Positive]
    gives_up_after_s: Stated[Positive]


class CohortRow(_Section):
    """Meters of one family with one way to them."""

    title: str
    s1sp: str
    apn: str
    profile: Stated[str]
    operators: Stated[dict[str, float]]
    session: Stated[Literal["server", "device"]]
    sms_per_wake: Stated[Count]
    sms_per_s: Stated[Positive]
    sms_quota_per_month: Stated[Annotated[int, Field(ge=0, strict=True)]]
    beyond_quota: Stated[Literal["charge", "hold"]]
    behind_hub_s: Stated[NotNegative]


class Cohorts(_Section):
    """``cohorts.toml``."""

    s1sp: dict[str, ServiceProviderRow]
    operator: dict[str, OperatorRow]
    apn: dict[str, ApnRow]
    dco: DcoRow
    cohort: dict[str, CohortRow]

    @model_validator(mode="after")
    def _all_named(self) -> Cohorts:
        for name, row in self.cohort.items():
            _known(f"cohort.{name}.s1sp", row.s1sp, self.s1sp)
            _known(f"cohort.{name}.apn", row.apn, self.apn)
            for operator in row.operators.value:
                _known(f"cohort.{name}.operators", operator, self.operator)
            if abs(sum(row.operators.value.values()) - 1) > 1e-6:
                raise ValueError(f"cohort.{name}.operators: the shares must add up to 1")
        return self

    def assumptions(self) -> list[Assumption]:
        """Every value with its confidence and source, by the name of its key."""
        return [
            Assumption(f"smets1.{path}", _shown(one.value), one.confidence, one.source)
            for path, one in _stated(self, "")
        ]


def load_cohorts(overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario") -> Cohorts:
    """The shipped cohorts with the scenario's own values; those are marked as assumed by the scenario.

    Raises ScenarioError, one line that names the key.
    """
    table = tomllib.loads((files(__package__) / "cohorts.toml").read_text(encoding="utf-8"))
    for path, values in overrides.items():
        row = _row(table, path, label)
        for key, value in values.items():
            if not isinstance(row.get(key), dict):
                allowed = ", ".join(name for name, old in row.items() if isinstance(old, dict))
                raise ScenarioError(f"{label}: key smets1.overrides.{path}.{key}: is not known (allowed: {allowed})")
            row[key] = {"value": value, "confidence": "A", "source": "the scenario"}
    try:
        return Cohorts.model_validate(table)
    except ValidationError as error:
        raise ScenarioError(f"{label}: key smets1.overrides.{_problem(error)}") from None


def _row(table: dict[str, Any], path: str, label: str) -> dict[str, Any]:
    section, _, name = path.partition(".")
    found = table.get(section, {})
    row = found.get(name) if name else found
    if not isinstance(row, dict) or (not name and section != "dco"):
        rows = (f"{part}.{one}" for part in ("s1sp", "operator", "apn", "cohort") for one in table[part])
        raise ScenarioError(f"{label}: key smets1.overrides.{path}: is not known (allowed: dco, {', '.join(rows)})")
    return row


def _problem(error: ValidationError) -> str:
    mistake = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in mistake["loc"] if part != "value")
    if mistake["type"] == "value_error":
        return f"{key}: {mistake['ctx']['error']}" if key else str(mistake["ctx"]["error"])
    return f"{key}: {mistake['msg'].removeprefix('Input ')}, not {mistake['input']!r}"


def _known(key: str, name: str, table: Mapping[str, object]) -> None:
    if name not in table:
        raise ValueError(f"{key}: {name!r} is not known (allowed: {', '.join(table)})")


def _stated(value: object, path: str) -> Iterator[tuple[str, Stated[Any]]]:
    if isinstance(value, Stated):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _stated(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _stated(inner, f"{path}.{name}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {part:g}" for key, part in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
