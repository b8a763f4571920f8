"""The bytes of dialogues with SMETS1 meters, held for real once for each family and read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from emulator.esme.energy import MeterEnergy, energy_model
from emulator.smets1.cohorts import SRVS
from emulator.smets1.exchange import Ask, Round
from emulator.smets1.readers import family_reader
from emulator.smets1.readers.steps import DAILY, PROFILES
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime

_SEED, _SERIAL = 7, "260000001"
_COMMISSIONED_AT = int(from_datetime(datetime(2024, 1, 1, tzinfo=UTC)))
_DAY = int(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
_ASKED_AT_H = 13.5
"""The middle of the window of most reads: a daily read is worked back from the half-hours since midnight."""


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Rounds of bytes (to the meter, back) of a family's association and of each read in it."""

    opening: tuple[Round, ...]
    reads: dict[str, tuple[Round, ...]]
    closing: tuple[Round, ...]


@cache
def dialogues(profile: str) -> Dialogues:
    """What a family of meters says. Raises LocalError where it refuses."""
    family = family_reader(profile)
    energy = MeterEnergy(energy_model("single_rate", export=True), _SEED, commissioned_at=_COMMISSIONED_AT)
    served = family.serve(energy, _SERIAL)
    asks = [_ask(srv) for srv in SRVS]
    exchange = family.hold(served, asks, _DAY + DAY_S + _ASKED_AT_H * 3600.0, lambda _: None)
    if exchange.refused:
        raise LocalError(f"profile {profile}: the meter refuses the association: {exchange.refused}")
    reads = {ask.srv: reading.rounds for ask, reading in zip(asks, exchange.readings, strict=True)}
    return Dialogues(exchange.opening, reads, exchange.closing)


def _ask(srv: str) -> Ask:
    if srv in PROFILES:
        return Ask(srv, _DAY + HALF_HOUR_S, _DAY + DAY_S)
    if srv == DAILY:
        return Ask(srv, _DAY + DAY_S, _DAY + DAY_S)
    return Ask(srv)
