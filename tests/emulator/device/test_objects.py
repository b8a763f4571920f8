"""Effects are real: what is set is read, what a method does is seen, logs lose and gain their rows."""

from __future__ import annotations

from contextlib import suppress

import pytest
from commander import (
    ACB,
    IMMEDIATELY,
    KEYS,
    NOW,
    OPERATOR,
    OTHER_DEVICE,
    Commander,
    answer,
    at,
    call,
    chf,
    codes,
    esme,
    get,
    put,
)

from emulator.device import classes
from emulator.device.access import Reach, access_table, initial_value, row_description
from emulator.device.activation import activation_of, attribute_key, instant
from emulator.device.objects import StoredObjects
from emulator.device.profiles import StoredProfile, pack_row, split_rows
from emulator.device.values import AccessRefused, UnknownObject
from gbcs.catalogue import by_use_case
from gbcs.dlms import CompactArray, Data, DataNotification, ResultCode, Tag
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import decode
from gbcs.objects import declared_objects, logical_name
from gbcs.payload import message_payload
from gbcs.security import Check, verify
from gbcs.times import cosem

INT8 = Data(Tag.INT8, 0)


def uint32(value: int) -> Data:
    return Data(Tag.UINT32, value)


def octets(value: bytes) -> Data:
    return Data(Tag.OCTET_STRING, value)


def test_a_whole_tariff_set_is_the_tariff_read() -> None:
    meter, ask = esme(), Commander()
    seasons, weeks, days, special = (Data(Tag.ARRAY, (uint32(n),)) for n in range(4))
    block = Data(Tag.ARRAY, (uint32(10_000), uint32(0xFFFF_FFFF)))
    tariff = (
        put("20 0-0:13.0.0.255 7", seasons),
        put("20 0-0:13.0.0.255 8", weeks),
        put("20 0-0:13.0.0.255 9", days),
        put("11 0-1:11.0.0.255 2", special),
        put("21 0-0:16.1.11.255 2", block),
        put("20 0-0:13.0.0.255 10", IMMEDIATELY),
        put("9000 0-0:94.44.128.29 6", IMMEDIATELY),
        put("9000 0-0:63.1.1.255 6", IMMEDIATELY),
    )
    assert set(codes(answer(meter, ask.dlms("ECS01a", *tariff)))) == {0}
    read = (
        get("20 0-0:13.0.0.255 3"),
        get("20 0-0:13.0.0.255 4"),
        get("20 0-0:13.0.0.255 5"),
        get("11 0-0:11.0.0.255 2"),
        get("21 0-0:16.0.11.255 2"),
    )
    assert answer(meter, ask.dlms("ECS24", *read)).data == (seasons, weeks, days, special, block)


def test_prepayment_settings_are_shown_where_the_configuration_read_looks() -> None:
    meter, ask = esme(), Commander()
    values = {
        "9000 0-0:94.44.128.9": ("111 0-0:19.0.0.255 16", Data(Tag.INT32, 200)),
        "9000 0-0:94.44.128.12": ("111 0-0:19.0.0.255 18", Data(Tag.UINT16, 30)),
        "9000 0-0:94.44.128.2": ("112 0-0:19.10.1.255 9", Data(Tag.INT32, 300)),
        "9000 0-0:94.44.2.10": ("9000 0-0:94.44.2.10 2", Data(Tag.INT32, 400)),
    }
    sets = [put(f"{source} 4", value) for source, (_, value) in values.items()]
    times = [put(f"{source} 6", IMMEDIATELY) for source in values]
    answer(meter, ask.dlms("ECS08a", *sets, *times))
    shown = answer(meter, ask.dlms("ECS26a", *(get(target) for target, _ in values.values())))
    assert shown.data == tuple(value for _, value in values.values())


def test_a_balance_is_adjusted_and_reset() -> None:
    meter, ask = esme(), Commander()
    balance, adjust, reset = (f"112 0-0:19.10.0.255 {n}" for n in (2, 1, 2))
    for amount in (500, -200):
        answer(meter, ask.dlms("ECS04a", call(adjust, Data(Tag.INT32, amount))))
    assert answer(meter, ask.dlms("ECS82", get(balance))).data == (Data(Tag.INT32, 300),)
    answer(meter, ask.dlms("ECS04b", call(reset, Data(Tag.INT32, 0))))
    assert answer(meter, ask.dlms("ECS82", get(balance))).data == (Data(Tag.INT32, 0),)


def test_a_reset_register_keeps_its_type() -> None:
    meter, ask = esme(), Commander()
    key = attribute_key("4 1-0:2.6.0.255 2")
    meter.objects.attributes[key] = uint32(4775)  # type: ignore[attr-defined]
    answer(meter, ask.dlms("ECS57", call("4 1-0:2.6.0.255 1", INT8), originator=OPERATOR))
    shown = answer(meter, ask.dlms("ECS18a", get("4 1-0:2.6.0.255 2"), originator=OPERATOR))
    assert shown.data == (uint32(0),)


