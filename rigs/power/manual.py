"""The person at the bench."""

from __future__ import annotations

import sys
from typing import TextIO

from gbcs.errors import LocalError
from rigs.ports.off_loop import off_loop
from rigs.power.switch import WORDS, unswitched


class ManualSwitch:
    """See :class:`~rigs.power.switch.Switch`. Asks on the terminal and waits for Enter."""

    def __init__(self, rig: str, terminal: TextIO | None = None, screen: TextIO | None = None) -> None:
        self._rig = rig
        self._terminal, self._screen = terminal or sys.stdin, screen or sys.stderr

    async def switch(self, on: bool) -> None:
        """Ask. Raises LocalError where nobody sits there, RigError where the person says no."""
        if not self._terminal.isatty():
            raise LocalError(f"{self._rig} is switched by hand, and there is no terminal to ask on")
        self._screen.write(f"Switch {self._rig} {WORDS[on].upper()} and press Enter (n: not possible) ")
        self._screen.flush()
        answer = await off_loop(self._terminal.readline)
        if not answer or answer.strip().lower().startswith("n"):
            raise unswitched(self._rig, on, "the person at the bench says no")

    async def is_on(self) -> bool | None:
        """Nobody knows without looking."""
        return None
