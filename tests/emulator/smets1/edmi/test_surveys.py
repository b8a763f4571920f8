"""Load surveys: numbers, searches, reads in pieces, gaps, and the tables behind them."""

from __future__ import annotations

import struct
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_meters import DAY, FIRST, LAST, NOW, line_meter, truth

from emulator.esme.logs import MeterLogs
from emulator.smets1.edmi.commands import Direction, EdmiError, Info, Records, Search, SearchResult
from emulator.smets1.edmi.registers import Refused, check_tables, registers, tables
from emulator.smets1.edmi.surveys import STATUS_MISSING, describe, records, search, survey_registers
from emulator.smets1.edmi.values import date_time, date_time_bytes
from emulator.smets1.meter import day_window
from gbcs.errors import LocalError
from gbcs.times import HALF_HOUR_S

LS01 = 0x0305F008
START = FIRST // HALF_HOUR_S
METER = line_meter()


def rows(data: bytes) -> list[tuple[int, int, int]]:
    return list(struct.iter_unpack(">HII", data))


def refusal(code: EdmiError) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.code is code)


def test_a_survey_says_how_big_it_is() -> None:
    answer = describe(METER, Info(LS01), NOW)
    assert (answer.start, answer.count, answer.record_size, answer.name) == (START, 48, 10, b"LS01\x00")
    with refusal(EdmiError.REGISTER_NOT_FOUND):
        describe(METER, Info(0x0325F008), NOW)


def test_a_day_is_the_meters_own() -> None:
    answer = records(METER, Records(LS01, START, 48, 0, 10), NOW, 1024)
    found = [(FIRST + n * HALF_HOUR_S, wh, back) for n, (_, wh, back) in enumerate(rows(answer.data))]
    assert found == truth(METER) and len(found) == 48
    assert {status for status, _, _ in rows(answer.data)} == {0}
    assert sum(wh for _, wh, _ in found) > 0


@given(st.integers(0, 47), st.integers(1, 60), st.integers(0, 9), st.integers(1, 10))
def test_any_part_of_it_is_cut_from_the_same_records(start: int, count: int, offset: int, size: int) -> None:
    whole = records(METER, Records(LS01, START, 48, 0, 10), NOW, 1024).data
    asked = Records(LS01, START + start, count, offset, size)
    if offset + size > 10:
        with refusal(EdmiError.OUT_OF_RANGE):
            records(METER, asked, NOW, 1024)
        return
    answer = records(METER, asked, NOW, 1024)
    assert answer.count == min(count, 48 - start)
    lines = [whole[10 * n + offset : 10 * n + offset + size] for n in range(start, start + answer.count)]
    assert answer.data == b"".join(lines)


def test_an_answer_holds_as_many_records_as_fit() -> None:
    assert records(METER, Records(LS01, START, 48, 0, 10), NOW, 105).count == 10


@pytest.mark.parametrize("start", [0, START - 1, START + 48, 0xFFFFFFFF])
def test_records_outside_are_out_of_range(start: int) -> None:
    with refusal(EdmiError.OUT_OF_RANGE):
        records(METER, Records(LS01, start, 1, 0, 10), NOW, 1024)


@pytest.mark.parametrize(
    ("asked", "direction", "found", "result"),
    [
        (FIRST, Direction.BACKWARD, FIRST, SearchResult.EXACT),
        (LAST, Direction.FORWARD, LAST, SearchResult.EXACT),
        (FIRST + 1, Direction.BACKWARD, FIRST, SearchResult.CLOSEST),
        (FIRST + 1, Direction.FORWARD, FIRST + HALF_HOUR_S, SearchResult.CLOSEST),
        (FIRST - 1, Direction.BACKWARD, FIRST, SearchResult.END_OF_FILE),
        (FIRST - 5, Direction.FORWARD, FIRST, SearchResult.CLOSEST),
        (FIRST - 86400, Direction.FORWARD, FIRST, SearchResult.CLOSEST),
        (LAST + 86400, Direction.BACKWARD, LAST, SearchResult.CLOSEST),
        (LAST + 1, Direction.FORWARD, LAST, SearchResult.END_OF_FILE),
    ],
)
def test_searches(asked: int, direction: Direction, found: int, result: SearchResult) -> None:
    answer = search(METER, Search(LS01, START, date_time_bytes(asked), direction), NOW)
    assert (date_time(answer.when), answer.start, answer.result) == (found, found // HALF_HOUR_S, result)


def test_an_empty_survey_says_so() -> None:
    empty = line_meter(day_window(DAY + 10))
    assert describe(empty, Info(LS01), NOW).count == 0
    asked = Search(LS01, 0, date_time_bytes(FIRST), Direction.BACKWARD)
    assert search(empty, asked, NOW).result is SearchResult.NO_DATA
    with refusal(EdmiError.DATA_NOT_READY):
        records(empty, Records(LS01, START, 1, 0, 10), NOW, 1024)


@pytest.mark.parametrize(("when", "direction"), [(bytes(6), 0), (date_time_bytes(FIRST), 2)])
def test_a_search_for_nothing_is_out_of_range(when: bytes, direction: int) -> None:
    with refusal(EdmiError.OUT_OF_RANGE):
        search(METER, Search(LS01, 0, when, direction), NOW)


def test_a_half_hour_that_is_missing_is_a_record_that_says_so() -> None:
    meter = line_meter()
    lost = FIRST + 5 * HALF_HOUR_S
    MeterLogs(meter.energy, meter.settings).drop("profile_active_import", lost, lost)
    found = rows(records(meter, Records(LS01, START, 48, 0, 10), NOW, 1024).data)
    assert [n for n, (status, _, _) in enumerate(found) if status & STATUS_MISSING] == [5]
    assert found[5][1:] == (0, 0) and found[6][1] == truth(METER)[6][1]


def test_register_numbers_are_told_apart() -> None:
    numbers = [row.number for row in tables().registers]
    assert len(set(numbers)) == len(numbers)
    assert not set(registers()) & set(survey_registers())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('type = "U"', 'type = "?"', "key register.0.type: '?' is no type"),
        ('shows = "active_import"', 'shows = "gas"', "key register.0.shows: 'gas' is no quantity"),
        ('column = "active_import"', 'column = "gas"', "key survey.0.channel.0.column: 'gas' is no column"),
        ("value = 0.0\n", "", "key register.2: a constant needs a value"),
        ('write = "engineer"', 'write = "everybody"', "key register.16.write"),
        ("interval_s = 1800", "interval_s = 900", "key survey.0.interval_s"),
        ("[[survey]]", "[[survey", "registers.toml: "),
    ],
)
def test_a_mistake_in_the_table_is_one_line(old: str, new: str, says: str) -> None:
    text = files("emulator.smets1.edmi").joinpath("registers.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(LocalError) as caught:
        check_tables(text.replace(old, new, 1))
    assert says in str(caught.value) and "\n" not in str(caught.value)
