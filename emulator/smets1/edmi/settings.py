"""What a device family may choose of the EDMI dialect; each choice with its confidence and source."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from firmware_profiles.model import PositiveSeconds, Stated


class Access(IntEnum):
    """What a user may do; a higher level may do all that a lower one may."""

    NONE = 0
    READER = 1
    ENGINEER = 2
    NOBODY = 3
    """No user has this level, so what asks for it is closed to all."""


ACCESS = {level.name.lower(): level for level in Access}
_Level = Annotated[str, Field(pattern="^(reader|engineer)$")]
_Bytes = Annotated[int, Field(ge=64, le=65535)]
_Padding = Annotated[int, Field(ge=0, le=25)]


class EdmiSettings(BaseModel):
    """The table ``edmi`` of a dialect profile.

    ``users`` gives each user an access level; the meter holds their passwords under the same names.
    ``max_answer_bytes`` limits the records of one answer, ``pad_unknown_bytes`` is what stands for the value of a
    register that is not there, in an answer to a list of them; ``pads_refused`` whether one that may not be read is
    padded to its length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: Stated[Mapping[str, _Level]]
    baud: Stated[Annotated[int, Field(ge=300, le=115200)]]
    idle_logout_s: Stated[PositiveSeconds]
    frame_timeout_s: Stated[PositiveSeconds]
    max_frame_bytes: Stated[_Bytes]
    max_answer_bytes: Stated[_Bytes]
    pads_refused: Stated[bool]
    pad_unknown_bytes: Stated[_Padding]
