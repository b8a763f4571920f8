"""Data-Notifications: code, time and items of an alert."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.dlms import Data, DataNotification, Tag
from gbcs.dlms.data import uint32
from gbcs.dlms.notification import DATA_NOTIFICATION
from gbcs.errors import DecodeError
from gbcs.payload import decode_payload, encode_payload
from gbcs.times import cosem

CODE, AT = Data(Tag.UINT16, 0x8F30), Data(Tag.OCTET_STRING, cosem(473385600))


@given(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**32 - 1), max_size=6))
def test_notifications_round_trip(code: int, number: int, items: list[int]) -> None:
    body = (Data(Tag.UINT16, code), AT, *map(uint32, items))
    notification = DataNotification(number, body)
    encoded = encode_payload(notification)
    assert decode_payload(encoded) == notification == DATA_NOTIFICATION.parse(encoded)
    assert notification.alert_code == code and notification.at == cosem(473385600)
    assert [item.value for item in notification.items] == items


@pytest.mark.parametrize(
    "body",
    [
        (),
        (CODE,),
        (AT, CODE),
        (uint32(1), AT),
        (CODE, Data(Tag.OCTET_STRING, bytes(11))),
        (CODE, Data(Tag.UTF8_STRING, "t" * 12)),
    ],
)
def test_a_body_without_code_and_time_is_refused(body: tuple[Data, ...]) -> None:
    with pytest.raises(DecodeError, match="alert code and date-time"):
        decode_payload(encode_payload(DataNotification(1, body)))
