"""Capacity scenarios: every input of the demand model with how sure it is and where it comes from.

The shipped scenarios A, B and C are those of PIA Table 5; what they share stands in ``scenarios/base.toml``. A file of
your own states only what differs. A mistake is one line: ``capacity scenario FILE: key a.b: what is wrong``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from emulator.assumptions import Assumption
from emulator.dcc.rule_tables import CspWindows, Section, Stated, Window
from emulator.errors import ScenarioError
from emulator.scenario_model import MistakeAtKey, Mix
from emulator.scenario_names import CSPS, SMETS1, granularities, smets1_cohorts

SHIPPED: Final = ("A", "B", "C")
NETWORKS: Final = (*CSPS, SMETS1)
"""The networks whose shares add up to 1: the three regions, and SMETS1, whose meters are on none of them."""

SizedAs = Literal["role", "mdr"]
ShareValue = Annotated[float, Field(ge=0, le=1)]
PositiveValue = Annotated[float, Field(gt=0)]
_STATED_KEYS = frozenset({"value", "confidence", "source"})


class Meters(Section):
    """Who is settled."""

    esmes: Stated[Annotated[int, Field(ge=1)]]
    export_take_up: Stated[ShareValue]
    twin_share: Stated[ShareValue]
    granularity: Stated[Mix]

    @model_validator(mode="after")
    def _known(self) -> Meters:
        _names("granularity", self.granularity.value, granularities())
        return self


class Networks(Section):
    """Where they are."""

    shares: Stated[Mix]
    smets1_cohorts: Stated[Mix]

    @model_validator(mode="after")
    def _known(self) -> Networks:
        _names("shares", self.shares.value, NETWORKS)
        _names("smets1_cohorts", self.smets1_cohorts.value, smets1_cohorts())
        return self


class DemandSection(Section):
    """Who reads them, and how often."""

    mdr_share: Stated[ShareValue]
    data_reuse_share: Stated[ShareValue]
    repeats_share: Stated[Annotated[float, Field(ge=0, le=10)]]
    export_reads_per_day: Stated[Annotated[float, Field(ge=0, le=48)]]
    month_days: Stated[Annotated[int, Field(ge=28, le=31)]]
    on_demand_share: Stated[ShareValue]


class Sizing(Section):
    """How large a read is taken to be."""

    sized_as: Stated[SizedAs]
    transport_bytes: Stated[Annotated[float, Field(ge=0)]]


class Windows(Section):
    """When each network is read."""

    csp_north: CspWindows
    csp_south: CspWindows
    csp_central: CspWindows
    smets1: CspWindows


class Baseline(Section):
    """What the networks carry besides."""

    bytes_per_hub_hour: Stated[Annotated[float, Field(ge=0)]]
    up_share: Stated[ShareValue]
    message_bytes: Stated[PositiveValue]


class DspSection(Section):
    """The head-end."""

    lane_srvs_per_s: Stated[PositiveValue]


class Firmware(Section):
    """Firmware that the networks carry besides; on long-range radio one transmission reaches all hubs of a site."""

    image_bytes: Stated[Annotated[float, Field(ge=0)]]
    images_per_site_day: Stated[Annotated[float, Field(ge=0)]]
    window: Stated[Window]


class RadioSection(Section):
    """The radio network of CSP North around the preset that a run uses."""

    preset: Stated[Literal["csp_north_lrr"]]
    sites: Stated[Annotated[int, Field(ge=1)]]
    busiest_to_mean: Stated[Annotated[float, Field(ge=1)]]
    usable_share: Stated[Annotated[float, Field(gt=0, le=1)]]
    channels: Stated[tuple[Annotated[int, Field(ge=1)], ...]]
    message_ratio: Stated[Annotated[float, Field(gt=0, le=1)]]


class CapacityScenario(Section):
    """One scenario, every value with its mark and source."""

    name: str
    title: str
    meters: Meters
    networks: Networks
    demand: DemandSection
    sizing: Sizing
    windows: Windows
    baseline: Baseline
    firmware: Firmware
    dsp: DspSection
    radio: RadioSection

    @property
    def in_window_share(self) -> float:
        """Share of the data that is collected for settlement alone: what MDR Users read, and suppliers do not re-use.

        The last row of PIA Table 5 (25, 75 and 100 %) follows from two others.
        """
        mdr, reuse = self.demand.mdr_share.value, self.demand.data_reuse_share.value
        return mdr + (1 - mdr) * (1 - reuse)

    def assumptions(self) -> list[Assumption]:
        """Every value with its confidence and source."""
        return list(_assumptions(f"capacity.{self.name}", self))


def load_capacity_scenario(name: Path | str = "C", overrides: Mapping[str, Any] | None = None) -> CapacityScenario:
    """A shipped scenario by name, or the one in a file; ``overrides`` are laid over it section by section.

    Raises ScenarioError, one line, for any mistake.
    """
    label, text = _read(name)
    merged = _laid_over(_base(), _parse(label, text), f"scenario {label}")
    merged = _laid_over(merged, overrides or {}, "the caller")
    try:
        return CapacityScenario.model_validate({"name": Path(label).stem, **merged})
    except ValidationError as error:
        raise ScenarioError(_one_line(label, error)) from None


# ---------------------------------------------------------------------- reading


@cache
def _base() -> dict[str, Any]:
    return tomllib.loads(_shipped("base"))


def _shipped(name: str) -> str:
    text: str = (files("emulator.capacity") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    return text


def _read(name: Path | str) -> tuple[str, str]:
    """What to call the scenario in messages, and its text."""
    path = Path(name)
    if str(name) in SHIPPED and not path.exists():
        return str(name), _shipped(str(name))
    try:
        return str(name), path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(f"capacity scenario {name}: no such file (shipped: {', '.join(SHIPPED)})") from None
    except UnicodeDecodeError as error:
        raise ScenarioError(f"capacity scenario {name}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ScenarioError(f"capacity scenario {name}: cannot be read: {error.strerror}") from None


def _parse(label: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"capacity scenario {label}: is not TOML: {error}") from None


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any], source: str) -> dict[str, Any]:
    """``own`` over ``base``: sections key by key; a plain value in place of a stated one counts as assumed."""
    merged = dict(base)
    for key, given in own.items():
        ours = base.get(key)
        if not isinstance(ours, dict):
            merged[key] = given
        elif ours.keys() >= _STATED_KEYS:
            merged[key] = _stated(given, source)
        else:
            merged[key] = _laid_over(ours, given, source) if isinstance(given, dict) else given
    return merged


def _stated(given: Any, source: str) -> dict[str, Any]:
    stated = given if isinstance(given, dict) and "value" in given else {"value": given}
    return {"confidence": "A", "source": source, **stated}


def _names(key: str, mix: Mapping[str, float], allowed: tuple[str, ...]) -> None:
    for name in mix:
        if name not in allowed:
            raise MistakeAtKey(key, f"{name!r} is not known (allowed: {', '.join(allowed)})")


def _assumptions(name: str, section: BaseModel) -> Iterator[Assumption]:
    for key in type(section).model_fields:
        one = getattr(section, key)
        if isinstance(one, Stated):
            yield Assumption(f"{name}.{key}", _words(one.value), one.confidence, one.source)
        elif isinstance(one, BaseModel):
            yield from _assumptions(f"{name}.{key}", one)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {share:g}" for key, share in value.items())
    if isinstance(value, BaseModel):
        return " to ".join(str(part) for part in value.model_dump().values())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


# ---------------------------------------------------------------------- mistakes


def _one_line(label: str, error: ValidationError) -> str:
    """The first mistake as one line, an unknown key before others, and how many more there are."""
    mistakes = sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    first = mistakes[0]
    inner = first.get("ctx", {}).get("error")
    place = [str(part) for part in (*first["loc"], *([inner.key] if isinstance(inner, MistakeAtKey) else ()))]
    key = ".".join(part for part in place if part != "value")
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"capacity scenario {label}: key {key}: is not known (allowed: {', '.join(_siblings(place))}){more}"
    said = str(inner) if inner is not None else f"{first['msg'].removeprefix('Input ')}, not {first['input']!r}"
    return " ".join(f"capacity scenario {label}: key {key}: {said}{more}".split())


def _siblings(place: list[str]) -> list[str]:
    """The keys allowed where an unknown one was found."""
    model: Any = CapacityScenario
    for part in place[:-1]:
        model = model.model_fields[part].annotation
    return [name for name in model.model_fields if name != "name"]
