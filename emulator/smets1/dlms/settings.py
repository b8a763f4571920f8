"""What a profile may say about DLMS/COSEM, checked."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from emulator.smets1.dlms.rows import ACTIVE_IMPORT, CLOCK, COLUMNS
from firmware_profiles.model import Seconds, Stated

Sap = Annotated[int, Field(ge=1, le=0x3FFF)]


class Role(IntEnum):
    """What a client may do; each may do what those below may."""

    PUBLIC = 0
    READER = 1
    MANAGER = 2


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClientSettings(_Section):
    """A client by its SAP: how it must authenticate (``lls`` takes the password of its name) and what it may do."""

    sap: Annotated[int, Field(ge=1, le=0x7F)]
    name: Annotated[str, Field(min_length=1)]
    security: Literal["none", "lls", "gmac"]
    role: Literal["public", "reader", "manager"]

    @property
    def rank(self) -> Role:
        """Its role."""
        return Role[self.role.upper()]


class LogicalDevice(_Section):
    """A logical device by its SAP: its name, and which objects it holds."""

    sap: Sap
    name: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,8}$")]
    holds: Annotated[tuple[Literal["management", "electricity"], ...], Field(min_length=1)]


class DlmsSettings(_Section):
    """The table ``dlms`` of a profile."""

    clients: Stated[Annotated[tuple[ClientSettings, ...], Field(min_length=1)]]
    logical_devices: Stated[Annotated[tuple[LogicalDevice, ...], Field(min_length=1)]]
    columns: Stated[tuple[Literal["clock", "status", "active_import", "active_export"], ...]]
    max_pdu: Stated[Annotated[int, Field(ge=128, le=0xFFFF)]]
    inactivity_s: Stated[Seconds]
    hdlc_information: Stated[Annotated[int, Field(ge=32, le=2030)]]
    hdlc_baud: Stated[Literal[300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]]

    @field_validator("clients")
    @classmethod
    def _once(cls, clients: Stated[tuple[ClientSettings, ...]]) -> Stated[tuple[ClientSettings, ...]]:
        if len({client.sap for client in clients.value}) < len(clients.value):
            raise ValueError("two clients have one SAP")
        return clients

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Stated[tuple[str, ...]]) -> Stated[tuple[str, ...]]:
        if len(set(columns.value)) < len(columns.value) or not {CLOCK, ACTIVE_IMPORT} <= set(columns.value):
            raise ValueError(f"a profile has clock and active_import, each column once (allowed: {', '.join(COLUMNS)})")
        return columns
