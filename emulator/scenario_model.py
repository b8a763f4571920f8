"""The shape of a scenario: every key, its type and its bounds. Units and sources stand in ``scenarios/default.toml``.

No key has a default here: the shipped default scenario is the one place that gives every value.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from emulator import scenario_names as names
from gbcs.times import from_datetime

_SHARE_TOLERANCE = 1e-6
_MOMENT = re.compile(r"D([+-]\d{1,3})? (\d{2}):(\d{2})(?::(\d{2}))?")
_CLOCK = re.compile(r"virtual|real|scaled=([0-9]+(?:\.[0-9]+)?)")


class MistakeAtKey(ValueError):
    """A mistake at ``key`` of the table that is being checked."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number is needed, not {value!r}")
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            value = date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"{str(value)!r} is no date (write 2026-11-23)")
    if not 2001 <= value.year <= 2100:
        raise ValueError(f"{value} is outside 2001 to 2100")
    return value


def _time_of_day(value: object) -> str:
    if isinstance(value, time):
        value = value.strftime("%H:%M:%S")
    if value == "24:00":
        return value
    if isinstance(value, str):
        try:
            return time.fromisoformat(value).strftime("%H:%M:%S").removesuffix(":00")
        except ValueError:
            pass
    raise ValueError(f"{value!r} is no time of day (write 06:00, UTC)")


def _mix(value: dict[str, float]) -> dict[str, float]:
    total = sum(value.values())
    if abs(total - 1.0) > _SHARE_TOLERANCE:
        raise ValueError(f"the shares must add up to 1, they add up to {total:.6g}")
    return value


def _clock(value: str) -> str:
    matched = _CLOCK.fullmatch(value)
    if not matched or (matched[1] is not None and float(matched[1]) <= 0):
        raise ValueError(f"{value!r} is no clock (allowed: virtual, real, scaled=N with N above 0)")
    return value


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a date-time needs its zone: end it with Z for UTC")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str):
        matched = _MOMENT.fullmatch(value)
        if matched and int(matched[2]) < 24 and int(matched[3]) < 60 and int(matched[4] or 0) < 60:
            return value
        try:
            if datetime.fromisoformat(value).tzinfo is not None:
                return value
        except ValueError:
            pass
    raise ValueError(
        f"{value!r} is no moment (write D+1 03:30, UTC from the settlement day on, or 2026-11-24T03:30:00Z)"
    )


def _one_of(allowed: names.Names) -> AfterValidator:
    def check(value: str) -> str:
        names.check(value, allowed())
        return value

    return AfterValidator(check)


def _keys_of(allowed: names.Names) -> AfterValidator:
    def check(value: dict[str, Any]) -> dict[str, Any]:
        for key in value:
            try:
                names.check(key, allowed())
            except ValueError as error:
                raise MistakeAtKey(key, str(error)) from None
        return value

    return AfterValidator(check)


Number = BeforeValidator(_number)
Share = Annotated[float, Number, Field(ge=0, le=1)]
Count = Annotated[int, Number, Field(ge=1)]
Seed = Annotated[int, Number, Field(ge=0, le=2**53 - 1)]
Mix = Annotated[dict[str, Share], AfterValidator(_mix)]
Moment = Annotated[str, BeforeValidator(_moment)]
TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]


class WanMix(_Section):
    """Which SM WAN preset the hubs of a CSP use, as shares."""

    csp_north: Annotated[Mix, _keys_of(names.wan_presets)]
    csp_south: Annotated[Mix, _keys_of(names.wan_presets)]
    csp_central: Annotated[Mix, _keys_of(names.wan_presets)]


class Users(_Section):
    """The DCC Users by role: name to share of the MPANs (of the premises for network operators)."""

    import_suppliers: Mix
    export_suppliers: Mix
    network_operators: Mix
    mdr_agents: Mix


class PopulationSection(_Section):
    """Who lives in the farm: shares of all premises unless said otherwise."""

    export_share: Share
    smets1_share: Share
    twin_share: Share
    mdr_import_share: Share
    mdr_export_share: Share
    csp: Annotated[Mix, _keys_of(names.csps)]
    wan: WanMix
    smets1_cohorts: Annotated[Mix, _keys_of(names.smets1_cohorts)]
    granularity: Annotated[Mix, _keys_of(names.granularities)]
    variants: Annotated[Mix, _keys_of(names.household_variants)]
    firmware: Annotated[Mix, _keys_of(names.firmware_profiles)]
    users: Users


class Networks(_Section):
    """Layout of the long-range radio, segmentation, compression, and values that replace those of a preset."""

    north_channels_per_base_station: Count
    north_hubs_per_base_station: Count
    segmentation: StrictBool
    compression: Annotated[str, _one_of(names.compressions)]
    overrides: Annotated[dict[str, dict[str, Any]], _keys_of(names.link_presets)]


