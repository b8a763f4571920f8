"""Every family is read over its dialect's real bytes, and what comes back is what the meter measured."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.esme.energy import MeterEnergy, energy_model
from emulator.smets1.cohorts import load_cohorts
from emulator.smets1.exchange import Ask, Exchange
from emulator.smets1.readers import FamilyReader, ServedMeter, family_reader
from emulator.smets1.readers.dlms import DlmsReader
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S

FAMILIES = sorted({row.profile.value for row in load_cohorts().cohort.values()})
DAY = 9_800
NOW = (DAY + 1) * DAY_S + 5 * 3600 + 77.0
FIRST, LAST = DAY * DAY_S + HALF_HOUR_S, (DAY + 1) * DAY_S
ASKS = (
    Ask("4.8.1", FIRST, LAST),
    Ask("4.8.3", FIRST, LAST),
    Ask("4.6.1", LAST, LAST),
    Ask("4.1.1"),
    Ask("4.2"),
)


def served(family: FamilyReader, seed: int = 5) -> tuple[MeterEnergy, ServedMeter]:
    energy = MeterEnergy(energy_model("single_rate", True, False), seed, commissioned_at=9_000 * DAY_S)
    return energy, family.serve(energy, "260000007")


def hold(family: FamilyReader, meter: ServedMeter, asks: tuple[Ask, ...], now: float = NOW) -> Exchange:
    return family.hold(meter, asks, now, lambda data: None)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_answers_every_service_request_with_what_its_meter_measured(name: str) -> None:
    family = family_reader(name)
    energy, meter = served(family)
    exchange = hold(family, meter, ASKS)
    assert not exchange.refused and exchange.opening and exchange.closing
    assert [reading.error for reading in exchange.readings] == [""] * len(ASKS)
    imported, exported, daily, total, returned = (reading.values for reading in exchange.readings)
    assert imported.rows[:, 0].tolist() == list(range(FIRST, LAST + 1, HALF_HOUR_S))
    assert (imported.rows[:, 1] == energy.half_hours("active_import", FIRST, LAST)).all()
    assert (exported.rows[:, 1] == energy.half_hours("active_export", FIRST, LAST)).all()
    assert daily.rows.tolist() == [[LAST, int(energy.at_midnights("active_import", DAY + 1, DAY + 1)[0]) % 2**32]]
    assert total.register_wh == energy.register("active_import", NOW) % 2**32
    assert returned.register_wh == energy.register("active_export", NOW) % 2**32
    assert all(values.read_at == NOW for values in (imported, exported, daily, total, returned))


@pytest.mark.parametrize("name", FAMILIES)
def test_several_midnights_are_worked_back_from_one_register(name: str) -> None:
    family = family_reader(name)
    energy, meter = served(family)
    [reading] = hold(family, meter, (Ask("4.6.1", LAST - 3 * DAY_S, LAST),)).readings
    assert reading.values is not None and reading.values.rows is not None
    expected = energy.at_midnights("active_import", DAY - 2, DAY + 1) % 2**32
    assert reading.values.rows[:, 1].tolist() == expected.tolist()


def test_a_half_hour_that_was_just_captured_by_the_register_alone_is_an_error_not_a_wrong_value() -> None:
    family = family_reader("smets1-itron")
    _, meter = served(family)
    boundary = float((DAY + 1) * DAY_S + 5 * 3600)
    [reading] = hold(family, meter, (Ask("4.6.1", LAST, LAST),), boundary).readings
    assert reading.values is None and "missing" in reading.error


def test_a_log_longer_than_one_answer_comes_in_blocks() -> None:
    family = family_reader("smets1-elster-as302p")
    energy, meter = served(family)
    first = FIRST - 9 * DAY_S
    [reading] = hold(family, meter, (Ask("4.8.1", first, LAST),)).readings
    assert len(reading.rounds) > 1
    assert reading.values is not None and reading.values.rows is not None
    assert (reading.values.rows[:, 1] == energy.half_hours("active_import", first, LAST)).all()
    assert len(reading.values.rows) == 480


def test_rows_that_the_meter_does_not_hold_do_not_come() -> None:
    family = family_reader("smets1-itron")
    _, meter = served(family)
    [reading] = hold(family, meter, (Ask("4.8.1", LAST + DAY_S + HALF_HOUR_S, LAST + 2 * DAY_S),)).readings
    assert reading.values is not None and len(reading.values.rows) == 0


@pytest.mark.parametrize("name", FAMILIES)
def test_session_after_session_works_and_the_bytes_repeat(name: str) -> None:
    streams = []
    for _ in range(2):
        family, heard = family_reader(name), []
        _, meter = served(family)
        for number in range(3):
            exchange = family.hold(meter, ASKS[:1], NOW + number, heard.append)
            assert not exchange.refused and not exchange.readings[0].error
        streams.append(b"".join(heard))
    assert streams[0] == streams[1]


def test_a_wrong_password_is_refused_with_the_meters_diagnostic() -> None:
    family = family_reader("smets1-itron")
    _, meter = served(family)
    reader = meter.reader
    assert isinstance(reader, DlmsReader)
    reader._password = b"WRONG"
    exchange = hold(family, meter, ASKS)
    assert "diagnostic" in exchange.refused and exchange.readings == ()


def test_a_profile_without_a_reader_says_which_there_are() -> None:
    with pytest.raises(LocalError, match=r"there are readers for dlms-wrapper, edmi"):
        family_reader("smets1-iec62056-21")


def test_a_value_planted_in_the_meter_is_the_one_that_comes_back() -> None:
    family = family_reader("smets1-secure-liberty")
    energy, meter = served(family)
    energy.plant("active_import", FIRST + 4 * HALF_HOUR_S, 4_321)
    [reading] = hold(family, meter, ASKS[:1]).readings
    assert reading.values is not None and reading.values.rows is not None
    assert reading.values.rows[4].tolist() == [FIRST + 4 * HALF_HOUR_S, 4_321]
    assert np.count_nonzero(reading.values.rows[:, 1] == 4_321) == 1
