"""The seam between bring-up and whatever switches a device."""

from __future__ import annotations

from typing import Final, Protocol

from rigs.errors import RigError

WORDS: Final = {True: "on", False: "off"}


class Switch(Protocol):
    """Switches one device on and off, and says so only when it has happened."""

    async def switch(self, on: bool) -> None:
        """Switch. Raises RigError where the switch cannot be reached or says otherwise afterwards."""

    async def is_on(self) -> bool | None:
        """How the switch stands; None where it cannot say. Raises RigError."""


def unswitched(what: str, on: bool, why: str) -> RigError:
    """The error of a device that could not be switched."""
    return RigError(f"{what} was not switched {WORDS[on]}: {why}")
