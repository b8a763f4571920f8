"""Which session begins: on the emulator, or on a rig."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from firmware_profiles import FirmwareProfile
from gbcs import eui64
from rigs.pytest_plugin import markers
from rigs.pytest_plugin.emulated import HUB, METER, EmulatedStand
from rigs.pytest_plugin.marking import REFERENCE, firmware_for
from rigs.pytest_plugin.on_rig import RigSession
from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.session import Session
from rigs.pytest_plugin.target import target_of
from rigs.pytest_plugin.under_test import BenchClock, DeviceUnderTest, EsmeUnderTest, HeadEnd


class Stand(Protocol):
    """What one test stands at."""

    firmware: FirmwareProfile
    head_end: HeadEnd

    @property
    def clock(self) -> BenchClock:
        """The time of the device's world."""

    def esme(self) -> EsmeUnderTest:
        """The meter."""

    def comms_hub(self) -> DeviceUnderTest:
        """The hub."""


class BegunSession(Session, Protocol):
    """A session as the fixtures use it."""

    @property
    def is_rig(self) -> bool:
        """Whether there is a rig."""

    def bring_up(self) -> None:
        """Make ready. What goes wrong is kept as ``broken``."""

    def properties(self) -> dict[str, str]:
        """What the JUnit report says of the session."""

    def stand(self, item: pytest.Item) -> Stand:
        """What one test stands at."""

    def end(self) -> None:
        """Let everything go."""


def begin(asked: Options) -> BegunSession:
    """The session that the options ask for."""
    target = target_of(asked)
    return EmulatedSession(asked) if target.rig is None else RigSession(asked, target.rig)


class EmulatedSession:
    """Every test has a stand of its own; nothing is shared, so nothing breaks."""

    label, broken, is_rig = "the emulator", "", False

    def __init__(self, asked: Options) -> None:
        self._asked, self._target = asked, target_of(asked)
        self.rig: Any = None

    def bring_up(self) -> None:
        """Nothing to do."""

    def properties(self) -> dict[str, str]:
        """Firmware and seed: the same seed gives the same bytes."""
        firmware = self._target.firmware.name if self._target.firmware is not None else REFERENCE
        return {
            "meterfarm_backend": "emulator",
            "meterfarm_devices": f"{eui64.show(METER)} {eui64.show(HUB)}",
            "meterfarm_firmware": firmware,
            "meterfarm_seed": str(self._asked.seed),
        }

    def stand(self, item: pytest.Item) -> EmulatedStand:
        """A meter of the firmware and with the abilities that the test asks for."""
        firmware = firmware_for(item, self._target)
        return EmulatedStand(self._asked.seed, firmware, markers.arguments(item, "capability"))

    def ended(self, report: pytest.TestReport, error: BaseException | None) -> None:
        """Nothing to keep."""

    def end(self) -> None:
        """Nothing to let go."""
