"""The dialects there are: a new one is a package with its settings and its server, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from emulator.smets1.dlms import dialect
from emulator.smets1.dlms.settings import DlmsSettings
from emulator.smets1.edmi.server import edmi_servers
from emulator.smets1.edmi.settings import EdmiSettings
from emulator.smets1.iec62056_21.server import iec62056_servers
from emulator.smets1.iec62056_21.settings import Iec62056Settings
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.server import ServerFactory


@dataclass(frozen=True, slots=True)
class Dialect:
    """One row.

    ``section`` is the table of a profile that holds the dialect's settings, ``settings`` what it may say, and ``make``
    gives the servers of one meter that follows them.
    """

    section: str
    settings: type[BaseModel]
    make: Callable[[Any, Smets1Meter], ServerFactory]


DIALECTS: dict[str, Dialect] = {
    "dlms-wrapper": Dialect("dlms", DlmsSettings, dialect.wrapper),
    "dlms-hdlc": Dialect("dlms", DlmsSettings, dialect.hdlc),
    "dlms-mode-e": Dialect("dlms", DlmsSettings, dialect.mode_e),
    "iec62056-21": Dialect("iec62056_21", Iec62056Settings, iec62056_servers),
    "edmi": Dialect("edmi", EdmiSettings, edmi_servers),
}
