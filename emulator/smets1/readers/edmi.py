"""Reading a meter over the EDMI command line: login, survey by file search and file read, registers, logout."""

from __future__ import annotations

from typing import Any

import numpy as np

from emulator.smets1.conversation import Script
from emulator.smets1.edmi import client
from emulator.smets1.edmi.settings import EdmiSettings
from emulator.smets1.edmi.surveys import STATUS_MISSING
from emulator.smets1.exchange import Ask, Values
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.readers.line import Line, Refused
from emulator.smets1.readers.steps import HalfHours, Way, carry_out
from gbcs.errors import LocalError

_SURVEY = 0x0305
"""Load survey LS01."""
_REGISTERS: dict[Way, int] = {"active_import": 0x0069, "active_export": 0x0169}
_CHANNELS: dict[Way, int] = {"active_import": 0, "active_export": 1}
"""Position of a direction among the channels of the survey."""


class EdmiReader:
    """Reads one meter as its user of the lowest access.

    Does not model: a serial line; sessions that stay logged in.
    """

    __slots__ = ("_ends", "_password", "_user")

    def __init__(self, settings: object, meter: Smets1Meter) -> None:
        """Raises LocalError where the settings are none of EDMI or no user may read."""
        if not isinstance(settings, EdmiSettings):
            raise LocalError("these are no settings of EDMI")
        self._user = next((name for name, access in settings.users.value.items() if access == "reader"), "")
        if self._user not in meter.passwords:
            raise LocalError("no user of these settings may read")
        self._password = meter.passwords[self._user]
        self._ends = client.Line(int(meter.serial_number))

    def open(self, line: Line) -> None:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        _converse(line, client.login(self._ends, self._user, self._password))

    def read(self, line: Line, ask: Ask) -> Values:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        return carry_out(self, line, ask)

    def close(self, line: Line) -> None:
        """See :class:`~emulator.smets1.readers.line.DialectReader`."""
        _converse(line, client.logout(self._ends))

    def half_hours(self, line: Line, way: Way, first: int, last: int) -> HalfHours:
        """See :class:`~emulator.smets1.readers.steps.Reads`."""
        records = _converse(line, client.read_survey(self._ends, _SURVEY, first, last))
        channel = _CHANNELS[way]
        rows = [(one.stamp, one.values[channel]) for one in records if not one.status & STATUS_MISSING]
        return np.array(rows, np.int64).reshape(-1, 2)

    def register_wh(self, line: Line, way: Way) -> int:
        """See :class:`~emulator.smets1.readers.steps.Reads`."""
        return round(float(_converse(line, client.read_register(self._ends, _REGISTERS[way], "U"))))


def _converse(line: Line, script: Script[Any, Any]) -> Any:
    """What a script comes to on a line where every answer is there at once."""
    conversation = client.converse(script)
    data = conversation.start(line.now)
    while not conversation.done:
        answer = line.say(data)
        if not answer:
            raise Refused("the meter does not answer", field="EDMI")
        data = conversation.receive_data(answer, line.now)
    return conversation.result()
