"""Commands that take effect later: nothing before their time, everything at it, and an alert for each."""

from __future__ import annotations

from commander import DEVICE, IMMEDIATELY, KEYS, NEVER, NOW, SUPPLIER, Commander, answer, at, codes, esme, get, put, zcl
from commander import gsme as gas_meter

from emulator.device.alerts import MemoryCounter
from gbcs.dlms import Data, DataNotification, Tag
from gbcs.framing import Cra, decode
from gbcs.gbz import GbzAlert, GbzExecuted
from gbcs.objects import logical_name
from gbcs.payload import message_payload
from gbcs.security import Check, verify
from gbcs.times import from_cosem

LATER = NOW + 3600
PRICE, NEXT_PRICE = Data(Tag.STRUCTURE, (Data(Tag.INT8, 1),)), Data(Tag.STRUCTURE, (Data(Tag.INT8, 2),))
PASSIVE, ACTIVATION, ACTIVE = (f"113 0-0:19.20.0.255 {n}" for n in (6, 7, 5))


def test_a_price_for_later_is_read_only_from_its_time_on() -> None:
    meter, ask = esme(), Commander()
    answer(meter, ask.dlms("ECS01b", put(PASSIVE, PRICE), put(ACTIVATION, IMMEDIATELY)))
    assert answer(meter, ask.dlms("ECS24", get(ACTIVE))).data == (PRICE,)
    answer(meter, ask.dlms("ECS01b", put(PASSIVE, NEXT_PRICE), put(ACTIVATION, at(LATER))))
    assert meter.next_deadline() == LATER
    assert meter.tick(LATER - 1) == ()
    assert answer(meter, ask.dlms("ECS24", get(ACTIVE))).data == (PRICE,)
    assert len(meter.tick(LATER)) == 1
    assert answer(meter, ask.dlms("ECS24", get(ACTIVE))).data == (NEXT_PRICE,)
    assert meter.next_deadline() is None and meter.tick(LATER + 1) == ()


def test_the_alert_is_signed_and_names_command_and_attribute() -> None:
    meter, ask = esme(), Commander()
    meter.alert_counter = MemoryCounter(41)
    command = ask.dlms("ECS01b", put(PASSIVE, PRICE), put(ACTIVATION, at(LATER)))
    answer(meter, command)
    (frame,) = meter.tick(LATER)
    alert = decode(frame)
    payload = message_payload(alert)
    assert (alert.cra, alert.message_code, alert.originator_counter) == (Cra.ALERT, 0x00CC, 42)
    assert (alert.originator, alert.recipient, alert.mac) == (DEVICE, SUPPLIER, None)
    assert verify(alert, KEYS).signature is Check.VERIFIED
    assert isinstance(payload, DataNotification)
    assert payload.alert_code == 0x8F66 and from_cosem(payload.at) == LATER
    counter = command.originator_counter.to_bytes(8, "big")
    named = (113).to_bytes(2, "big") + logical_name("0-0:19.20.0.255") + b"\x07"
    assert payload.items[0].value == b"\x00\xa2" + counter + named


def test_never_cancels_what_waits_for_the_same_attribute_alone() -> None:
    meter, ask = esme(), Commander()
    other_passive, other_time, other_active = (f"113 0-0:19.20.4.255 {n}" for n in (6, 7, 5))
    both = (put(PASSIVE, PRICE), put(other_passive, PRICE), put(ACTIVATION, at(LATER)), put(other_time, at(LATER)))
    answer(meter, ask.dlms("ECS01b", *both))
    assert codes(answer(meter, ask.dlms("ECS01b", put(ACTIVATION, NEVER)))) == [0]
    assert len(meter.tick(LATER)) == 1
    shown = answer(meter, ask.dlms("ECS24", get(other_active), get(ACTIVE)))
    assert shown.data[0] == PRICE and shown.data[1].value == ()