class Smets1(_Section):
    """How SMETS1 meters are woken and served, and values that replace those of their cohorts and providers."""

    sms_preset: Annotated[str, _one_of(names.sms_presets)]
    cache: StrictBool
    cache_hits_consult_dco: StrictBool
    overrides: dict[str, dict[str, Any]]


class Faults(_Section):
    """Whether outages come by themselves, and faults of messages: a probability per message and direction each."""

    natural_outages: StrictBool
    message_loss: Share
    duplicate: Share
    reorder: Share


class Outage(_Section):
    """A planned outage: a share of the hubs (or of the base stations) of a CSP is gone from ``from`` until ``to``."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    kind: Literal["hub", "base_station"] = "hub"
    csp: Annotated[str, _one_of(names.outage_csps)] = names.ALL_CSPS
    share: Share
    starts: Moment = Field(alias="from")
    ends: Moment = Field(alias="to")


class Slot(_Section):
    """What stands in a premises: an emulated meter, or the device of a rig; one of the two is said."""

    premises: Annotated[int, Number, Field(ge=0)]
    device: Literal["emulated"] | None = None
    rig: Annotated[str, Field(min_length=1)] | None = None


class Flood(_Section):
    """A burst of on-demand reads that arrive evenly over ``over_s`` seconds from ``at``."""

    at: Moment
    reads: Count
    over_s: Annotated[float, Number, Field(gt=0)] = 60.0


class Demand(_Section):
    """How the settlement reads are made, and what is asked besides them."""

    data_reuse_share: Share
    daily_import_srv: Annotated[Mix, _keys_of(names.daily_import_srvs)]
    export_daily_log_share: Share
    release: Annotated[str, _one_of(names.releases)]
    mdr_change_share: Share
    network_operator_share: Share
    on_demand_flood: tuple[Flood, ...]


class Checkpoints(_Section):
    """When completeness is counted."""

    sf_working_days: Annotated[int, Number, Field(ge=1, le=20)]
    rf_months: Annotated[int, Number, Field(ge=1, le=28)]
    rf_audit_sample: Share


class Replay(_Section):
    """Assumptions on anti-replay, which the public documents leave open."""

    check_reads: StrictBool
    window: Annotated[int, Number, Field(ge=1, le=4096)]
    resend: Literal["same_bytes", "new_counter"]


_CAME_FROM = "came_from_label"


class Scenario(_Section):
    """A checked scenario. ``date`` is the (first) settlement day, a local date; ``outage``: the planned outages.

    ``slot``: what stands in single premises; where none is given, an emulated meter.
    """

    # Where it came from is no part of what it says: a slot beside the fields, which equality does not look at.
    __slots__ = (_CAME_FROM,)

    name: Annotated[str, Field(min_length=1)]
    seed: Seed
    key_seed: Seed
    premises: Annotated[int, Number, Field(ge=1, le=10_000_000)]
    date: Annotated[date, BeforeValidator(_day)]
    days: Annotated[int, Number, Field(ge=1, le=366)]
    clock: Annotated[str, AfterValidator(_clock)]
    gbcs_version: Annotated[str, _one_of(names.gbcs_versions)]
    duis_version: Annotated[str, _one_of(names.duis_versions)]
    head_end: Literal["emulated", "external"]
    population: PopulationSection
    networks: Networks
    smets1: Smets1
    windows: Annotated[dict[str, dict[str, Any]], _keys_of(names.ruled_csps)]
    retry: Annotated[dict[str, dict[str, Any]], _keys_of(names.ruled_csps)]
    rates: Annotated[dict[str, dict[str, Any]], _keys_of(names.ruled_csps)]
    faults: Faults
    demand: Demand
    checkpoints: Checkpoints
    replay: Replay
    outage: tuple[Outage, ...]
    slot: tuple[Slot, ...]

    @property
    def rigs(self) -> dict[int, str]:
        """Names of rigs by the premises that their devices stand in."""
        return {slot.premises: slot.rig for slot in self.slot if slot.rig is not None}

    @property
    def is_real_time(self) -> bool:
        """Whether a second of the run takes a second."""
        kind, _, factor = self.clock.partition("=")
        return kind == "real" or (kind == "scaled" and float(factor) == 1)

    @property
    def label(self) -> str:
        """What mistakes that show later are blamed on: the file that the scenario came from, else its name."""
        label: str = getattr(self, _CAME_FROM, self.name)
        return label

    def came_from(self, label: str) -> Scenario:
        """The same scenario, of a file."""
        object.__setattr__(self, _CAME_FROM, label)
        return self

    def instant(self, moment: str) -> float:
        """Seconds since 2000 of a moment of this scenario: "D+1 03:30" counts days from the settlement day, in UTC."""
        matched = _MOMENT.fullmatch(moment)
        if not matched:
            return from_datetime(datetime.fromisoformat(moment))
        days, hours, minutes, seconds = (int(part or 0) for part in matched.groups())
        midnight = datetime.combine(self.date, time(), UTC)
        return from_datetime(midnight + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
