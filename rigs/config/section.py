"""What all sections of a rig file share: unknown keys are mistakes, paths stand beside the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

from gbcs import eui64
from gbcs.errors import LocalError
from rigs.ports import LineSettings
from rigs.ports.address import parse_address


class Section(BaseModel):
    """A table of a rig file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return folder / path.expanduser() if folder is not None else path


def _is_port(url: str) -> str:
    parse_address(url)
    return url


def _eui(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise LocalError(f"an EUI-64 is text like 90-B3-D5-1F-30-01-00-00, not {value!r}")
    return eui64.parse(value)


FilePath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; a relative one starts where the rig file is."""

PortUrl = Annotated[str, AfterValidator(_is_port)]
"""What :func:`rigs.ports.open_port` takes."""

Eui = Annotated[bytes, BeforeValidator(_eui), PlainSerializer(eui64.show, return_type=str)]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
TcpPort = Annotated[int, Field(ge=1, le=0xFFFF)]
Name = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,62}$")]


class Line(Section):
    """Speed and form of a character; what is not said stays as the link has it."""

    baud: Annotated[int, Field(ge=50, le=4_000_000)] | None = None
    data_bits: Literal[7, 8] | None = None
    parity: Literal["none", "even", "odd"] | None = None
    stop_bits: Literal[1, 2] | None = None
    flow_control: Literal["none", "hardware", "software"] | None = None

    def over(self, usual: LineSettings) -> LineSettings:
        """The settings of this line where ``usual`` are those of the link."""
        return LineSettings(
            baud=self.baud or usual.baud,
            data_bits=self.data_bits or usual.data_bits,
            parity=self.parity or usual.parity,
            stop_bits=self.stop_bits or usual.stop_bits,
            flow_control=self.flow_control or usual.flow_control,
        )
