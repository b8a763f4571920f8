"""``[lease]``: where it is written down who has a rig."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gbcs.errors import LocalError
from rigs.config.section import FilePath, Seconds, Section, TcpPort


class _Beating(Section):
    heartbeat_s: Seconds = 10.0
    expires_after_s: Seconds = 45.0
    """After so long without a heartbeat a lease is anybody's."""

    @model_validator(mode="after")
    def _beats_before_it_expires(self) -> Self:
        if self.expires_after_s < 2 * self.heartbeat_s:
            raise LocalError("expires_after_s must be twice heartbeat_s at least, or one late heartbeat loses the rig")
        return self


class FileLease(_Beating):
    """Files in a folder that all users of the rig share, on one machine or one file system."""

    kind: Literal["file"] = "file"
    folder: FilePath | None = None
    """Unless said, ``.state`` beside the rig file."""


class MqttLease(_Beating):
    """Retained messages on a broker, for rigs that several machines reach."""

    kind: Literal["mqtt"]
    host: str = "127.0.0.1"
    port: TcpPort = 1883
    prefix: Annotated[str, Field(pattern="^[^#+ ]+$")] = "meterfarm/leases"
    password_file: FilePath | None = None
    tls_ca: FilePath | None = None
    """Certificates that the broker's must hang off; TLS is spoken where they are named."""


LeaseConfig = Annotated[FileLease | MqttLease, Field(discriminator="kind")]
