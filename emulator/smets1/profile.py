"""What a dialect profile says of a device family, checked. Every choice carries how sure it is and where it comes from.

A profile is a TOML file of ``profiles``; ``extends = ["name", ...]`` lays it over others, choice by choice. It stands
for a dialect on an open protocol: no maker's own protocol is public.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.assumptions import Assumption
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.registry import DIALECTS
from emulator.smets1.server import ServerFactory
from firmware_profiles.model import Confidence, Rows, Stated
from gbcs.errors import LocalError

_SUFFIX = ".toml"
_FOLDER = files("emulator.smets1").joinpath("profiles")


class Identity(BaseModel):
    """The meter that a profile describes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    manufacturer: Stated[Annotated[str, Field(pattern="^[A-Z]{3}$")]]
    serial_number: Stated[Annotated[str, Field(pattern="^[0-9A-Za-z]{1,16}$")]]
    profile_depth: Stated[Rows]
    passwords: Stated[Mapping[str, Annotated[str, Field(pattern="^[ -~]{1,32}$")]]]


class DialectProfile(BaseModel):
    """A device family: what it is, which dialects it speaks (the first one unless told), and their settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]
    cohorts: tuple[Literal["IOC", "MOC Secure", "MOC MDS", "FOC"], ...] = ()
    speaks: Stated[Annotated[tuple[str, ...], Field(min_length=1)]]
    meter: Identity
    sections: Mapping[str, BaseModel]
    """The settings of its dialects by section, each of the type that the registry names."""

    def dialect(self, wanted: str | None = None) -> str:
        """The name of a dialect that it speaks. Raises LocalError that names one that it does not."""
        name = self.speaks.value[0] if wanted is None else wanted
        if name not in self.speaks.value:
            raise LocalError(f"{self.name} does not speak {name!r} (it speaks: {', '.join(self.speaks.value)})")
        return name

    def servers(self, meter: Smets1Meter, wanted: str | None = None) -> ServerFactory:
        """The servers of one meter of the family. Raises LocalError as :meth:`dialect` does."""
        row = DIALECTS[self.dialect(wanted)]
        return row.make(self.sections[row.section], meter)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Every choice with its confidence and source, as reports print it."""
        stated = [("speaks", self.speaks), *_stated("meter", self.meter)]
        for section, settings in self.sections.items():
            stated.extend(_stated(section, settings))
        return tuple(
            Assumption(f"{self.name}: {key}", str(one.value), one.confidence, one.source) for key, one in stated
        )


def shipped() -> tuple[str, ...]:
    """Names of the profiles in the package."""
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX)))


@cache
def load_profile(name: str) -> DialectProfile:
    """A profile by name. Raises LocalError, one line naming profile and key, for any mistake in it."""
    return checked(name, _read(name))


def checked(name: str, said: Mapping[str, Any]) -> DialectProfile:
    """What a profile says, tables and all, as a profile. Raises LocalError as :func:`load_profile` does."""
    sections = {row.section: row.settings for row in DIALECTS.values()}
    try:
        settings = {key: kind.model_validate(said[key]) for key, kind in sections.items() if key in said}
        rest = {key: value for key, value in said.items() if key not in sections}
        profile = DialectProfile.model_validate({**rest, "sections": settings})
    except ValidationError as error:
        raise LocalError(_one_line(name, error)) from None
    for dialect in profile.speaks.value:
        if dialect not in DIALECTS:
            raise LocalError(f"profile {name}: {dialect!r} is no dialect (allowed: {', '.join(DIALECTS)})")
        if DIALECTS[dialect].section not in settings:
            raise LocalError(f"profile {name}: table {DIALECTS[dialect].section} is missing: it speaks {dialect}")
    return profile


def _read(name: str) -> dict[str, Any]:
    """A profile over all that it extends."""
    if name not in shipped():
        raise LocalError(f"{name!r} is no profile (allowed: {', '.join(shipped())})")
    own = tomllib.loads(_FOLDER.joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8"))
    if own.get("name") != name:
        raise LocalError(f"profile {name}: key name: must be {name!r} like the file, not {own.get('name')!r}")
    merged: dict[str, Any] = {}
    for below in own.pop("extends", ()):
        merged = _laid_over(merged, _read(below))
    return _laid_over(merged, own)


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` over ``base``: tables choice by choice, everything else as a whole."""
    merged = {**base, **own}
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict) and "value" not in value:
            merged[key] = {**base[key], **value}
    return merged


def _stated(section: str, settings: BaseModel) -> list[tuple[str, Stated[Any]]]:
    values = ((key, getattr(settings, key)) for key in type(settings).model_fields)
    return [(f"{section}.{key}", value) for key, value in values if isinstance(value, Stated)]


def _one_line(name: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"profile {name}: key {place}: {first['msg'].removeprefix('Value error, ')}"