def test_a_later_command_takes_the_place_of_an_earlier_one() -> None:
    meter, ask = esme(), Commander()
    answer(meter, ask.dlms("ECS01b", put(PASSIVE, PRICE), put(ACTIVATION, at(LATER))))
    answer(meter, ask.dlms("ECS01b", put(PASSIVE, NEXT_PRICE), put(ACTIVATION, at(LATER + 60))))
    assert meter.tick(LATER + 59) == () and len(meter.tick(LATER + 60)) == 1


def test_alert_counters_rise_and_alerts_come_in_order_of_their_times() -> None:
    meter, ask = esme(), Commander()
    late, early = "113 0-0:19.20.0.255 7", "113 0-0:19.20.4.255 7"
    answer(meter, ask.dlms("ECS01b", put(late, at(LATER + 5)), put(early, at(LATER))))
    alerts = [decode(frame) for frame in meter.tick(LATER + 10)]
    counters = [alert.originator_counter for alert in alerts]
    assert counters == sorted(set(counters)) and len(counters) == 2
    assert [from_cosem(message_payload(alert).at) for alert in alerts] == [LATER, LATER + 5]  # type: ignore[union-attr]


def test_a_failing_activation_says_so() -> None:
    meter, ask = esme(), Commander()
    answer(meter, ask.dlms("ECS01b", put(PASSIVE, PRICE), put(ACTIVATION, at(LATER))))
    meter.objects.faults[113, logical_name("0-0:19.20.0.255"), 7] = 1  # type: ignore[attr-defined]
    (frame,) = meter.tick(LATER)
    assert message_payload(decode(frame)).alert_code == 0x8F67  # type: ignore[union-attr]


def test_an_alert_is_an_event_in_the_log() -> None:
    meter, ask = esme(), Commander()
    log = get("7 0-0:99.98.0.255 2")
    assert answer(meter, ask.dlms("ECS35a", log)).data[0].value.contents == b""
    answer(meter, ask.dlms("ECS01b", put(ACTIVATION, at(LATER))))
    meter.tick(LATER)
    rows = answer(meter, ask.dlms("ECS35a", log)).data[0].value.contents
    assert rows == LATER.to_bytes(4, "big") + b"\x8f\x66" + b"\x00"


def test_signatures_of_an_emulated_device_repeat() -> None:
    frames = []
    for _ in range(2):
        meter = esme()
        answer(meter, Commander().dlms("ECS01b", put(ACTIVATION, at(LATER))))
        frames.append(meter.tick(LATER))
    assert frames[0] == frames[1]


def test_gas_commands_wait_too_and_name_their_component() -> None:
    meter, ask = gas_meter(), Commander()
    command = ask.gbz("GCS05", zcl(0x0705, 0x01, 0x0B, "set maximum credit", 0, 7, LATER, 900, 800))
    answer(meter, command)
    assert meter.zcl.number(0x0705, 0x0021) == 0
    (frame,) = meter.tick(LATER)
    alert = message_payload(decode(frame))
    assert isinstance(alert, GbzAlert)
    assert alert.details == GbzExecuted(command.message_code, command.originator_counter, 0x0705, 0x01, 0x0B)
    assert (alert.alert_code, alert.at) == (0x8F66, LATER)
    assert meter.zcl.number(0x0705, 0x0021) == 900


def test_a_gas_command_is_cancelled_by_a_time_that_never_comes() -> None:
    meter, ask = gas_meter(), Commander()
    for when in (LATER, 0xFFFF_FFFF):
        answer(meter, ask.gbz("GCS05", zcl(0x0705, 0x01, 0x0B, "set maximum credit", 0, 7, when, 900, 800)))
    assert meter.next_deadline() is None and meter.zcl.number(0x0705, 0x0021) == 0


def test_from_date_time_of_a_component_is_its_time() -> None:
    meter, ask = gas_meter(), Commander()
    answer(meter, ask.gbz("GCS05", zcl(0x0705, 0x01, 0x09, "set low-credit warning", 55, since=LATER)))
    assert meter.zcl.number(0x0705, 0x0031) == 0
    meter.tick(LATER)
    assert meter.zcl.number(0x0705, 0x0031) == 55
