"""What a codec asks of a comms hub, from ``hub_costs.toml``: memory, code, and processor time as a named assumption."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from emulator.assumptions import Assumption
from emulator.compression.registry import CODECS
from gbcs.errors import LocalError

Mark = Literal["H", "M", "L", "A"]
_Positive = Annotated[int, Field(gt=0)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Clock(_Row):
    value: _Positive
    confidence: Mark
    source: str


class _Processor(_Row):
    clock_hz: _Clock


class _Codec(_Row):
    names: tuple[str, ...]
    ram_bytes: _Positive
    flash_bytes: _Positive
    cycles_per_byte: _Positive
    confidence: Mark
    source: str


class _Table(_Row):
    processor: _Processor
    codec: tuple[_Codec, ...]


@dataclass(frozen=True, slots=True)
class HubCost:
    """What one codec costs. ``seconds_per_kilobyte``: processor time for 1,000 bytes of message, there and back."""

    codec: str
    ram_bytes: int
    flash_bytes: int
    cycles_per_byte: int
    seconds_per_kilobyte: float
    confidence: str
    source: str


@cache
def _table() -> _Table:
    text = (files(__package__) / "hub_costs.toml").read_text(encoding="utf-8")
    return _Table.model_validate(tomllib.loads(text))


def hub_cost(codec: str) -> HubCost:
    """The costs of a codec. Raises LocalError for one that the table does not have."""
    table = _table()
    for row in table.codec:
        if codec in row.names:
            seconds = row.cycles_per_byte * 1000 / table.processor.clock_hz.value
            return HubCost(
                codec, row.ram_bytes, row.flash_bytes, row.cycles_per_byte, seconds, row.confidence, row.source
            )
    raise LocalError(f"codec {codec!r} has no costs (allowed: {', '.join(CODECS)})")


def assumptions() -> list[Assumption]:
    """The processor, and every row as far as codecs of the registry are concerned."""
    table, clock = _table(), _table().processor.clock_hz
    found = [Assumption("hub.clock_hz", f"{clock.value:,}", clock.confidence, clock.source)]
    for row in table.codec:
        value = f"{row.ram_bytes:,} B RAM, {row.flash_bytes:,} B flash, {row.cycles_per_byte:,} cycles a byte"
        found.append(Assumption(f"hub.{'/'.join(row.names)}", value, row.confidence, row.source))
    return found
