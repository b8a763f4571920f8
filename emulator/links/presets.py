"""Presets: parameter files in which every value carries its confidence and source, and overrides laid over them.

A mistake is one line: ``scenario: key networks.overrides.PRESET.PARAMETER.KEY: what is wrong (allowed: ...)``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from emulator.assumptions import Assumption
from emulator.errors import ScenarioError
from emulator.links.distributions import DISTRIBUTIONS, NotNegative, Positive, Share, Stated

Overrides = Mapping[str, Mapping[str, Any]]
"""The scenario's ``[networks.overrides]``: preset -> parameter -> keys."""

NO_OVERRIDES: Overrides = {}
_OVERRIDDEN = {"confidence": "A", "source": "the scenario"}


class Value(Stated):
    """A number."""

    value: NotNegative


class PositiveValue(Stated):
    """A number above 0."""

    value: Positive


class Count(Stated):
    """A whole number; what 0 means is said where it is allowed."""

    value: int = Field(ge=0, strict=True)


class ShareValue(Stated):
    """A number from 0 to 1."""

    value: Share


class UtilisationValue(Stated):
    """A share below 1: what is used up entirely serves nobody."""

    value: float = Field(ge=0, lt=1, strict=True)


class Framing(Stated):
    """How a message is cut: bytes of it in a frame, and what each frame costs besides."""

    payload_bytes: int = Field(ge=1, strict=True)
    overhead_bytes: int = Field(ge=0, strict=True)


class Airtime(Framing):
    """The framing, and the gross rate of the link."""

    rate_bps: Positive


class Preset(BaseModel):
    """The parameters of one link model; a subclass has a field for each."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    title: str = Field(min_length=1)

    @model_validator(mode="after")
    def _stated(self) -> Preset:
        for name in type(self).model_fields:
            one = getattr(self, name)
            if isinstance(one, Stated) and not (one.confidence and one.source):
                raise ValueError(f"{name} needs its confidence (H, M, L or A) and source")
        return self

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""
        found: list[Assumption] = []
        for field in type(self).model_fields:
            one = getattr(self, field)
            if isinstance(one, Stated):
                found.append(Assumption(f"{self.name}.{field}", one.describe(), one.confidence, one.source))
            elif isinstance(one, Preset):
                found.extend(one.assumptions())
        return found


Loaded = TypeVar("Loaded", bound=Preset)


def load_preset(
    model: type[Loaded],
    package: str,
    name: str,
    overrides: Overrides = NO_OVERRIDES,
    *,
    label: str = "scenario",
    **made: Any,
) -> Loaded:
    """The preset ``name`` of a package with its overrides; ``made`` are fields that no file can hold.

    A value that an override replaces counts as assumed by the scenario unless the override says otherwise; another
    ``dist`` replaces the whole distribution. Raises ScenarioError, one line naming preset and key.
    """
    text = (files(package) / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    own = overrides.get(name, {})
    for key in own:
        if key in ("name", "title", *made):
            behind = f": override {made[key].name}" if isinstance(made.get(key), Preset) else ""
            raise ScenarioError(f"{label}: key networks.overrides.{name}.{key}: cannot be overridden{behind}")
    try:
        return model.model_validate({"name": name, **_laid_over(tomllib.loads(text), own), **made})
    except ValidationError as error:
        raise ScenarioError(_one_line(label, name, model, error)) from None


def _laid_over(preset: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(preset)
    for parameter, keys in own.items():
        base = preset.get(parameter)
        merged[parameter] = {**_merged(base, keys)} if isinstance(base, dict) and isinstance(keys, dict) else keys
        if isinstance(merged[parameter], dict):
            merged[parameter] |= {mark: keys.get(mark, said) for mark, said in _OVERRIDDEN.items()}
    return merged


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    if "dist" in own and own["dist"] != base.get("dist"):
        return dict(own)
    nested = {
        key: _merged(base[key], value)
        for key, value in own.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict) and "dist" in base[key]
    }
    return {**base, **own, **nested}


# ---------------------------------------------------------------------- mistakes


def _one_line(label: str, name: str, model: type[Preset], error: ValidationError) -> str:
    mistakes = sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    key = ".".join(["networks.overrides", name, *_place(mistakes[0]["loc"])])
    return f"{label}: key {key}: {_problem(mistakes[0], model)}{more}"


def _place(loc: tuple[int | str, ...]) -> list[str]:
    """The keys on the way, without the names of distributions that pydantic puts between."""
    return [f"[{part + 1}]" if isinstance(part, int) else part for part in loc if part not in DISTRIBUTIONS]


def _problem(mistake: ErrorDetails, model: type[Preset]) -> str:
    kind = mistake["type"]
    if kind == "extra_forbidden":
        return f"is not known (allowed: {', '.join(_siblings(mistake['loc'], model))})"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(mistake["ctx"]["error"])
    if kind == "union_tag_invalid":
        return f"dist {mistake['ctx']['tag']!r} is not known (allowed: {', '.join(DISTRIBUTIONS)})"
    if kind == "union_tag_not_found":
        return "dist is missing"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a table is needed, not {mistake['input']!r}"
    return f"{mistake['msg'].removeprefix('Input ')}, not {mistake['input']!r}".replace("\n", " ")


def _siblings(loc: tuple[int | str, ...], model: type[Preset]) -> list[str]:
    """The keys allowed where an unknown one was found."""
    models: list[type[BaseModel]] = [model]
    for part in loc[:-1]:
        if part in DISTRIBUTIONS:
            models = [one for one in models if "dist" in one.model_fields and part in _tags(one)]
        elif isinstance(part, str):
            models = [inner for one in models for inner in _models(one.model_fields[part].annotation)]
    hidden = ("name", "title") if models == [model] else ()
    return list(dict.fromkeys(name for one in models for name in one.model_fields if name not in hidden))


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["dist"].annotation)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
