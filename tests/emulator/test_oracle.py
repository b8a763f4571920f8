"""The oracle must see every kind of wrong answer; one that never objects would pass every run."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from one_meter import COMMISSIONED, DAY, FIRST, LAST, NOW, Asker, values
from one_meter import meter as make_meter

from emulator.esme.esme import Esme
from emulator.oracle import expected_stamps, judge, why_missing
from gbcs.errors import LocalError
from gbcs.reads import ReadValues
from gbcs.times import DAY_S, HALF_HOUR_S


@pytest.fixture(scope="module")
def meter() -> Esme:
    return make_meter()


asker = Asker()


def answer(meter: Esme, use_case: str, first: int | None = FIRST, last: int | None = LAST) -> ReadValues:
    asker.counter += 1
    bounds = {} if first is None or last is None else {"first": first, "last": last}
    return values(meter.receive(asker.command(use_case, **bounds), NOW))


def rows_of(meter: Esme, use_case: str, first: int = FIRST, last: int = LAST) -> NDArray[np.uint32]:
    rows = answer(meter, use_case, first, last).rows
    assert rows is not None
    return rows.copy()


PROFILES = ("ECS22b", "ECS22a")


@pytest.mark.parametrize("use_case", PROFILES)
def test_a_right_answer_is_right(meter: Esme, use_case: str) -> None:
    found = judge(use_case, meter, answer(meter, use_case), FIRST, LAST, NOW)
    assert (found.mismatches, found.missing, found.first_mismatch) == (0, (), "")
    assert all(len(column.values) == 48 for column in found.columns)


@pytest.mark.parametrize("use_case", ["ECS21a", "ECS21c", "ECS66"])
def test_right_daily_rows_are_right(meter: Esme, use_case: str) -> None:
    first, last = DAY - 5 * DAY_S, DAY + DAY_S
    found = judge(use_case, meter, answer(meter, use_case, first, last), first, last, NOW)
    assert (found.mismatches, found.missing) == (0, ()) and len(found.columns[0].values) == 7


@pytest.mark.parametrize("use_case", ["ECS17a", "ECS17b"])
def test_right_registers_are_right_and_wrong_ones_are_not(meter: Esme, use_case: str) -> None:
    right = answer(meter, use_case, None, None)
    assert judge(use_case, meter, right, None, None, NOW).mismatches == 0
    (value, scaler, unit), *others = right.registers
    wrong = ReadValues(0, registers=((value + 1, scaler, unit), *others))
    found = judge(use_case, meter, wrong, None, None, NOW)
    assert found.mismatches == 1 and str(value + 1) in found.first_mismatch


@pytest.mark.parametrize("use_case", ["ECS22b", "ECS22a", "ECS21a", "ECS66"])
@pytest.mark.parametrize("column", [1, -1])
def test_one_wrong_value_is_seen_and_named(meter: Esme, use_case: str, column: int) -> None:
    first, last = (FIRST, LAST) if use_case in PROFILES else (DAY - 3 * DAY_S, DAY)
    rows = rows_of(meter, use_case, first, last)
    rows[2, column] += 7
    found = judge(use_case, meter, ReadValues(0, rows=rows), first, last, NOW)
    assert found.mismatches == 1 and "the meter measured" in found.first_mismatch


def test_a_missing_row_is_missing_and_the_others_still_count(meter: Esme) -> None:
    rows = np.delete(rows_of(meter, "ECS22b"), 10, axis=0)
    found = judge("ECS22b", meter, ReadValues(0, rows=rows), FIRST, LAST, NOW)
    assert found.missing == (FIRST + 10 * HALF_HOUR_S,) and found.mismatches == 0


def test_rows_shifted_by_a_half_hour_do_not_pass(meter: Esme) -> None:
    rows = rows_of(meter, "ECS22b")
    rows[:, 0] += HALF_HOUR_S
    found = judge("ECS22b", meter, ReadValues(0, rows=rows), FIRST, LAST, NOW)
    assert found.mismatches > 1 and found.missing == (FIRST,)


def test_a_doubled_row_does_not_pass(meter: Esme) -> None:
    rows = rows_of(meter, "ECS22b")
    rows[5] = rows[4]
    found = judge("ECS22b", meter, ReadValues(0, rows=rows), FIRST, LAST, NOW)
    assert found.mismatches >= 1 and found.missing == (FIRST + 5 * HALF_HOUR_S,)


def test_swapped_values_do_not_pass(meter: Esme) -> None:
    rows = rows_of(meter, "ECS22a")
    busy = int(np.argmax(rows[:, 1]))
    rows[[busy, 0], 1] = rows[[0, busy], 1]
    assert judge("ECS22a", meter, ReadValues(0, rows=rows), FIRST, LAST, NOW).mismatches == 2


def test_an_empty_answer_misses_everything(meter: Esme) -> None:
    found = judge("ECS22b", meter, ReadValues(0, rows=np.empty((0, 2), ">u4")), FIRST, LAST, NOW)
    assert len(found.missing) == 48 and found.mismatches == 0


def test_what_is_no_settlement_read_is_an_error(meter: Esme) -> None:
    with pytest.raises(LocalError, match="ECS99"):
        judge("ECS99", meter, ReadValues(0), FIRST, LAST, NOW)
    with pytest.raises(LocalError, match="bounds"):
        judge("ECS22b", meter, ReadValues(0), None, None, NOW)


def test_expected_stamps_are_inclusive_and_on_the_grid() -> None:
    assert expected_stamps(FIRST, LAST, HALF_HOUR_S).tolist() == list(range(FIRST, LAST + 1, HALF_HOUR_S))
    assert expected_stamps(FIRST + 1, LAST - 1, HALF_HOUR_S).tolist()[0] == FIRST + HALF_HOUR_S
    assert len(expected_stamps(10, 5, HALF_HOUR_S)) == 0


@pytest.mark.parametrize(
    ("stamp", "at", "reason"),
    [
        (NOW // HALF_HOUR_S * HALF_HOUR_S + HALF_HOUR_S, NOW, "not captured"),
        (COMMISSIONED, NOW, "not there yet"),
        (DAY + HALF_HOUR_S, DAY + 450 * DAY_S, "the log holds 397 days and the row is older"),
        (FIRST, NOW, "the row was lost"),
    ],
)
def test_why_a_row_is_missing_is_said_in_words(meter: Esme, stamp: int, at: int, reason: str) -> None:
    assert reason in why_missing("ECS22b", meter, stamp, at)
