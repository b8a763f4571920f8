"""The shape of the tables in ``tables/``: every value says how sure it is and where it comes from."""

from __future__ import annotations

import re
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

Role: TypeAlias = Literal["IS", "ES", "NO", "MDR"]
MpanKind: TypeAlias = Literal["import", "export"]
Mode: TypeAlias = Literal["scheduled", "on_demand"]
Purpose: TypeAlias = Literal["existing", "mhhs"]
Generation: TypeAlias = Literal["smets2", "smets1"]
Reads: TypeAlias = Literal["profile", "daily_log", "registers"]
Granularity: TypeAlias = Literal["half_hourly", "daily", "monthly"]

T = TypeVar("T")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00")


def _time_of_day(text: str) -> str:
    if not _TIME_OF_DAY.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day (write 06:00, UTC)")
    return text


def seconds_of_day(text: str) -> int:
    """Seconds after midnight of a time like "06:00" or "24:00"."""
    hours, minutes, seconds = (int(part) for part in f"{text}:00".split(":")[:3])
    return hours * 3600 + minutes * 60 + seconds


class Section(BaseModel):
    """A table that knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stated(Section, Generic[T]):
    """A value, how sure it is (H, M, L, A) and where it comes from."""

    value: T
    confidence: Literal["H", "M", "L", "A"]
    source: Annotated[str, Field(min_length=1)]


Seconds = Annotated[int, Field(gt=0, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
NotNegative = Annotated[float, Field(ge=0, strict=True)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


# ---------------------------------------------------------------------- service_requests.toml


class TargetTimes(Section):
    """Target response times of one purpose; None is N/A."""

    scheduled: Seconds | None = None
    on_demand: Seconds | None = None


class TrtByPurpose(Section):
    """Target response times of one generation of meters."""

    existing: TargetTimes
    mhhs: TargetTimes


class TrtByGeneration(Section):
    """The row of one service request; None where a generation does not have it."""

    smets2: TrtByPurpose | None = None
    smets1: TrtByPurpose | None = None


class DccOnlyRow(Section):
    """A service request that goes to no device."""

    title: str
    trt_s: Stated[TrtByGeneration]


class ServiceRequestRow(DccOnlyRow):
    """A read of a meter."""

    mpan: MpanKind
    reads: Reads
    roles: Stated[tuple[Role, ...]]
    granularities: Stated[tuple[Granularity, ...]]


class Assumed(Section):
    """What stands behind the rules and is in no published table."""

    trt_newly_schedulable_s: Stated[Seconds]
    trt_other_roles: Stated[str]
    trt_clock_scheduled: Stated[str]
    error_within_trt: Stated[str]
    mdr_repeats: Stated[str]
    originator_counter: Stated[str]
    export_supplier_role: Stated[str]
    access_order: Stated[str]
    daily_row_day: Stated[str]
    supplier_changes: Stated[str]
    mdr_change_day: Stated[str]
    working_days: Stated[str]


class ServiceRequestTable(Section):
    """``service_requests.toml``."""

    srv: dict[str, ServiceRequestRow]
    dcc_only: dict[str, DccOnlyRow]
    assumed: Assumed


# ---------------------------------------------------------------------- windows.toml


class Window(Section):
    """A span of every UTC day."""

    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.end_s <= self.start_s:
            raise ValueError(f"the window ends at {self.end}, which is not after its start, {self.start}")
        return self

    @property
    def start_s(self) -> int:
        """Seconds after midnight."""
        return seconds_of_day(self.start)

    @property
    def end_s(self) -> int:
        """Seconds after midnight."""
        return seconds_of_day(self.end)


class CspWindows(Section):
    """The windows of one CSP."""

    existing: Stated[Window]
    mhhs: Stated[Window]


class Lead(Section):
    """What no slot may lie in at the start of a window."""

    lead_s: Stated[NotNegative]


class WindowTable(Section):
    """``windows.toml``."""

    csp: dict[str, CspWindows]
    release: dict[str, Stated[Positive]]
    lead: Lead


# ---------------------------------------------------------------------- retry.toml and rates.toml


class RetryPolicy(Section):
    """What one CSP does when no answer comes; the keys are explained in the table."""

    attempts: Stated[Annotated[int, Field(ge=1, le=100, strict=True)]]
    answer_timeout_s: Stated[Positive]
    spacing_s: Stated[NotNegative]
    stop_after_s: Stated[Positive]
    stops_before_midnight: Stated[StrictBool]
    follow_ups: Stated[Annotated[int, Field(ge=0, le=100, strict=True)]]
    follow_up_after_s: Stated[NotNegative]


class RetryTable(Section):
    """``retry.toml``."""

    csp: dict[str, RetryPolicy]


class RateLimit(Section):
    """A steady rate, and how many may go at once."""

    per_s: Stated[Positive]
    burst: Stated[Annotated[int, Field(ge=1, strict=True)]]


class Priority(Section):
    """Who goes first where requests wait: the lower number."""

    existing: Stated[int]
    for_settlement: Stated[int]


class RateTable(Section):
    """``rates.toml``."""

    csp: dict[str, RateLimit]
    apn: dict[str, RateLimit]
    priority: Priority
