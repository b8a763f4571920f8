"""A head-end reads a day over EDMI: whole, a byte at a time, through loss and damage, and in vain."""

from __future__ import annotations

import random

import pytest
from line_meters import FIRST, LAST, NOW, SERIAL, Line, edmi, line_meter, truth

from emulator.esme.logs import MeterLogs
from emulator.smets1.conversation import Patience, Silent
from emulator.smets1.edmi import client
from emulator.smets1.edmi.commands import EdmiError
from emulator.smets1.meter import Smets1Meter
from gbcs.times import HALF_HOUR_S

LS01 = 0x0305
AT = client.Line(SERIAL)


def line(meter: Smets1Meter, **how: object) -> Line:
    return Line(edmi(meter), **how)  # type: ignore[arg-type]


def day(first: int = FIRST, last: int = LAST, patience: Patience | None = None) -> client.Conversation:  # type: ignore[type-arg]
    script = client.read_half_hours(AT, "READER", b"readonly", LS01, first, last)
    return client.converse(script, patience)  # type: ignore[arg-type]


def rows(conversation: client.Conversation) -> list[tuple[int, ...]]:  # type: ignore[type-arg]
    found = conversation.result()
    assert isinstance(found, tuple)
    return [(record.stamp, *record.values) for record in found]


@pytest.mark.parametrize("piece", [None, 1, 7])
def test_a_day_is_read_as_the_meter_holds_it(piece: int | None) -> None:
    meter, conversation = line_meter(), day()
    assert line(meter, piece=piece).carry(conversation) == NOW
    assert rows(conversation) == truth(meter)


def test_a_part_of_the_log_is_read_over_several_answers() -> None:
    meter = line_meter(window=None)
    first = LAST - 400 * HALF_HOUR_S
    conversation = day(first + 1, LAST - 1)
    line(meter).carry(conversation)
    assert rows(conversation) == [row for row in truth(meter) if first < row[0] < LAST]
    assert len(rows(conversation)) == 399


def test_missing_half_hours_are_left_out() -> None:
    meter, conversation = line_meter(), day()
    lost = FIRST + 7 * HALF_HOUR_S
    MeterLogs(meter.energy, meter.settings).drop("profile_active_import", lost, lost)
    line(meter).carry(conversation)
    assert rows(conversation) == truth(meter) and len(truth(meter)) == 47


def test_a_range_without_rows_is_empty() -> None:
    conversation = day(LAST + HALF_HOUR_S, LAST + 3600)
    line(line_meter()).carry(conversation)
    assert rows(conversation) == []


@pytest.mark.parametrize("seed", range(20))
def test_loss_and_damage_are_survived(seed: int) -> None:
    chance = random.Random(seed)

    def damage(data: bytes) -> bytes:
        return chance.choice((*[data] * 9, data[: len(data) // 2], b"", bytes((data[0] ^ 1,)) + data[1:]))

    meter, conversation = line_meter(), day(patience=Patience(2.0, 20))
    assert line(meter, damage=damage, piece=chance.choice((None, 5))).carry(conversation) > NOW
    assert rows(conversation) == truth(meter)


def test_a_dead_line_is_given_up_after_the_tries() -> None:
    conversation = day(patience=Patience(2.0, 3))
    dead = line(line_meter(), damage=lambda _data: b"")
    assert dead.carry(conversation) == NOW + 6
    assert dead.sent == dead.sent[: len(dead.sent) // 3] * 3
    with pytest.raises(Silent, match="no answer after 3 tries"):
        conversation.result()


def test_an_answer_to_another_question_is_passed_over() -> None:
    """A repeated question may be answered twice; the late answer must not count for the next question."""
    meter = line_meter()
    conversation = client.converse(client.read_register(AT, 0xF701, "F"))  # type: ignore[arg-type]
    server = edmi(meter)
    login = client.converse(client.login(AT, "READER", b"readonly"))  # type: ignore[arg-type]
    ack = server.receive_data(login.start(NOW), NOW)
    answer = server.receive_data(conversation.start(NOW), NOW)
    assert conversation.receive_data(ack + answer, NOW) == b""
    assert conversation.result() == 1.0


def test_lists_of_registers_with_refusals_among_them() -> None:
    meter = line_meter()

    def session() -> client.Script:  # type: ignore[type-arg]
        yield from client.login(AT, "READER", b"readonly", client.WAKE_UP)
        return (yield from client.read_registers(AT, {0x0069: "U", 0xFFF0: "A", 0x0070: "F", 0xF002: "A", 0xE060: "F"}))

    conversation = client.converse(session())
    line(meter).carry(conversation)
    assert conversation.result() == {
        0x0069: meter.register_wh("active_import", NOW),
        0xFFF0: EdmiError.ACCESS_DENIED,
        0x0070: EdmiError.REGISTER_NOT_FOUND,
        0xF002: str(SERIAL),
        0xE060: 50.0,
    }


def test_a_wrong_password_is_the_meters_refusal() -> None:
    conversation = client.converse(client.login(AT, "READER", b"guess"))  # type: ignore[arg-type]
    line(line_meter()).carry(conversation)
    with pytest.raises(client.MeterRefuses, match="error 4, access_denied") as caught:
        conversation.result()
    assert caught.value.code == EdmiError.ACCESS_DENIED
