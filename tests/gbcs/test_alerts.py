"""DLMS alerts by name: packed items, named items, and alerts that the table does not know."""

from __future__ import annotations

import payload_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.alerts import AlertItem, CommandReference, Executed, alert_items, find_alert, pack, pack_item
from gbcs.catalogue import find
from gbcs.dlms import Data, DataNotification, ProtectedNotification, Tag
from gbcs.errors import LocalError
from gbcs.payload import decode_payload, encode_payload


def alert(code: int) -> DataNotification:
    payload = decode_payload(samples.notification(code))
    assert isinstance(payload, DataNotification)
    return payload


def test_an_executed_instruction_names_command_and_object() -> None:
    (item,) = alert_items(0x00CC, alert(0x00CC))
    assert item == AlertItem("instruction", Executed(0x0019, 1008, 9000, bytes.fromhex("00005e2c8002"), 6))
    assert pack_item(item) == alert(0x00CC).items[0]


def test_a_command_that_is_not_supported_is_referred_to() -> None:
    (item,) = alert_items(0x0120, alert(0x0120))
    assert item == AlertItem("command", CommandReference(0x0012, 100_000))


def test_items_have_names_and_unknown_alerts_numbers() -> None:
    assert [item.name for item in alert_items(0x0067, alert(0x0067))] == ["outage_start", "outage_end"]
    assert [item.name for item in alert_items(0x7777, alert(0x0067))] == ["item_1", "item_2"]
    assert alert_items(0x1000, alert(0x1000)) == ()
    # As many items as the table says, or the table is not believed.
    assert [item.name for item in alert_items(0x00CC, alert(0x0067))] == ["item_1", "item_2"]


@given(st.binary(max_size=30).filter(lambda data: len(data) != 19))
def test_an_item_of_another_size_stays_plain_data(octets: bytes) -> None:
    item = Data(Tag.OCTET_STRING, octets)
    notification = DataNotification(1, (*alert(0x1000).body, item))
    assert alert_items(0x00CC, notification) == (AlertItem("instruction", item),)


def test_every_row_of_the_table_is_an_alert_of_the_catalogue() -> None:
    for code in (
        0x0018,
        0x0067,
        0x00CC,
        0x00CE,
        0x00F0,
        *range(0x0110, 0x0116),
        *range(0x0120, 0x0124),
        0x1000,
        0x1001,
    ):
        row, use_case = find_alert(code), find(code)
        assert row is not None and use_case is not None and use_case.title.startswith(("alert", "generic"))
    assert find_alert(0x0037) is None


def test_encrypted_data_make_a_payload_of_their_own() -> None:
    value = ProtectedNotification(0x20000009, 0x8F0A, bytes(12), 9, samples.DEVICE, samples.PARTY, b"blob")
    content = encode_payload(value)
    assert decode_payload(content) == value
    assert content.startswith(bytes.fromhex("0f20000009000204128f0a090c")) and content.endswith(b"\x09\x04blob")
    plain = decode_payload(content.replace(b"\x16\x02\x02\x05", b"\x16\x01\x02\x05"))
    assert isinstance(plain, DataNotification) and len(plain.items) == 2


def test_only_packed_values_are_packed() -> None:
    with pytest.raises(LocalError, match="int is no part of an alert"):
        pack(5)  # type: ignore[arg-type]
    with pytest.raises(LocalError):
        pack(CommandReference(0x1_0000, 1))
