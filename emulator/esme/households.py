"""What the premises of a farm consume and generate: ``households.toml``, checked, and resolved into streams.

A stream is one part of a meter's energy that keeps to its own half-hours and counts in one register. A variant ("ev",
"night_storage") is a list of streams; an export MPAN and a second element add theirs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emulator.errors import ScenarioError
from gbcs.errors import LocalError

Channel: TypeAlias = Literal[
    "active_import", "active_import_secondary", "reactive_import", "active_export", "reactive_export"
]
"""What a meter measures; active energy in Wh, reactive energy in varh."""

CHANNELS: tuple[Channel, ...] = (
    "active_import",
    "active_import_secondary",
    "reactive_import",
    "active_export",
    "reactive_export",
)

Register: TypeAlias = tuple[str, int]
"""A register's bank ("tou", "block" or "secondary") and its position in it, from 0."""

BANKS: Mapping[str, tuple[int, ...]] = {"tou": (48,), "block": (4, 8), "secondary": (4,)}
"""Registers of a bank: 48 time-of-use, 4 blocks of 8 tiers, 4 of the second element (spec sheet 6.4)."""

_FILE = "households.toml"
_SLOT = re.compile(r"([01]\d|2[0-3]):(00|30)")
_Monthly = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=12, max_length=12)]
_Hours = tuple[Annotated[float, Field(ge=0)], ...]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stated(_Section):
    """An assumption: its value in words, how sure it is (H, M, L, A) and where it comes from."""

    value: str
    confidence: Literal["H", "M", "L", "A"]
    source: str


class MeterSpread(_Section):
    """How meters of one variant differ."""

    spread: Annotated[float, Field(ge=0, le=1)]
    stream_spread: Annotated[float, Field(ge=0, le=0.9)]


class Curve(_Section):
    """Activity over a day, hourly, and the constant part relative to its mean."""

    clock: Literal["local", "utc", "sun"]
    steady: Annotated[float, Field(ge=0)]
    weekday: _Hours
    weekend: _Hours

    @model_validator(mode="after")
    def _whole_days(self) -> Curve:
        hours = 0 if self.clock == "sun" else 24
        if len(self.weekday) != hours or len(self.weekend) != hours:
            raise ValueError(f"weekday and weekend need {hours} values each")
        return self


class Sun(_Section):
    """Sunrise and sunset at the middle of each month, hours UTC, and the strength of the sun relative to midsummer."""

    rise: _Monthly
    strength: _Monthly
    set: _Monthly


class Week(_Section):
    """How weeks depart from the season, and days from each other."""

    weekend: Annotated[float, Field(gt=0)]
    spread: Annotated[float, Field(ge=0, le=1.5)]
    idle: Annotated[float, Field(ge=0, lt=1)]
    swing: Annotated[float, Field(ge=0, le=0.9)]
    shared: bool


class Noise(_Section):
    """How half-hours depart from their curve."""

    spread: Annotated[float, Field(ge=0, le=1.5)]
    heavy_share: Annotated[float, Field(ge=0, le=1)]
    heavy_factor: Annotated[float, Field(ge=1, le=10)]
    smooth: Annotated[int, Field(ge=1, le=8)]


class Mask(_Section):
    """Half-hours of the day from ``from`` to ``to``, UTC."""

    start: str = Field(alias="from", pattern=_SLOT.pattern)
    end: str = Field(alias="to", pattern=_SLOT.pattern)


class Stream(_Section):
    """One row of the table; see the head of ``households.toml``."""

    name: str
    channel: Channel = "active_import"
    register_name: Annotated[str, Field(alias="register")] = ""
    annual_kwh: Annotated[float | None, Field(gt=0, le=100_000)] = None
    ratio: Annotated[float | None, Field(gt=0)] = None
    scaled: bool = True
    curve: str
    season: str
    week: str
    noise: str = ""
    mask: str = ""
    power_kw: Annotated[float | None, Field(gt=0)] = None
    late_slots: Annotated[int, Field(ge=0, le=12)] = 0
    self_use: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Stream:
        if (self.noise == "") != (self.power_kw is not None):
            raise ValueError("give noise or, for a load that runs at its power, power_kw")
        if (self.annual_kwh is None) == (self.ratio is None):
            raise ValueError("give annual_kwh or ratio")
        counted = self.channel in ("active_import", "active_import_secondary")
        if counted != bool(self.register_name):
            raise ValueError("streams of active import, and no others, name the register they count in")
        if counted and (parse_register(self.register_name)[0] == "secondary") != (self.channel != "active_import"):
            raise ValueError(f"register {self.register_name!r} belongs to the other element")
        return self

    @property
    def register_key(self) -> Register | None:
        """Bank and position of its register; ``None`` for what has no register of its own but the channel's total."""
        return parse_register(self.register_name) if self.register_name else None


