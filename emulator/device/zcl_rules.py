"""How a gas device answers ZCL commands: one table (``zcl_rules.toml``), one loader."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE = "read attributes", "read attributes response"
_ATTRIBUTES_FRAME_CONTROL = 0x08


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """What a request is answered with. ``error_frame_control`` only where an error departs from the general rule."""

    response: str
    response_id: int
    frame_control: int
    selection: str
    error_frame_control: int | None = None


@dataclass(frozen=True, slots=True)
class AttributeTarget:
    """The attribute that a field sets, and its type on the wire."""

    cluster: int
    attribute: int
    kind: int


Answers: TypeAlias = "Mapping[str, AnswerRule]"


@cache
def answers() -> Answers:
    """The rules by the name of the request."""
    return {
        row["request"]: AnswerRule(
            row["response"], row["response_id"], row["frame_control"], row["selection"], row.get("error_frame_control")
        )
        for row in _table()["answer"]
    }


@cache
def effects(command: str) -> Mapping[str, AttributeTarget]:
    """The attributes that a command sets, by its fields."""
    for row in _table()["effect"]:
        if row["command"] == command:
            return {name: AttributeTarget(*target) for name, target in row.items() if name != "command"}
    return {}


@cache
def attributes_frame_control(use_case: str) -> int:
    """The frame control of the answer to a read of attributes."""
    for row in _table()["attribute_reads"]:
        if use_case in row["use_cases"]:
            return int(row["frame_control"])
    return _ATTRIBUTES_FRAME_CONTROL


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files(__package__).joinpath("zcl_rules.toml").read_text("utf-8"))
