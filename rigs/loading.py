"""Find and read rig files: ``NAME.toml`` in the folder of ``--rigs``, METERFARM_RIGS, or ``./bench``.

A mistake is one line: ``rig FILE: key a.b: what is wrong (allowed: ...)``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gbcs.errors import LocalError
from rigs.config import RigConfig

FOLDER_VARIABLE: Final = "METERFARM_RIGS"
USUAL_FOLDER: Final = Path("bench")
_SUFFIX: Final = ".toml"


def rigs_folder(given: Path | None = None) -> Path:
    """The folder of rig files: the given one, else what the environment names, else ``./bench``."""
    named = os.environ.get(FOLDER_VARIABLE)
    return given or (Path(named) if named else USUAL_FOLDER)


def rig_names(folder: Path | None = None) -> tuple[str, ...]:
    """The rigs that have a file, sorted. Raises LocalError where there is no such folder."""
    place = rigs_folder(folder)
    try:
        return tuple(sorted(file.stem for file in place.iterdir() if file.suffix == _SUFFIX and file.is_file()))
    except OSError as error:
        advice = f"make it, or name another with --rigs or {FOLDER_VARIABLE}"
        raise LocalError(f"{place} is no folder of rig files: {error.strerror} ({advice})") from None


def load_rig(name: str, folder: Path | None = None) -> RigConfig:
    """The rig of a name. Raises LocalError, one line that names file and key, for any mistake."""
    place = rigs_folder(folder)
    if name not in rig_names(place):
        raise LocalError(f"{name!r} is no rig of {place} (rigs there: {', '.join(rig_names(place)) or 'none'})")
    return read_rig(place / f"{name}{_SUFFIX}")


def load_rigs(folder: Path | None = None) -> tuple[RigConfig, ...]:
    """All rigs of a folder. Raises LocalError as :func:`load_rig` does."""
    return tuple(load_rig(name, folder) for name in rig_names(folder))


def read_rig(file: Path) -> RigConfig:
    """The rig that a file describes. Raises LocalError as :func:`load_rig` does."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"rig {file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"rig {file}: is not TOML: {error}") from None
    return parse_rig(file, content)


def parse_rig(file: Path, content: dict[str, Any]) -> RigConfig:
    """The rig that parsed TOML describes, as if it stood in ``file``. Raises LocalError."""
    try:
        rig = RigConfig.model_validate(content, context={"folder": file.parent.absolute()})
    except ValidationError as error:
        raise LocalError(f"rig {file}: {_one_line(error)}") from None
    problems = rig.mistakes()
    if rig.name != file.stem:
        problems = (("name", f"must be {file.stem!r} like the file, not {rig.name!r}"), *problems)
    if problems:
        key, problem = problems[0]
        raise LocalError(f"rig {file}: key {key}: {problem}")
    return rig.came_from(file.absolute())


# ---------------------------------------------------------------------- mistakes


def _one_line(error: ValidationError) -> str:
    """The first mistake, an unknown key before what is missing for it, and how many more there are."""
    mistakes = sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    model, place = _followed(mistakes[0]["loc"])
    key = ".".join(place)
    return f"key {key}: {_problem(mistakes[0], model)}{more}"


def _followed(loc: Sequence[int | str]) -> tuple[type[BaseModel], list[str]]:
    """The model that holds the mistaken key, and its place without the branches that pydantic puts in it."""
    model: type[BaseModel] = RigConfig
    place: list[str] = []
    branches: dict[str, type[BaseModel]] = {}
    for part in map(str, loc):
        if part in branches:
            model, branches = branches[part], {}
            continue
        place.append(part)
        if part in model.model_fields and len(place) < len(loc):
            inside = _models(model.model_fields[part].annotation)
            branches = {kind: one for one in inside for kind in _kinds(one)} if len(inside) > 1 else {}
            model = inside[0] if len(inside) == 1 else model
    return model, place


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models of an annotation: itself, or the members of a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("kind")
    return tuple(get_args(field.annotation)) if field is not None else ()


def _problem(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    kind, given, context = mistake["type"], mistake.get("input"), mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known (allowed: {', '.join(model.model_fields)})"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_not_found":
        return "needs a kind"
    if kind == "union_tag_invalid":
        return f"{context['tag']!r} is no kind (allowed: {context['expected_tags'].replace(chr(39), '')})"
    if kind == "literal_error":
        return f"{given!r} is not known (allowed: {context['expected'].replace(chr(39), '').replace(' or ', ', ')})"
    if kind == "value_error":
        return " ".join(str(context["error"]).split())
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a table is needed, not {given!r}"
    message = mistake["msg"].removeprefix("Input ").replace("\n", " ")
    return f"{message}, not {given!r}"
