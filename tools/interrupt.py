"""Ctrl-C ends a run between two events, with everything that was done so far; a second one ends the process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Stoppable(Protocol):
    """What Ctrl-C stops."""

    def stop(self) -> None:
        """Come to an end soon."""


class CtrlC:
    """Remembers a Ctrl-C until there is something to stop."""

    def __init__(self) -> None:
        self.was_pressed = False
        self._target: Stoppable | None = None

    def stops(self, target: Stoppable) -> None:
        """From now on Ctrl-C stops ``target``; one that came before does so at once."""
        self._target = target
        if self.was_pressed:
            target.stop()

    def pressed(self, _signal: int, _frame: FrameType | None) -> None:
        """Take the first Ctrl-C; the next one raises KeyboardInterrupt as ever."""
        self.was_pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._target is not None:
            self._target.stop()


@contextmanager
def stopping_at_ctrl_c() -> Iterator[CtrlC]:
    """Let Ctrl-C stop what :meth:`CtrlC.stops` names, for as long as this lasts. Signals belong to the main thread."""
    ctrl_c = CtrlC()
    if threading.current_thread() is not threading.main_thread():
        yield ctrl_c
        return
    before = signal.signal(signal.SIGINT, ctrl_c.pressed)
    try:
        yield ctrl_c
    finally:
        signal.signal(signal.SIGINT, before)
