"""A line to the server of a meter that takes no time: bytes go in, the answer comes out, and both are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emulator.smets1.exchange import Ask, Round, Values
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.server import DialectServer
from gbcs.errors import RemoteError


class Refused(RemoteError):
    """The meter refuses what was asked, or says something else."""


class Line:
    """One connection. ``heard`` is told all bytes in both directions.

    Does not model: time; a stream that is cut (the server gets every message whole).
    """

    __slots__ = ("_heard", "_rounds", "_server", "now")

    def __init__(self, server: DialectServer, now: float, heard: Callable[[bytes], None]) -> None:
        self._server, self.now, self._heard = server, now, heard
        self._rounds: list[Round] = []

    def say(self, data: bytes) -> bytes:
        """The meter's answer."""
        answer = self._server.receive_data(data, self.now)
        self._heard(data)
        self._heard(answer)
        self._rounds.append((len(data), len(answer)))
        return answer

    def take_rounds(self) -> tuple[Round, ...]:
        """The rounds since the last look."""
        rounds, self._rounds = tuple(self._rounds), []
        return rounds


class DialectReader(Protocol):
    """One dialect with one meter. Every method raises Refused or another RemoteError for what cannot be."""

    def open(self, line: Line) -> None:
        """Associate, log in: whatever the dialect wants first."""

    def read(self, line: Line, ask: Ask) -> Values:
        """What a service request asks for."""

    def close(self, line: Line) -> None:
        """End what was opened."""


class ReaderFactory(Protocol):
    """Makes the reader of a meter from the settings of its family."""

    def __call__(self, settings: object, meter: Smets1Meter) -> DialectReader:
        """A reader that knows the meter's secrets."""
