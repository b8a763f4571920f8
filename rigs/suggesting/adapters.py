"""The table of USB adapters (``adapters.toml``), checked."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from firmware_profiles.model import Confidence


class Adapter(BaseModel):
    """A row: what it is, how it is told from others, and which link it is good for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    usb: Annotated[str, Field(pattern="^[0-9a-f]{4}:([0-9a-f]{4}|[*])$")]
    name: str = ""
    link: Literal["ezsp", "dialect", "relay", "none"]
    interface: int | None = None
    baud: int | None = None
    flow_control: Literal["hardware", "software"] | None = None
    confidence: Confidence
    note: str

    def fits(self, usb: str, name: str, interface: int | None) -> bool:
        """Whether a line with these numbers, by-id name and interface is of this kind."""
        vendor, _, product = self.usb.partition(":")
        same = usb == self.usb if product != "*" else usb.startswith(f"{vendor}:")
        right_line = self.interface is None or interface in (None, self.interface)
        return same and right_line and re.search(self.name, name, re.IGNORECASE) is not None


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    adapter: tuple[Adapter, ...]


@cache
def adapters() -> tuple[Adapter, ...]:
    """All rows, in the order in which they are tried."""
    text = files("rigs.suggesting").joinpath("adapters.toml").read_text(encoding="utf-8")
    return _Table.model_validate(tomllib.loads(text)).adapter


def adapter_of(usb: str, name: str, interface: int | None) -> Adapter | None:
    """The row that fits a line, or None."""
    return next((row for row in adapters() if row.fits(usb, name, interface)), None)
