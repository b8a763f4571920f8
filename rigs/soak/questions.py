"""What a soak asks of a meter, without end: the reads of half-hourly settlement, of days that hang off a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.rng import generator
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.soak.soaking import Question

_DAYS_BACK = 28
"""Days whose rows all of the logs keep."""

_ASKED = (("ECS22b", "IS"), ("ECS17b", "IS"), ("ECS21a", "IS"), ("ECS22b", "MDR"), ("ECS22a", "NO"))
"""Use cases in turns, and who asks: a known party, or one through the broker."""


def questions(users: Mapping[str, Eui64], now: float, seed: int) -> Iterator[Question]:
    """Reads without end. Raises LocalError where none of these users could ask any of them."""
    asked = [(use_case, role) for use_case, role in _ASKED if role in users]
    if not asked:
        raise LocalError(f"a soak needs a supplier, a network operator or a data retriever, not {', '.join(users)}")
    return _endless(asked, users, int(now) // DAY_S - 1, seed)


def _endless(asked: list[tuple[str, str]], users: Mapping[str, Eui64], today: int, seed: int) -> Iterator[Question]:
    chance = generator(seed, "soak", "questions")
    while True:
        for use_case, role in asked:
            day = (today - 1 - int(chance.integers(_DAYS_BACK))) * DAY_S
            yield Question(use_case, role, users[role], _window(use_case, day))


def _window(use_case: str, day: int) -> tuple[int, int] | None:
    if use_case == "ECS17b":
        return None
    return (day, day + DAY_S) if use_case == "ECS21a" else (day + HALF_HOUR_S, day + DAY_S)
