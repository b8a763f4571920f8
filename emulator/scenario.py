"""Scenario files: what farm to make and what to ask of it, checked key by key.

A scenario is TOML. It states only where it differs from the shipped ``default.toml``, which documents every key with
its unit and source: sections are laid over the default's key by key, while a mix (a table of shares) and a list are
taken as a whole. A mistake is one line: ``scenario FILE: key a.b.c: what is wrong (allowed: ...)``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from emulator.assumptions import Assumption
from emulator.errors import ScenarioError
from emulator.scenario_model import Demand, Flood, MistakeAtKey, Outage, Scenario, Slot

__all__ = ["DEFAULT", "Demand", "Flood", "Outage", "Scenario", "Slot", "dump", "load_scenario", "shipped", "stated"]

DEFAULT = "default"
_COMMAND_LINE = "command line"
_HEADER = "# The scenario as used: every key, also those that the scenario file left to the default.\n"


def shipped() -> tuple[str, ...]:
    """Names of the scenarios in the package, the default first."""
    found = sorted(
        file.name.removesuffix(".toml") for file in _shipped_folder().iterdir() if file.name.endswith(".toml")
    )
    return (DEFAULT, *(name for name in found if name != DEFAULT))


def load_scenario(path: Path | str | None = None, **overrides: Any) -> Scenario:
    """The scenario in a file, of a shipped name, or (None) the default one; ``overrides`` are laid over it.

    Overrides that are None count as not given. Raises ScenarioError, one line, for any mistake.
    """
    label, text = _read(path)
    own = _parse(label, text)
    given = {key: value for key, value in overrides.items() if value is not None}
    merged = _laid_over(_parse(f"{DEFAULT}.toml", _shipped_text(DEFAULT)), own, Scenario)
    merged = _laid_over(merged, given, Scenario)
    try:
        scenario = Scenario.model_validate(merged)
    except ValidationError as error:
        raise ScenarioError(_one_line(label, error, given)) from None
    for key, problem in _cross_checks(scenario):
        raise ScenarioError(f"scenario {label}: key {key}: {problem}")
    return scenario.came_from(label)


def dump(scenario: Scenario) -> str:
    """TOML text that :func:`load_scenario` reads back as the same scenario."""
    return _HEADER + tomli_w.dumps(scenario.model_dump(by_alias=True, exclude_none=True))


def stated(scenario: Scenario) -> list[Assumption]:
    """What a scenario says of its population and demand, for the list of assumptions.

    Which of the default's figures the PIA states, and which are ours, stands beside each in ``default.toml``.
    """
    rows: list[Assumption] = []
    for section in ("population", "demand", "checkpoints"):
        for key, value in getattr(scenario, section).model_dump(by_alias=True).items():
            rows += _rows(f"scenario.{section}.{key}", value, f"scenario {scenario.label}")
    return rows


def _rows(name: str, value: Any, source: str) -> list[Assumption]:
    """A row for a value or a mix; a section of mixes gives a row for each."""
    if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
        return [row for key, inner in value.items() for row in _rows(f"{name}.{key}", inner, source)]
    if isinstance(value, dict):
        value = ", ".join(f"{key} {share:g}" for key, share in value.items())
    return [Assumption(name, str(value), "A", source)]


# ---------------------------------------------------------------------- reading


def _shipped_folder() -> Any:
    return files("emulator") / "scenarios"


def _shipped_text(name: str) -> str:
    text: str = (_shipped_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return text


def _read(path: Path | str | None) -> tuple[str, str]:
    """What to call the scenario in messages, and its text."""
    if path is None:
        return f"{DEFAULT}.toml", _shipped_text(DEFAULT)
    file = Path(path)
    if not file.exists() and str(path) in shipped():
        return f"{path}.toml", _shipped_text(str(path))
    try:
        return str(path), file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(f"scenario {path}: no such file (shipped scenarios: {', '.join(shipped())})") from None
    except UnicodeDecodeError as error:
        raise ScenarioError(f"scenario {path}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ScenarioError(f"scenario {path}: cannot be read: {error.strerror}") from None


def _parse(label: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {label}: is not TOML: {error}") from None


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """``own`` over ``base``, descending where the model has a section; everything else is taken as a whole."""
    merged = {**base, **own}
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            ours, theirs = own.get(name), base.get(name)
            if isinstance(ours, dict) and isinstance(theirs, dict):
                merged[name] = _laid_over(theirs, ours, section)
    return merged


# ---------------------------------------------------------------------- mistakes


def _one_line(label: str, error: ValidationError, overrides: Mapping[str, Any]) -> str:
    """The first mistake as one line, an unknown key before what is missing for it, and how many more there are."""
    mistakes = sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    first = mistakes[0]
    where = _COMMAND_LINE if first["loc"] and first["loc"][0] in overrides else label
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return f"scenario {where}: key {_dotted(_place(first))}: {_problem(first)}{more}"


def _place(mistake: ErrorDetails) -> tuple[int | str, ...]:
    inner = mistake.get("ctx", {}).get("error")
    return (*mistake["loc"], inner.key) if isinstance(inner, MistakeAtKey) else mistake["loc"]


def _dotted(loc: tuple[int | str, ...]) -> str:
    """``outage[1].share``: keys joined by dots, entries of a list counted from 1 as a reader counts them."""
    parts: list[str] = []
    for part in loc:
        if isinstance(part, int):
            parts[-1] += f"[{part + 1}]"
        else:
            parts.append(part)
    return ".".join(parts)


def _problem(mistake: ErrorDetails) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known (allowed: {', '.join(_siblings(mistake['loc']))})"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"]).replace("\n", " ")
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        return f"{mistake['input']!r} is not known (allowed: {allowed})"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a table is needed, not {mistake['input']!r}"
    if kind == "tuple_type":
        return f"a list is needed, not {mistake['input']!r}"
    message = mistake["msg"].removeprefix("Input ").replace("\n", " ")
    return f"{message}, not {mistake['input']!r}"


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where an unknown one was found."""
    model: Any = Scenario
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        model = next((arg for arg in getattr(annotation, "__args__", ()) if _is_model(arg)), annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _cross_checks(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What no single key shows: (key, problem)."""
    for number, outage in enumerate(scenario.outage, 1):
        if scenario.instant(outage.ends) <= scenario.instant(outage.starts):
            yield f"outage[{number}].to", f"{outage.ends} is not after the start, {outage.starts}"
    for csp, share in scenario.population.csp.items():
        mix = getattr(scenario.population.wan, csp)
        if share > 0 and "smets1_sms" in mix and mix["smets1_sms"] > 0:
            yield f"population.wan.{csp}.smets1_sms", "the farm holds SMETS2 meters only"
    yield from _slot_checks(scenario)


def _slot_checks(scenario: Scenario) -> Iterator[tuple[str, str]]:
    premises, rigs = set[int](), set[str]()
    for number, slot in enumerate(scenario.slot, 1):
        if (slot.device is None) is (slot.rig is None):
            yield f"slot[{number}]", 'say either device = "emulated" or rig = "NAME"'
        if slot.premises >= scenario.premises:
            yield f"slot[{number}].premises", f"{slot.premises} is none of the {scenario.premises}, counted from 0"
        if slot.premises in premises:
            yield f"slot[{number}].premises", f"{slot.premises} has a slot already"
        if slot.rig is not None and slot.rig in rigs:
            yield f"slot[{number}].rig", f"{slot.rig} stands in another premises already"
        premises.add(slot.premises)
        rigs.update([slot.rig] if slot.rig else [])
    if rigs and not scenario.is_real_time:
        yield (
            "clock",
            f"real devices need real time: write real, not {scenario.clock} (rigs: {', '.join(sorted(rigs))})",
        )
    if scenario.head_end == "external" and scenario.clock == "virtual":
        yield "clock", "an external head-end needs a clock that it can share: write real or scaled=N, not virtual"
