"""Find, merge and check firmware profiles.

A profile is a TOML file. ``extends = "name"`` lays it over another one; ``stack(["a", "b"])`` (or the name ``"a+b"``)
lays b over a, a base that both have counting once, at the bottom. A choice is replaced as a whole, with its confidence
and source; deviations add up, and one of the same name replaces the earlier one.

A name is looked for beside the file that extends it, then in the folders given, then among the shipped profiles.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from firmware_profiles.model import Deviation, FirmwareProfile
from gbcs.errors import LocalError

_STACKED_BY = "+"
_SUFFIX = ".toml"
_JOINED = ("name", "description", "model", "firmware_version")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One file: what to call it in messages, the folder it came from (``None``: shipped), and what it says."""

    label: str
    folder: Path | None
    own: Mapping[str, Any]


def shipped() -> tuple[str, ...]:
    """Names of the profiles in the package."""
    names = (file.name for file in files("firmware_profiles").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def load(name: str | Path, folders: Sequence[Path | str] = ()) -> FirmwareProfile:
    """A profile by name, by file (a path that ends in .toml), or a stack of names joined by "+".

    Reads the files each time (2 ms): load a profile once for all meters that have it. Raises LocalError, one line
    naming file and key, for any mistake in it.
    """
    return stack(str(name).split(_STACKED_BY) if isinstance(name, str) else [name], folders)


def stack(names: Sequence[str | Path], folders: Sequence[Path | str] = ()) -> FirmwareProfile:
    """Profiles laid over each other, the later over the earlier. Raises LocalError as :func:`load` does."""
    if not names:
        raise LocalError("a stack of firmware profiles needs at least one name")
    searched = tuple(Path(folder) for folder in folders)
    layers: list[_Layer] = []
    tops: list[_Layer] = []
    for name in names:
        chain = _chain(str(name), searched)
        tops.append(chain[-1])
        layers.extend(layer for layer in chain if layer.label not in [known.label for known in layers])
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _laid_over(merged, layer.own)
    if len(tops) > 1:
        for key in _JOINED:
            said = dict.fromkeys(str(top.own[key]) for top in tops if key in top.own)
            merged[key] = (_STACKED_BY if key == "name" else "; ").join(said) or merged.get(key)
    try:
        return FirmwareProfile.model_validate(merged)
    except ValidationError as error:
        raise LocalError(_one_line(error, layers)) from None


def _chain(name: str, folders: tuple[Path, ...]) -> list[_Layer]:
    """A profile and all it extends, the lowest first."""
    chain: list[_Layer] = []
    wanted: str | None = name
    while wanted is not None:
        beside = (chain[0].folder,) if chain and chain[0].folder is not None else ()
        layer = _read(wanted, (*beside, *folders), chain[0].label if chain else None)
        if layer.label in [known.label for known in chain]:
            raise LocalError(f"firmware profile {layer.label}: key extends: goes round in a circle")
        chain.insert(0, layer)
        wanted = layer.own.get("extends")
        if wanted is not None and not isinstance(wanted, str):
            raise LocalError(f"firmware profile {layer.label}: key extends: a name is needed, not {wanted!r}")
    return chain


def _read(name: str, folders: Iterable[Path], extended_by: str | None) -> _Layer:
    file = _find(name, folders)
    if file is not None:
        label, folder = str(file), file.parent
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LocalError(f"firmware profile {label}: cannot be read: {error}") from None
    elif name in shipped():
        label, folder = f"{name}{_SUFFIX}", None
        text = files("firmware_profiles").joinpath(label).read_text(encoding="utf-8")
    else:
        where = f" {extended_by}: key extends:" if extended_by else ""
        raise LocalError(f"firmware profile{where} {name!r} is not known (shipped: {', '.join(shipped())})")
    try:
        own = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"firmware profile {label}: is not TOML: {error}") from None
    stem = Path(label).stem
    if own.get("name") != stem:
        raise LocalError(f"firmware profile {label}: key name: must be {stem!r} like the file, not {own.get('name')!r}")
    return _Layer(label, folder, own)


def _find(name: str, folders: Iterable[Path]) -> Path | None:
    if name.endswith(_SUFFIX):
        return Path(name)
    candidates = (folder / f"{name}{_SUFFIX}" for folder in folders)
    return next((file for file in candidates if file.is_file()), None)


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` over ``base``: sections key by key, deviations by name, everything else as a whole."""
    merged = {**base, **{key: value for key, value in own.items() if key != "extends"}}
    for key, value in own.items():
        earlier = base.get(key)
        if isinstance(value, dict) and isinstance(earlier, dict):
            merged[key] = {**earlier, **value}
    ours, theirs = own.get("deviations"), base.get("deviations")
    if isinstance(ours, list) and isinstance(theirs, list):
        renewed = [_name(deviation) for deviation in ours]
        merged["deviations"] = [deviation for deviation in theirs if _name(deviation) not in renewed] + ours
    return merged


def _name(deviation: object) -> object:
    return deviation.get("name") if isinstance(deviation, dict) else deviation


def _one_line(error: ValidationError, layers: Sequence[_Layer]) -> str:
    """The first mistake, an unknown key before what is missing for it, with the file that last said something there."""
    mistakes = sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    first = mistakes[0]
    place = [part for part in first["loc"] if part not in _BRANCHES]
    dotted = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return f"firmware profile {_said_in(place, layers)}: key {dotted}: {_problem(first)}{more}"


def _said_in(place: Sequence[int | str], layers: Sequence[_Layer]) -> str:
    """The file that the value at a place comes from."""
    section, key = (*place, "", "")[:2]
    said = [layer for layer in layers if section in layer.own]
    closer = [layer for layer in said if isinstance(layer.own[str(section)], dict) and key in layer.own[str(section)]]
    return (closer or said or layers)[-1].label


def _problem(mistake: ErrorDetails) -> str:
    kind, given = mistake["type"], mistake.get("input")
    if kind == "extra_forbidden":
        return f"is not known (allowed: {', '.join(_allowed(mistake['loc']))})"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_invalid":
        return f"{mistake['ctx']['tag']!r} is no deviation (allowed: {', '.join(str(name) for name in _BRANCHES)})"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a table is needed, not {given!r}"
    if kind == "tuple_type":
        return f"a list is needed, not {given!r}"
    return mistake["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("\n", " ")


def _allowed(loc: Sequence[int | str]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    model: Any = FirmwareProfile
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        model = _BRANCHES[part] if part in _BRANCHES else model.model_fields.get(part, model)
        model = getattr(model, "annotation", model)
    return list(getattr(model, "model_fields", {}))


_BRANCHES: dict[int | str, type[BaseModel]] = {
    str(kind.model_fields["name"].annotation.__args__[0]): kind for kind in get_args(Deviation)
}
"""Deviations by name: pydantic puts the name of the branch of a union into the place of a mistake."""
