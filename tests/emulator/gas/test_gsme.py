"""A gas meter: what is published to it is read from it, reads select, and a failure breaks the rest off."""

from __future__ import annotations

from typing import Any

import pytest
from commander import ACB, DEVICE, KEYS, NEWCOMER, NOW, Commander, answer, gsme, protected, zcl

from emulator.device.zcl import EVENT_LOG, ZclStatus
from emulator.gas.gsme import Gsme, TimeStatus
from gbcs.catalogue import by_use_case
from gbcs.framing import decode
from gbcs.gbz import AttributeRecord, Component, Zcl
from gbcs.gbz.catalogue import layout_named
from gbcs.security import Check, open_message, verify
from gbcs.times import clock_status

METERING, PREPAYMENT, DEVICE_MANAGEMENT, EVENTS, CALENDAR = 0x0702, 0x0705, 0x0708, 0x0709, 0x0707


def read(cluster: int, *attributes: int) -> Component:
    return zcl(cluster, 0x00, 0x00, "read attributes", tuple((number,) for number in attributes))


def opened(meter: Gsme, command: Any) -> list[tuple[Component, Zcl]]:
    """The components of the answer, decrypted."""
    (frame,) = meter.receive(protected(command), NOW)
    assert verify(frame, KEYS).ok
    shown = open_message(frame, KEYS)
    components = shown.payload.components  # type: ignore[union-attr]
    return [(one, plain or one.payload) for one, plain in zip(components, shown.zcl, strict=True)]


def test_an_mprn_set_is_the_mprn_read() -> None:
    meter, ask = gsme(), Commander()
    answer(meter, ask.gbz("GCS41", zcl(DEVICE_MANAGEMENT, 0x09, 0x03, "update site id", 7, 0, 0, "1234567890")))
    ((_, shown),) = opened(meter, ask.gbz("GCS46", read(METERING, 0x0307)))
    assert shown["attributes"] == (AttributeRecord(0x0307, 0, 0x41, b"1234567890"),)


def test_what_a_meter_does_not_have_is_said_of_each_attribute() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.attributes[METERING, 1] = (0x20, 5)
    ((_, shown),) = opened(meter, ask.gbz("GCS46", read(METERING, 1, 2)))
    assert [one.status for one in shown["attributes"]] == [ZclStatus.SUCCESS, ZclStatus.UNSUPPORTED_ATTRIBUTE]  # type: ignore[union-attr]


def test_a_failing_attribute_breaks_off_the_components_behind_it() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.attribute_faults[METERING, 1] = ZclStatus.HARDWARE_FAILURE
    (_, first), (_, second) = opened(meter, ask.gbz("GCS60", read(METERING, 1), read(PREPAYMENT, 1)))
    assert [one.status for one in first["attributes"]] == [0xC0]  # type: ignore[union-attr]
    assert (second["command"], second["status"]) == (0xFF, ZclStatus.FAILURE)


def test_sensitive_reads_are_encrypted_and_others_are_not() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.attributes[PREPAYMENT, 1] = (0x2B, -7)
    command = ask.gbz("GCS14", read(PREPAYMENT, 1))
    ((component, shown),) = opened(meter, command)
    assert component.control & 0x02 and shown["attributes"] == (AttributeRecord(1, 0, 0x2B, -7),)
    ((component, shown),) = opened(meter, ask.gbz("GCS60", read(PREPAYMENT, 1)))
    assert not component.control & 0x02 and shown["attributes"] == (AttributeRecord(1, 0, 0x2B, -7),)


def snapshot(number: int, at: int, cause: int) -> Zcl:
    tail = Zcl(layout_named("publish prepayment snapshot").variants[0], (number, 2, 3, 4, 5, 6))
    return Zcl(layout_named("publish prepayment snapshot"), (number, at, 3, 0, 1, cause, 0), tail)


def ask_snapshot(ask: Commander, first: int, last: int, offset: int, cause: int) -> Any:
    part = zcl(PREPAYMENT, 0x01, 0x07, "get prepayment snapshot", first, last, offset, cause)
    return ask.gbz("GCS15b", part)


@pytest.mark.parametrize(
    ("first", "last", "offset", "cause", "number"),
    [(0, 99, 0, 1, 1), (0, 99, 1, 1, 2), (15, 99, 0, 1, 2), (10, 10, 0, 1, 1), (0, 99, 0, 2, 3), (0, 99, 2, 0, 3)],
)
def test_snapshots_are_selected_by_time_cause_and_offset(
    first: int, last: int, offset: int, cause: int, number: int
) -> None:
    meter = gsme()
    kept = [snapshot(3, 30, 2), snapshot(1, 10, 1), snapshot(2, 20, 1)]
    meter.zcl.published["publish prepayment snapshot"] = kept
    ((_, shown),) = opened(meter, ask_snapshot(Commander(), first, last, offset, cause))
    assert shown["snapshot_id"] == number


def test_no_snapshot_is_not_found_and_breaks_nothing_off() -> None:
    meter, ask = gsme(), Commander()
    parts = [
        zcl(PREPAYMENT, 0x01, 0x07, "get prepayment snapshot", 0, 99, 0, 1),
        zcl(DEVICE_MANAGEMENT, 0x09, 0x03, "update site id", 7, 0, 0, "1"),
    ]
    (_, first), (_, second) = opened(meter, ask.gbz("GCS15b", *parts))
    assert first["status"] == ZclStatus.NOT_FOUND and second["status"] == ZclStatus.SUCCESS


