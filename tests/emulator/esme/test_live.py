"""The seven reads end to end through the broker's and the parties' own commands: values equal the meter's energy."""

from __future__ import annotations

import pytest
from one_meter import (
    ACB,
    DAY,
    FIRST,
    LAST,
    MDR,
    NOW,
    READERS,
    REGISTERS,
    Asker,
    energy,
    meter,
    values,
)  # fmt: skip

from emulator.device.policy import DevicePolicy
from emulator.device.values import AccessRefused, UnknownObject
from emulator.esme.energy import MeterEnergy
from emulator.esme.live import LiveObjects
from gbcs.objects import logical_name
from gbcs.times import DAY_S

DAY_NUMBER = DAY // DAY_S
METERS = {
    "single": energy(3, "economy7"),
    "twin": energy(4, "night_storage", twin=True),
    "import only": energy(5, "ev", export=False),
    "business": energy(6, "business", export=False),
}


def rows_read(of: MeterEnergy, use_case: str, first: int, last: int, party: bytes | None = None) -> list[list[int]]:
    esme = meter(LiveObjects(of), DevicePolicy("4.3+MP162"))
    read = values(esme.receive(Asker().command(use_case, party=party, first=first, last=last), NOW))
    assert read.rows is not None
    shown: list[list[int]] = read.rows.tolist()
    return shown


def expected_profile(of: MeterEnergy, *channels: str) -> list[list[int]]:
    columns = [of.half_hours(channel, FIRST, LAST).tolist() for channel in channels]  # type: ignore[arg-type]
    return [list(row) for row in zip(range(FIRST, LAST + 1, 1800), *columns, strict=True)]


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
@pytest.mark.parametrize("party", [None, MDR])
def test_half_hours_of_import(of: MeterEnergy, party: bytes | None) -> None:
    second = ("active_import_secondary",) if of.model.twin else ()
    rows = rows_read(of, "ECS22b", FIRST, LAST, party)
    assert rows == expected_profile(of, "active_import", *second)
    assert len(rows) == 48 and sum(row[1] for row in rows) == of.day_total("active_import", DAY_NUMBER) > 0


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
def test_half_hours_of_export(of: MeterEnergy) -> None:
    rows = rows_read(of, "ECS22a", FIRST, LAST)
    assert rows == expected_profile(of, "active_export", "reactive_export")
    assert any(row[1] for row in rows) == of.model.export


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
@pytest.mark.parametrize("party", [None, MDR])
def test_daily_reads_of_import(of: MeterEnergy, party: bytes | None) -> None:
    rows = rows_read(of, "ECS21a", DAY - DAY_S, DAY + DAY_S, party)
    assert [row[0] for row in rows] == [DAY - DAY_S, DAY, DAY + DAY_S]
    for row in rows:
        at = row[0]
        totals = [of.register("active_import", at)]
        totals += [of.register("active_import_secondary", at)] if of.model.twin else []
        second = of.secondary_registers(at).tolist() if of.model.twin else []
        assert row[1:] == [*totals, *of.tou_registers(at).tolist(), *second, *of.block_registers(at).tolist()]
    assert rows[2][1] - rows[1][1] == of.day_total("active_import", DAY_NUMBER)


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
def test_daily_reads_of_export(of: MeterEnergy) -> None:
    rows = rows_read(of, "ECS21c", DAY, DAY + DAY_S, MDR)
    assert rows == [[at, of.register("active_export", at)] for at in (DAY, DAY + DAY_S)]


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
def test_daily_consumption(of: MeterEnergy) -> None:
    (row,) = rows_read(of, "ECS66", DAY + 1, DAY + DAY_S)
    second = of.day_total("active_import_secondary", DAY_NUMBER) if of.model.twin else 0
    assert row == [DAY + DAY_S, of.day_total("active_import", DAY_NUMBER) + second]


@pytest.mark.parametrize("of", METERS.values(), ids=METERS)
@pytest.mark.parametrize("originator", [None, ACB])
def test_registers(of: MeterEnergy, originator: bytes | None) -> None:
    esme, asker = meter(LiveObjects(of), DevicePolicy("4.3+MP162")), Asker()
    commands = (asker.command(use_case, originator=originator) for use_case in ("ECS17b", "ECS17a"))
    imported, exported = (values(esme.receive(command, NOW)).registers for command in commands)
    expected = [(of.register("active_import", NOW), 0, 30), (of.register("reactive_import", NOW), 0, 32)]
    expected += [(of.register("active_import_secondary", NOW), None, None)] if of.model.twin else []  # type: ignore[list-item]
    assert list(imported) == expected
    assert exported == ((of.register("active_export", NOW), 0, 30), (of.register("reactive_export", NOW), 0, 32))


def test_a_register_rolls_over_where_its_field_ends() -> None:
    of = energy(7)
    of.open_at("active_import", 0xFFFF_FFFF)
    (first, *_) = values(meter(LiveObjects(of)).receive(Asker().command("ECS17b"), NOW)).registers
    assert first[0] == (of.register("active_import", NOW)) % 2**32 < of.register("active_import", NOW)


def test_planted_values_and_lost_rows_show_in_the_answer() -> None:
    of = energy(8)
    natural = rows_read(of, "ECS22b", FIRST, LAST)
    of.plant("active_import", FIRST + 1800, 4321)
    of.overridden().missing["profile_active_import"] = {FIRST}
    rows = rows_read(of, "ECS22b", FIRST, LAST)
    assert rows == [[FIRST + 1800, 4321], *natural[2:]]


@pytest.mark.parametrize("use_case", sorted(set(READERS) - set(REGISTERS)))
def test_a_read_before_commissioning_or_in_the_future_has_no_rows(use_case: str) -> None:
    of = energy(9)
    assert rows_read(of, use_case, 0, 86400) == []
    assert rows_read(of, use_case, NOW + 10 * DAY_S, NOW + 11 * DAY_S) == []


def test_without_a_selection_the_whole_log_is_shown() -> None:
    objects = LiveObjects(energy(10))
    data = objects.read(7, logical_name("0-0:98.1.10.255"), 2, None, NOW)
    assert len(data.value.rows()) == 31  # type: ignore[union-attr]


def test_what_is_not_there_is_told_from_what_has_no_such_attribute() -> None:
    objects = LiveObjects(energy(10))
    with pytest.raises(UnknownObject):
        objects.read(7, bytes(6), 2, None, NOW)
    for class_id, name, attribute in ((3, "1-0:2.8.0.255", 4), (7, "0-0:99.1.0.255", 3)):
        with pytest.raises(AccessRefused) as refused:
            objects.read(class_id, logical_name(name), attribute, None, NOW)
        assert refused.value.code == 11
