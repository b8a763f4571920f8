from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from emulator.dcc.settlement import settlement_days, utc_day_start
from emulator.ledger import NOT_ASKED, Cause, Ledger
from emulator.population import Population, populate
from emulator.scenario import load_scenario

DAYS = settlement_days(date(2026, 7, 1), 2)
LOST = Cause("wan_up", "frame lost 5 times", "4.8.1")


@pytest.fixture(scope="module")
def population() -> Population:
    return populate(load_scenario(premises=60))


@pytest.fixture
def ledger(population: Population) -> Ledger:
    return Ledger(population, DAYS)


def present(ledger: Ledger, day: int, checkpoint: str, granularity: str, kind: str) -> tuple[int, int]:
    [found] = [
        (one.expected, one.present)
        for one in ledger.count(DAYS[day], checkpoint)
        if (one.granularity, one.mpan_kind) == (granularity, kind)
    ]
    return found


def test_a_summer_day_is_stitched_from_two_utc_days(ledger: Ledger) -> None:
    [first, *others] = ledger.half_hourly("import").tolist()
    starts = utc_day_start(DAYS[0].date)
    ledger.half_hours_in(first, "import", np.arange(starts - 86_400 + 1800, starts + 1, 1800))
    assert present(ledger, 0, "D+1", "half_hourly", "import") == (48 * (len(others) + 1), 2)
    ledger.half_hours_in(first, "import", np.arange(starts + 1800, starts + 86_401, 1800))
    assert present(ledger, 0, "SF", "half_hourly", "import")[1] == 48
    assert present(ledger, 1, "D+1", "half_hourly", "import")[1] == 2


def test_half_hours_of_other_days_and_twice_the_same_change_nothing(ledger: Ledger) -> None:
    [first, *_] = ledger.half_hourly("import").tolist()
    ledger.half_hours_in(first, "import", np.array([0, 1800, 10**9 // 1800 * 1800]))
    assert present(ledger, 0, "D+1", "half_hourly", "import")[1] == 0
    for _ in range(2):
        ledger.half_hours_in(first, "import", DAYS[0].stamps[:3])
    assert present(ledger, 0, "SF", "half_hourly", "import")[1] == 3


def test_missing_periods_are_grouped_by_cause_and_by_when_they_came(ledger: Ledger) -> None:
    [first, *_] = ledger.half_hourly("import").tolist()
    stamps = DAYS[0].stamps
    ledger.half_hours_in(first, "import", stamps[:40])
    ledger.failed(first, "import", utc_day_start(DAYS[0].date), LOST)
    ledger.row_missing(first, "import", int(stamps[41]), Cause("esme", "row lost", "4.8.1"))
    ledger.count(DAYS[0], "D+1")
    ledger.half_hours_in(first, "import", stamps[44:46])
    ledger.count(DAYS[0], "SF")
    found = {
        (one.cause.leg, one.filled): one.periods
        for one in ledger.missing()
        if (one.premises, one.mpan_kind, one.day) == (first, "import", DAYS[0])
    }
    assert found == {
        ("wan_up", ""): (41, 43, 44, 47, 48),
        ("esme", ""): (42,),
        ("wan_up", "SF"): (45, 46),
    }


def test_what_nobody_asked_for_says_so(ledger: Ledger) -> None:
    ledger.count(DAYS[0], "D+1")
    assert {one.cause for one in ledger.missing()} == {NOT_ASKED}


def test_daily_and_monthly_customers_have_one_value(ledger: Ledger, population: Population) -> None:
    names = population.names.granularity
    daily = np.flatnonzero(population.granularity == names.index("daily")).tolist()
    monthly = np.flatnonzero(population.granularity == names.index("monthly")).tolist()
    day = utc_day_start(DAYS[1].date)
    ledger.single_in("daily", daily[0], day)
    ledger.monthly_due(monthly[0], day)
    ledger.monthly_due(monthly[1], day)
    ledger.single_in("monthly", monthly[1], day)
    assert present(ledger, 1, "D+1", "daily", "import") == (len(daily), 1)
    assert present(ledger, 1, "D+1", "monthly", "import") == (2, 1)
    assert present(ledger, 0, "D+1", "monthly", "import") == (0, 0)
    wanted = monthly[0], "import", DAYS[1]
    [gap] = [one for one in ledger.missing() if (one.premises, one.mpan_kind, one.day) == wanted]
    assert gap.periods == (0,) and gap.stamps == (int(DAYS[1].stamps[-1]),)


def test_reads_that_are_not_whole_are_named(ledger: Ledger, population: Population) -> None:
    [first, *others] = ledger.half_hourly("import").tolist()
    ledger.half_hours_in(first, "import", DAYS[0].stamps)
    wanting = list(ledger.missing_reads(DAYS[0]))
    assert {premises for premises, kind in wanting if kind == "import"} == set(others)
    assert {premises for premises, kind in wanting if kind == "export"} == set(np.flatnonzero(population.has_export))