@pytest.mark.parametrize(
    ("earliest", "number", "start", "samples"),
    [(0, 9, 1000, (1, 2, 3)), (1900, 9, 1900, (2, 3)), (1000, 2, 1000, (1, 2)), (3000, 9, 2800, (3,))],
)
def test_samples_from_a_time_on(earliest: int, number: int, start: int, samples: tuple[int, ...]) -> None:
    meter = gsme()
    layout = layout_named("get sampled data response")
    held = Zcl(layout, (2, 1000, 0, 900, 3, ((1,), (2,), (3,))))
    meter.zcl.published[layout.name] = [held]
    part = zcl(METERING, 0x01, 0x08, "get sampled data", 2, earliest, 0, number)
    ((_, shown),) = opened(meter, Commander().gbz("GCS18", part))
    assert shown["start_time"] == start and shown["number_of_samples"] == len(samples)
    assert shown["samples"] == tuple((one,) for one in samples)


def test_a_top_up_is_credited_once() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.attributes[PREPAYMENT, 1] = (0x2B, 100)
    meter.zcl.token_values["73934898590619728331"] = 50
    results = []
    for _ in range(2):
        part = zcl(PREPAYMENT, 0x01, 0x04, "consumer top-up", 0, "73934898590619728331")
        ((_, shown),) = opened(meter, ask.gbz("CS01b", part))
        results.append((shown["result"], shown["credit_remaining"]))
    assert results == [(0, 150), (1, -1)] and meter.zcl.number(PREPAYMENT, 1) == 150


def test_a_cleared_event_log_loses_its_own_events_alone() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.logs[EVENT_LOG] = [(3, 0x8F01, NOW, b""), (4, 0x8F02, NOW, b"")]
    ((_, cleared),) = opened(meter, ask.gbz("CS11", zcl(EVENTS, 0x01, 0x01, "clear event log", 3)))
    assert cleared["cleared_logs"] == 1 << 3
    shown = []
    for log in (3, 4):
        part = zcl(EVENTS, 0x01, 0x00, "get event log", log, 0, 0, NOW, 0, 0)
        ((_, got),) = opened(meter, ask.gbz("CS10a", part))
        shown.append(got.layout.name)
    assert shown == ["default response", EVENT_LOG]


def test_a_billing_calendar_set_is_the_one_read_and_a_new_one_takes_its_place() -> None:
    meter, ask = gsme(), Commander()
    for duration in (1, 2):
        part = zcl(0x0700, 0x09, 0x09, "publish billing period", 0, 7, 0, duration, 0x22, 0)
        answer(meter, ask.gbz("GCS25", part))
    part = zcl(0x0700, 0x01, 0x0B, "get billing period", 0, 0, 0, 0)
    ((_, shown),) = opened(meter, ask.gbz("GCS21d", part))
    assert shown["duration"] == 2


def test_week_profiles_of_one_calendar_stand_beside_each_other() -> None:
    meter, ask = gsme(), Commander()
    weeks = [zcl(CALENDAR, 0x09, 0x02, "publish week profile", 0, 7, 9, week, *[week] * 7) for week in (1, 2)]
    answer(meter, ask.gbz("GCS01a", *weeks))
    part = zcl(CALENDAR, 0x01, 0x02, "get week profiles", 0, 9, 1, 0)
    shown = opened(meter, ask.gbz("GCS21b", part))
    assert [got["week_id"] for _, got in shown] == [1, 2]
    assert {component.sequence for component, _ in shown} == {0}


def test_a_command_that_no_table_has_is_not_supported() -> None:
    meter, ask = gsme(), Commander()
    raw = Component(0, 0x0702, 0x01, 0, 0x77, Zcl(layout_named("default response"), (1, 2)))
    ((_, shown),) = opened(meter, ask.gbz("GCS41", raw))
    assert shown["status"] == ZclStatus.UNSUPPORTED_COMMAND


def test_reads_say_how_good_the_time_is_and_critical_answers_do_not() -> None:
    meter, ask = gsme(), Commander()
    meter.time_status = TimeStatus.UNRELIABLE
    (frame,) = meter.receive(protected(ask.gbz("GCS14", read(PREPAYMENT, 1))), NOW)
    assert clock_status(decode(frame).date_time) == TimeStatus.UNRELIABLE
    part = zcl(PREPAYMENT, 0x01, 0x0B, "set maximum credit", 0, 7, 0, 900, 800)
    (frame,) = meter.receive(protected(ask.gbz("GCS05", part)), NOW)
    assert clock_status(decode(frame).date_time) == 0xFF


def test_an_unknown_remote_party_reads_with_its_own_key() -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.published["publish prepayment snapshot"] = [snapshot(1, 10, 1)]
    message = ask_snapshot(ask, 0, 99, 0, 1)
    certificate = KEYS.ka_certificate(NEWCOMER)
    use_case = by_use_case("GCS16b")
    other = type(message.other)(use_case.code, NEWCOMER, 77, None, certificate)
    command = type(message)(message.cra, message.originator_counter, ACB, DEVICE, b"", other, message.content)
    (frame,) = meter.receive(protected(command), NOW)
    assert decode(frame).other.supplementary_originator_counter == 1
    assert verify(frame, KEYS).mac is Check.VERIFIED
    (shown,) = open_message(frame, KEYS).zcl
    assert shown is not None and shown["snapshot_id"] == 1
    assert decode(frame).recipient == ACB
