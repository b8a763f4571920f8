"""What a device family may choose of IEC 62056-21 mode C; each choice with its confidence and source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from firmware_profiles.model import PositiveSeconds, Rows, Seconds, Stated

_Bytes = Annotated[int, Field(ge=128, le=65535)]
_Times = Annotated[int, Field(ge=1, le=100)]
_Name = Annotated[str, Field(pattern=r"^[^/!\s]{1,16}$")]


class Iec62056Settings(BaseModel):
    """The table ``iec62056_21`` of a dialect profile.

    ``name`` stands in the identification behind the maker and the proposed speed. ``reaction_s`` passes between an
    option select and the message at the new speed; 0 suits a link without speeds, where the message comes at once.
    ``wrong_password`` is what the meter says about one (a break ends the session); after more than ``tries`` of them,
    or of requests to repeat, it breaks off. ``readout_rows`` half-hours stand in the readout, ``rows_per_block`` in a
    partial block.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Stated[_Name]
    baud: Stated[Literal["0", "1", "2", "3", "4", "5", "6"]]
    reaction_s: Stated[Seconds]
    character_timeout_s: Stated[PositiveSeconds]
    inactivity_s: Stated[PositiveSeconds]
    wrong_password: Stated[Literal["error", "break"]]
    tries: Stated[_Times]
    readout_rows: Stated[Rows]
    rows_per_block: Stated[_Times]
    max_message_bytes: Stated[_Bytes]
