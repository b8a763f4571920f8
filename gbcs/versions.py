"""GBCS versions as rows of a table: which remote party role may use which use case (``versions.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from gbcs.catalogue import UseCase, by_code
from gbcs.errors import LocalError
from gbcs.roles import CATALOGUE_NAMES, RemotePartyRole


@cache
def versions() -> dict[str, str]:
    """The known versions and their titles."""
    return {name: str(row["title"]) for name, row in _table().items()}


def permitted(use_case: UseCase, role: RemotePartyRole, version: str) -> bool:
    """Whether a role may use a use case in a GBCS version.

    Use cases outside half-hourly settlement state no roles here; they are left to whoever the vectors show. Raises
    LocalError that names an unknown version.
    """
    return _permitted(use_case.code, role, version)


@cache
def _permitted(code: int, role: RemotePartyRole, version: str) -> bool:
    row = by_code(code)
    return not row.mhhs or role in row.roles or (row.use_case, role) in _grants(version)


@cache
def _grants(version: str) -> frozenset[tuple[str, RemotePartyRole]]:
    row = _table().get(version)
    if row is None:
        raise LocalError(f"unknown GBCS version {version!r}; known: {', '.join(_table())}")
    return frozenset((grant["use_case"], CATALOGUE_NAMES[grant["role"]]) for grant in row["grants"])


@cache
def _table() -> dict[str, dict[str, list[dict[str, str]]]]:
    return tomllib.loads(files(__package__).joinpath("versions.toml").read_text("utf-8"))