def test_a_cleared_log_is_empty_and_keeps_its_type() -> None:
    meter, ask = esme(), Commander()
    log = logical_name("0-17:99.98.2.255")
    meter.objects.append(log, NOW, 0x8F01, 1, 7)  # type: ignore[attr-defined]
    read = get("7 0-17:99.98.2.255 2")
    full = answer(meter, ask.dlms("ECS35f", read)).data[0].value
    answer(meter, ask.dlms("ECS15c", call("7 0-17:99.98.2.255 1", INT8)))
    empty = answer(meter, ask.dlms("ECS35f", read)).data[0].value
    assert len(full.contents) == 11 and empty == CompactArray(full.kind, b"")


def test_the_device_log_of_a_comms_hub_gains_loses_and_is_restored() -> None:
    hub, ask = chf(), Commander()
    log = "104 0-0:30.3.0.255"
    joining = Data(
        Tag.STRUCTURE, (octets(OTHER_DEVICE), Data(Tag.ENUM, 1), octets(b"0123456789ABCDEF"), Data(Tag.ENUM, 0))
    )

    def shown() -> tuple[Data, ...]:
        backup = answer(hub, ask.dlms("CCS07", call(f"{log} 4", Data(Tag.NULL)), originator=ACB)).data[0]
        assert backup.value[0].value == cosem(NOW)
        return tuple(entry.value[0] for entry in backup.value[2].value)

    assert shown() == ()
    for _ in range(2):  # the same device again takes the place of its entry
        answer(hub, ask.dlms("CCS01", call(f"{log} 1", joining), originator=ACB))
    assert shown() == (octets(OTHER_DEVICE),)
    answer(hub, ask.dlms("CCS02", call(f"{log} 2", octets(OTHER_DEVICE)), originator=ACB))
    assert shown() == ()
    assert hub.next_deadline() == NOW
    (frame,) = hub.tick(NOW)
    alert = message_payload(decode(frame))
    assert decode(frame).recipient == ACB and verify(frame, KEYS).mac is Check.VERIFIED
    assert isinstance(alert, DataNotification) and alert.alert_code == 0x8F12
    assert alert.items[0].value[2].value == ()  # type: ignore[index, union-attr]
    entries = Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (octets(b"12345678"), octets(bytes(16)))),))
    restored = Data(Tag.STRUCTURE, (octets(bytes(8)), entries))
    answer(hub, ask.dlms("CCS03", call(f"{log} 5", restored), originator=ACB))
    assert shown() == (octets(b"12345678"),)


class DriftingClock:
    """Runs ahead until it is set."""

    def __init__(self) -> None:
        self.ahead = 5.0

    def reads(self, now: float) -> float:
        return now + self.ahead

    def set(self, now: float, offset_s: float = 0.0) -> None:
        self.ahead = offset_s


@pytest.mark.parametrize(("first", "last", "right"), [(NOW - 9, NOW + 9, True), (NOW + 60, NOW + 90, False)])
def test_the_clock_takes_over_the_hubs_time_inside_the_interval(first: int, last: int, right: bool) -> None:
    meter, ask = esme(), Commander()
    meter.clock = DriftingClock()
    preset = Data(Tag.STRUCTURE, (at(NOW), at(first), at(last)))
    clock = "8 0-0:1.0.0.255"
    answer(meter, ask.dlms("ECS70", call(f"{clock} 5", preset), call(f"{clock} 4", INT8)))
    shown = answer(meter, ask.dlms("ECS70", get(f"{clock} 2"))).data[0]
    assert shown == at(NOW if right else NOW + 5)


def test_adjusting_without_a_preset_leaves_the_clock() -> None:
    meter, ask = esme(), Commander()
    meter.clock = DriftingClock()
    assert codes(answer(meter, ask.dlms("ECS70", call("8 0-0:1.0.0.255 4", INT8)))) == [0]
    assert meter.clock.reads(NOW) == NOW + 5


# --- access -----------------------------------------------------------------------------------------------------------


def test_a_use_case_reaches_its_own_objects_alone() -> None:
    meter, ask = esme(), Commander()
    price = put("113 0-0:19.20.0.255 6", Data(Tag.STRUCTURE, ()))
    assert codes(answer(meter, ask.dlms("ECS81", price))) == [ResultCode.SCOPE_OF_ACCESS_VIOLATED]
    unknown = put("113 0-0:19.20.9.255 6", Data(Tag.STRUCTURE, ()))
    assert codes(answer(meter, ask.dlms("ECS01b", unknown, price))) == [ResultCode.OBJECT_UNDEFINED, 250]


def test_a_value_of_another_type_is_refused_and_not_stored() -> None:
    meter, ask = esme(), Commander()
    wrong = put("1 0-0:94.44.0.4 2", uint32(1))
    assert codes(answer(meter, ask.dlms("ECS81", wrong))) == [ResultCode.TYPE_UNMATCHED]
    assert attribute_key("1 0-0:94.44.0.4 2") not in meter.objects.attributes  # type: ignore[attr-defined]


