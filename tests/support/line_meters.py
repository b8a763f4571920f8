"""SMETS1 meters and a serial line between a head-end and a meter, in virtual time: cut, slow, lossy, at two speeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from emulator.smets1.conversation import Conversation
from emulator.smets1.edmi.server import edmi_servers
from emulator.smets1.iec62056_21.server import iec62056_servers
from emulator.smets1.meter import Smets1Meter, Window, day_window, emulated_meter
from emulator.smets1.profile import load_profile
from emulator.smets1.server import DialectServer
from firmware_profiles.model import Stated
from gbcs.times import DAY_S, HALF_HOUR_S

DAY = 9823
"""2026-11-23."""
FIRST, LAST = DAY * DAY_S + HALF_HOUR_S, (DAY + 1) * DAY_S
ONE_DAY = day_window(DAY)
NOW = float(LAST + 3600)
SERIAL = 251308613
PASSWORDS = {"EDMI": b"IMDEIMDE", "READER": b"readonly", "P1": b"12345678", "P2": b"87654321"}

Damage = Callable[[bytes], bytes]


def line_meter(window: Window | None = ONE_DAY, seed: int = 7) -> Smets1Meter:
    """A meter with a year of energy; its profile holds one day unless told otherwise."""
    return emulated_meter(
        seed,
        serial_number=str(SERIAL),
        manufacturer="MFM",
        passwords=PASSWORDS,
        commissioned_at=(DAY - 365) * DAY_S,
        window=window,
    )


def settings_of(profile: str, section: str, **choices: object) -> Any:
    """The settings of a shipped profile, with some choices made anew."""
    stated = {key: Stated[Any](value=value, confidence="A", source="a test") for key, value in choices.items()}
    return load_profile(profile).sections[section].model_copy(update=stated)


def edmi(meter: Smets1Meter, **choices: object) -> DialectServer:
    """A connection to a meter over EDMI."""
    return edmi_servers(settings_of("smets1-edmi", "edmi", **choices), meter)()


def mode_c(meter: Smets1Meter, **choices: object) -> DialectServer:
    """A connection to a meter over IEC 62056-21."""
    return iec62056_servers(settings_of("smets1-iec62056-21", "iec62056_21", **choices), meter)()


def truth(meter: Smets1Meter, now: float = NOW) -> list[tuple[int, int, int]]:
    """Stamp, Wh imported and Wh exported of every half-hour that the profile holds."""
    return [tuple(row) for row in meter.profile(now).tolist()]


def pieces(data: bytes, size: int | None) -> Iterator[bytes]:
    """``data`` in pieces of ``size`` bytes, or whole."""
    yield from (data[at : at + size] for at in range(0, len(data), size)) if size else (data,)


class Line:
    """Carries one conversation: what is sent at a speed that the other end does not have is lost."""

    def __init__(self, server: DialectServer, piece: int | None = None, damage: Damage = lambda data: data) -> None:
        self.server, self.piece, self.damage = server, piece, damage
        self.meter_baud = self.head_baud = server.take_baud() or 0
        self.sent = self.heard = b""

    def carry(self, conversation: Conversation[Any, Any], now: float = NOW) -> float:
        """Run to the end; the time then."""
        up, down = conversation.start(now), b""
        while True:
            up, down = self._down(conversation, self._up(up, now) + down, now), b""
            if up:
                continue
            if conversation.done:
                return now
            deadlines = (conversation.next_deadline(), self.server.next_deadline())
            now = max(now, min(at for at in deadlines if at is not None))
            down, up = self.server.tick(now), conversation.tick(now)

    def _up(self, data: bytes, now: float) -> bytes:
        """Bytes to the meter, and its answer."""
        if not data:
            return b""
        self.sent += data
        arrives = self.damage(data) if self.head_baud == self.meter_baud else b""
        return b"".join(self.server.receive_data(part, now) for part in pieces(arrives, self.piece) if part)

    def _down(self, conversation: Conversation[Any, Any], data: bytes, now: float) -> bytes:
        """Bytes to the head-end, and what it says next."""
        self._baud_of_head(conversation)
        arrives = self.damage(data) if self.head_baud == self.meter_baud and data else b""
        baud = self.server.take_baud()
        self.meter_baud = baud or self.meter_baud
        self.heard += arrives
        return b"".join(conversation.receive_data(part, now) for part in pieces(arrives, self.piece) if part)

    def _baud_of_head(self, conversation: Conversation[Any, Any]) -> None:
        self.head_baud = conversation.take_baud() or self.head_baud
