"""A head-end reads a day over mode C, at two speeds: whole, a byte at a time, through damage, and in vain."""

from __future__ import annotations

import random
from typing import Any

import pytest
from line_meters import FIRST, LAST, NOW, SERIAL, Line, line_meter, mode_c, truth

from emulator.smets1.conversation import Conversation, Patience, Silent
from emulator.smets1.iec62056_21 import client
from emulator.smets1.iec62056_21.loadprofile import read_profile
from emulator.smets1.meter import Smets1Meter

ADDRESS = str(SERIAL)


def line(meter: Smets1Meter, **how: Any) -> Line:
    return Line(mode_c(meter), **how)


def day(blockwise: bool = True, patience: Patience | None = None) -> Conversation[Any, Any]:
    script = client.read_half_hours(ADDRESS, b"12345678", FIRST, LAST, blockwise=blockwise)
    return client.converse(script, patience)  # type: ignore[arg-type]


def rows(found: Any) -> list[tuple[int, ...]]:
    return [(row.stamp, *(round(float(text) * 1000) for text in row.values)) for row in found]


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("blockwise", [True, False])
def test_a_day_is_read_as_the_meter_holds_it(piece: int | None, blockwise: bool) -> None:
    meter, conversation = line_meter(), day(blockwise)
    carried = line(meter, piece=piece)
    carried.carry(conversation)
    assert rows(conversation.result()) == truth(meter)
    assert (carried.head_baud, carried.meter_baud) == (300, 300)
    assert carried.sent.endswith(b"\x01B0\x03q")


def test_one_line_serves_one_session_after_another() -> None:
    meter = line_meter()
    carried = line(meter)
    for _ in range(3):
        conversation = day()
        carried.carry(conversation)
        assert rows(conversation.result()) == truth(meter)


def test_a_readout_is_read_and_the_line_slows_down_again() -> None:
    meter, conversation = line_meter(), client.converse(client.read_out())  # type: ignore[arg-type]
    carried = line(meter)
    carried.carry(conversation)
    found: Any = conversation.result()
    assert rows(read_profile("P.01", found)) == truth(meter)
    assert (carried.head_baud, carried.meter_baud) == (300, 300)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("blockwise", [True, False])
def test_damage_in_programming_mode_is_survived(seed: int, blockwise: bool) -> None:
    """The sign-on has no check character, so damage begins behind it; a text without one cannot be guarded."""
    chance = random.Random(seed)

    def damage(data: bytes) -> bytes:
        if data[:1] not in b"\x01\x02" or data[1:3] == b"P0":
            return data
        return chance.choice((*[data] * 4, data[: len(data) // 2], data[:-9] + b"~" + data[-8:]))

    meter, conversation = line_meter(), day(blockwise, Patience(2.0, 20))
    Line(mode_c(meter, tries=50), chance.choice((None, 5)), damage).carry(conversation)
    assert rows(conversation.result()) == truth(meter)


def test_a_lost_acknowledgement_repeats_a_block_and_no_row() -> None:
    lost = iter([True])

    def damage(data: bytes) -> bytes:
        return b"" if data == b"\x06" and next(lost, False) else data

    meter, conversation = line_meter(), day()
    # the ACK for the password comes first, so it is the one that is lost; the password is then said again
    line(meter, damage=damage).carry(conversation)
    assert rows(conversation.result()) == truth(meter)


def test_a_lost_acknowledgement_of_a_block_is_survived() -> None:
    count = iter(range(100))

    def damage(data: bytes) -> bytes:
        return b"" if data == b"\x06" and next(count) == 2 else data

    meter, conversation = line_meter(), day()
    line(meter, damage=damage).carry(conversation)
    assert rows(conversation.result()) == truth(meter)


def test_a_dead_line_is_given_up_after_the_tries() -> None:
    conversation = day(patience=Patience(2.0, 3))
    dead = line(line_meter(), damage=lambda _data: b"")
    assert dead.carry(conversation) == NOW + 6
    assert dead.sent == f"/?{SERIAL}!\r\n".encode() * 3
    with pytest.raises(Silent, match="no answer after 3 tries"):
        conversation.result()


def test_a_head_end_that_keeps_its_speed_hears_nothing() -> None:
    class Deaf(Conversation[Any, Any]):
        def take_baud(self) -> int | None:
            return None

    script: Any = client.read_out()
    conversation = Deaf(script, client.AnswerReader(), Patience(2.0, 2))
    line(line_meter()).carry(conversation)
    with pytest.raises(Silent):
        conversation.result()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (lambda: client.open_programming(ADDRESS, b"guess"), "ERROR04"),
        (lambda: client.read_half_hours(ADDRESS, b"12345678", FIRST, LAST, "P.99"), "ERROR02"),
        (lambda: client.read_half_hours(ADDRESS, b"12345678", FIRST, LAST, "P.99", blockwise=False), "ERROR02"),
    ],
)
def test_a_refusal_is_told_in_the_meters_words(script: Any, says: str) -> None:
    conversation = client.converse(script())
    line(line_meter()).carry(conversation)
    with pytest.raises(client.MeterRefuses, match=says):
        conversation.result()


def test_a_break_is_a_refusal() -> None:
    conversation = client.converse(client.open_programming(ADDRESS, b"guess"))  # type: ignore[arg-type]
    Line(mode_c(line_meter(), wrong_password="break")).carry(conversation)
    with pytest.raises(client.MeterRefuses, match="broke off"):
        conversation.result()


def test_the_clock_is_set_and_read_back() -> None:
    def session() -> Any:
        yield from client.open_programming(ADDRESS, b"87654321", 2)
        yield from client.write("0.9.1", "120000")
        lines = yield from client.read("0.9.1", kind=b"1")
        yield from client.end()
        return lines

    conversation = client.converse(session())
    line(line_meter()).carry(conversation)
    found: Any = conversation.result()
    assert found[0].values[0].text == "120000"