def test_what_failed_breaks_the_rest_off_and_what_went_before_stays() -> None:
    meter, ask = esme(), Commander()
    labels = [put(f"1 0-0:94.44.0.1{n} 2", Data(Tag.VISIBLE_STRING, f"label {n}")) for n in (1, 2, 3)]
    meter.objects.faults[attribute_key("1 0-0:94.44.0.12 2")] = 1  # type: ignore[attr-defined]
    assert codes(answer(meter, ask.dlms("ECS46a", *labels))) == [0, 1, 250]
    stored = meter.objects.attributes  # type: ignore[attr-defined]
    assert stored[attribute_key("1 0-0:94.44.0.11 2")].value == "label 1"
    assert attribute_key("1 0-0:94.44.0.13 2") not in stored


def test_the_table_agrees_with_the_head_ends_own() -> None:
    table = access_table("ESME")
    for (class_id, instance), row in declared_objects().items():
        mine = table[Reach.READ, class_id, instance, 2]
        assert set(row.use_cases) <= mine.use_cases and row.protection == mine.protection
        assert row.row is None or row.row == mine.row


def test_every_use_case_of_the_table_is_one_of_the_catalogue() -> None:
    for device in ("ESME", "CHF"):
        for row in access_table(device).values():
            for name in row.use_cases:
                assert by_use_case(name).family == "DLMS"
            assert row.title and row.basis in {"use case", "alert", "inferred"}


def test_everything_that_can_be_read_has_a_first_value() -> None:
    for (reach, *_), row in access_table("ESME").items():
        if reach is Reach.READ and row.use_cases:
            assert initial_value(row).tag in row.tags


def test_row_types_are_written_by_hand_as_they_stand_on_the_wire() -> None:
    kind = row_description("{06,06,48*06}")
    assert len(kind.columns()) == 50 and kind.elements is not None and kind.elements[2].count == 48


# --- activation times -------------------------------------------------------------------------------------------------


def test_activation_times() -> None:
    assert instant(IMMEDIATELY) == 0
    assert instant(octets(b"\xff" * 12)) is None
    assert instant(at(NOW)) == NOW
    for wrong in (octets(bytes(11)), uint32(0), octets(b"\x07\xea\xff\xff\xff" + bytes(7))):
        with pytest.raises(AccessRefused):
            instant(wrong)


def test_an_object_with_its_own_row_also_moves_its_own_values() -> None:
    threshold = activation_of(attribute_key("9000 0-0:94.44.128.9 6"))
    assert threshold is not None
    targets = [target for _, target in threshold.moves(logical_name("0-0:94.44.128.9"))]
    assert targets == [attribute_key("9000 0-0:94.44.128.9 2"), attribute_key("111 0-0:19.0.0.255 16")]


def test_methods_of_unknown_classes_are_unknown() -> None:
    stored = StoredObjects()
    with pytest.raises(UnknownObject):
        stored.invoke(3, bytes(6), 99, INT8, NOW)
    stored.inert[3, bytes(6), 99] = uint32(5)
    assert stored.invoke(3, bytes(6), 99, INT8, NOW) == uint32(5)


@pytest.mark.parametrize("method", sorted(classes.METHODS))
def test_no_method_raises_anything_but_refusals_on_odd_arguments(method: tuple[int, int]) -> None:
    odd = (Data(Tag.NULL), INT8, octets(b""), Data(Tag.ARRAY, ()), Data(Tag.STRUCTURE, (INT8,) * 4))
    for argument in odd:
        stored = StoredObjects()
        with suppress(AccessRefused):
            assert isinstance(stored.invoke(method[0], bytes(6), method[1], argument, NOW), Data)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_rows_with_strings_are_split_where_they_end() -> None:
    kind = row_description("{06,12,09}")
    rows = [pack_row(kind, 7, 1, b"abc"), pack_row(kind, 8, 2, b"")]
    profile = StoredProfile.load(CompactArray(kind, b"".join(rows)))
    assert profile.rows == rows and profile.stamps == [7, 8]
    assert profile.select((8, 9)).contents == rows[1]


@pytest.mark.parametrize("contents", [b"\x00", b"\x00\x00\x00\x01\x00\x01\x05ab", b"\x00\x00\x00\x01\x00\x01\x80"])
def test_cut_off_rows_are_a_decode_error(contents: bytes) -> None:
    with pytest.raises(DecodeError):
        split_rows(CompactArray(row_description("{06,12,09}"), contents))


def test_rows_that_do_not_fit_are_refused_by_name() -> None:
    kind = row_description("{06,12}")
    for values in ((1,), (1, 2, 3), (1, 1 << 16), (-1, 0), (1, b"x")):
        with pytest.raises(LocalError):
            pack_row(kind, *values)


def test_rows_are_kept_in_order_of_their_stamps() -> None:
    profile = StoredProfile.load(CompactArray(row_description("{06,06}"), bytes(3) + b"\x05" + bytes(4)))
    for stamp in (9, 1, 7):
        profile.add(stamp)
    assert profile.stamps == [1, 5, 7, 9]
    assert profile.select(None).contents == b"".join(profile.rows)
