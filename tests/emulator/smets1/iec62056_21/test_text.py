"""Data sets and load profiles as text, the table of objects, ranges of time."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_meters import FIRST, LAST, NOW, line_meter, truth

from emulator.esme.logs import MeterLogs
from emulator.smets1.iec62056_21.datasets import DataSet, Value, parse_data_set, parse_lines
from emulator.smets1.iec62056_21.loadprofile import newest, profile_lines, read_profile, requested_range
from emulator.smets1.iec62056_21.objects import check_objects, kilo, objects, set_clock, value_of
from gbcs.errors import DecodeError, LocalError
from gbcs.times import HALF_HOUR_S, MAX_INSTANT

P01 = objects().profiles["P.01"]
HEADER = "P.01(261123003000)(00000000)(30)(2)(1.29.0)(kWh)(2.29.0)(kWh)\r\n"


def rows(text: str) -> list[tuple[int, int, int]]:
    found = read_profile("P.01", parse_lines(text.encode()))
    return [(row.stamp, *(round(float(value) * 1000) for value in row.values)) for row in found]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.8.0(000123.456*kWh)", DataSet("1.8.0", (Value("000123.456", "kWh"),))),
        ("(0.123)(1)", DataSet("", (Value("0.123"), Value("1")))),
        ("F.F()", DataSet("F.F", (Value(""),))),
        ("P.01(261123003000;)", DataSet("P.01", (Value("261123003000;"),))),
    ],
)
def test_data_sets_both_ways(text: str, expected: DataSet) -> None:
    assert parse_data_set(text.encode()) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"1.8.0", b"1.8.0(", b"1.8.0)", b"a(b)c", b"a(b*c*d)", b"\xff(1)", b"!(1)", b"a((1))"),
        *(b"x" * 33 + b"(1)", b"a(" + b"1" * 129 + b")"),
    ],
)
def test_what_is_no_data_set_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="in data set"):
        parse_data_set(data)


def test_a_day_as_text_begins_with_its_header_and_is_the_meters_own() -> None:
    text = "".join(profile_lines(P01, line_meter(), NOW, FIRST, LAST))
    assert text.startswith(HEADER) and text.count("P.01") == 1
    assert rows(text) == truth(line_meter()) and len(rows(text)) == 48


@given(st.integers(-5, 50), st.integers(-5, 50), st.integers(0, 60))
def test_parts_hold_the_same_rows_and_each_begins_with_a_header(first: int, last: int, rows_per_part: int) -> None:
    bounds = FIRST + first * HALF_HOUR_S, FIRST + last * HALF_HOUR_S
    parts = list(profile_lines(P01, line_meter(), NOW, *bounds, rows_per_part))
    assert rows("".join(parts)) == [row for row in truth(line_meter()) if bounds[0] <= row[0] <= bounds[1]]
    assert all(part.startswith("P.01(") for part in parts if part)
    assert len(set(parts)) == len(parts)


def test_a_gap_begins_a_new_header() -> None:
    meter = line_meter()
    MeterLogs(meter.energy, meter.settings).drop("profile_active_import", FIRST + 1800, FIRST + 3600)
    text = "".join(profile_lines(P01, meter, NOW, FIRST, LAST))
    assert text.count("P.01(261123003000)") == text.count("P.01(261123020000)") == 1
    assert rows(text) == truth(meter) and len(truth(meter)) == 46


def test_thirteen_months_are_made_part_by_part() -> None:
    meter = line_meter(window=None)
    parts = profile_lines(P01, meter, NOW, 0, MAX_INSTANT, 12)
    assert len(next(parts)) < 400
    assert sum(len(rows(part)) for part in parts) == len(truth(meter)) - 12 > 17_000


def test_newest_rows() -> None:
    assert newest(line_meter(), NOW, 48) == (FIRST, LAST)
    assert newest(line_meter(), FIRST + 60.0, 2) == (FIRST - 1800, FIRST)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", (0, MAX_INSTANT)),
        (";", (0, MAX_INSTANT)),
        ("261123003000;261124000000", (FIRST, LAST)),
        ("2611230030;2611240000", (FIRST, LAST)),
        ("0261123003000;", (FIRST, MAX_INSTANT)),
        (";02611240000", (0, LAST)),
    ],
)
def test_ranges(text: str, bounds: tuple[int, int]) -> None:
    assert requested_range(text) == bounds


@pytest.mark.parametrize(
    "text", ["1", "261123003000", "x;y", "261332003000;", "26112300;", "²61123003000;", "261123003000;1;2"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(LocalError):
        requested_range(text)


@pytest.mark.parametrize(
    "text",
    [
        "P.01()(0)(30)(1)(1.29.0)(kWh)",
        "P.01(261123003000)",
        "P.01(261123003000)(0)(0)(1)(1.29.0)(kWh)",
        "P.01(261123003000)(0)(30)(2)(1.29.0)(kWh)",
        HEADER + "(1)",
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="in profile"):
        read_profile("P.01", parse_lines(text.encode()))


@pytest.mark.parametrize(("value", "text"), [(0, "0.000"), (7, "0.007"), (123456, "123.456")])
def test_thousandths(value: int, text: str) -> None:
    assert kilo(value) == text
    assert kilo(value, 10) == text.rjust(10, "0")


def test_registers_show_what_the_meter_counts() -> None:
    meter = line_meter()
    shown = value_of(objects().single["1.8.0"], meter, NOW)
    assert (round(float(shown.text) * 1000), shown.unit) == (meter.register_wh("active_import", NOW), "kWh")
    assert str(value_of(objects().single["0.9.2"], meter, NOW)) == "(261124)"
    assert str(value_of(objects().single["0.9.1"], meter, NOW)) == "(010000)"


def test_date_and_time_are_set_one_by_one() -> None:
    meter, single = line_meter(), objects().single
    set_clock(single["0.9.1"], meter, "123456", NOW)
    set_clock(single["0.9.2"], meter, "270101", NOW)
    assert [value_of(single[each], meter, NOW + 4).text for each in ("0.9.2", "0.9.1")] == ["270101", "123500"]


@pytest.mark.parametrize(
    ("address", "text"),
    [("0.9.1", "250000"), ("0.9.1", "12345"), ("0.9.2", "261301"), ("0.9.2", ""), ("0.9.2", "990101")],
)
def test_what_is_no_date_or_time_is_refused(address: str, text: str) -> None:
    meter = line_meter()
    with pytest.raises(LocalError):
        set_clock(objects().single[address], meter, text, NOW)
    assert meter.clock_error_s == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('shows = "clock"', 'shows = "gas"', "key object.2.shows: 'gas' is no quantity"),
        ('column = "active_import"', 'column = "gas"', "key profile.0.channel.0.column: 'gas' is no column"),
        (
            'unit = "kWh"\nreadout = true',
            'unit = "kWh"\nwrite = 2',
            "1.8.0 cannot be written: only the clock can be set",
        ),
        ("read = 0", "read = 9", "key object.0.read"),
        ("[[profile]]", "[[profile", "objects.toml: "),
    ],
)
def test_a_mistake_in_the_table_is_one_line(old: str, new: str, says: str) -> None:
    text = files("emulator.smets1.iec62056_21").joinpath("objects.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(LocalError) as caught:
        check_objects(text.replace(old, new, 1))
    assert says in str(caught.value) and "\n" not in str(caught.value)