class Variant(_Section):
    """A shape of consumption; ``exports``: it has an array even where no export MPAN says so."""

    title: str
    exports: bool = False
    stream: Annotated[tuple[Stream, ...], Field(min_length=1)]


class Export(_Section):
    """The array behind a meter with an export MPAN."""

    import_factor: Annotated[float, Field(gt=0, le=1)]
    sun_dip: Annotated[float, Field(ge=0, lt=1)]
    stream: tuple[Stream, ...]


class Households(_Section):
    """The whole table."""

    assumptions: dict[str, Stated]
    meters: MeterSpread
    curve: dict[str, Curve]
    sun: Sun
    season: dict[str, _Monthly]
    week: dict[str, Week]
    noise: dict[str, Noise]
    mask: dict[str, Mask]
    variant: dict[str, Variant]
    common: tuple[Stream, ...]
    export: Export
    twin: tuple[Stream, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> Households:
        every = [s for v in self.variant.values() for s in v.stream]
        for stream in (*every, *self.common, *self.export.stream, *self.twin):
            known: dict[str, Mapping[str, object]]
            known = {"curve": self.curve, "season": self.season, "week": self.week, "noise": self.noise}
            for kind, table in known.items():
                name = getattr(stream, kind)
                if name and name not in table:
                    raise ValueError(f"stream {stream.name}: {kind} {name!r} is not known ({', '.join(table)})")
            mask = stream.mask.removeprefix("not ")
            if mask and mask not in self.mask:
                raise ValueError(f"stream {stream.name}: mask {mask!r} is not known ({', '.join(self.mask)})")
        return self


def parse_register(text: str) -> Register:
    """("tou", 0) of "tou 1", ("block", 9) of "block 2 2". Raises LocalError for anything else."""
    bank, *numbers = text.split()
    shape = BANKS.get(bank, ())
    try:
        places = [int(number) - 1 for number in numbers]
    except ValueError:
        places = []
    if len(places) != len(shape) or not all(0 <= p < n for p, n in zip(places, shape, strict=False)) or not shape:
        raise LocalError(f'{text!r} is no register: write "tou 1", "block 1 1" or "secondary 1"')
    position = 0
    for place, size in zip(places, shape, strict=True):
        position = position * size + place
    return bank, position


def mask_slots(table: Households, name: str) -> tuple[bool, ...]:
    """For each of the 48 half-hours of a UTC day, whether the mask lets it through; the empty name lets all through."""
    if not name:
        return (True,) * 48
    mask = table.mask[name.removeprefix("not ")]
    first, last = (int(at[:2]) * 2 + (at[3] == "3") for at in (mask.start, mask.end))
    inside = [first <= slot < last if first <= last else not last <= slot < first for slot in range(48)]
    return tuple(flag != name.startswith("not ") for flag in inside)


@cache
def households() -> Households:
    """The shipped table. Raises ScenarioError, one line, where it holds a mistake."""
    return parse(files("emulator.esme").joinpath(_FILE).read_text("utf-8"), _FILE)


def parse(text: str, label: str) -> Households:
    """A table from TOML text; ``label`` names it in errors."""
    try:
        return Households.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{label}: is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "(whole table)"
        raise ScenarioError(f"{label}: key {where}: {first['msg']}") from None


def variants() -> tuple[str, ...]:
    """The names of the shapes of consumption, in the order of the table."""
    return tuple(households().variant)


def streams_of(variant: str, export: bool, twin: bool) -> tuple[Stream, ...]:
    """All streams of a meter, with ``annual_kwh`` of the median meter filled in for each.

    Raises LocalError that names an unknown variant.
    """
    table = households()
    if variant not in table.variant:
        raise LocalError(f"{variant!r} is no household variant (allowed: {', '.join(table.variant)})")
    chosen = table.variant[variant]
    export = export or chosen.exports
    own = tuple(_with_export(stream, table.export) for stream in chosen.stream) if export else chosen.stream
    total = sum(stream.annual_kwh or 0.0 for stream in own)
    common = tuple(_with_annual(stream, total * (stream.ratio or 1.0)) for stream in table.common)
    return (*own, *common, *(table.export.stream if export else ()), *(table.twin if twin else ()))


def _with_annual(stream: Stream, annual_kwh: float) -> Stream:
    return stream.model_copy(update={"annual_kwh": annual_kwh, "ratio": None})


def _with_export(stream: Stream, export: Export) -> Stream:
    if not stream.self_use:
        return stream
    return _with_annual(stream, (stream.annual_kwh or 0.0) * export.import_factor)
