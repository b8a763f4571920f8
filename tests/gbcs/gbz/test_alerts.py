"""GBZ alerts: each shape of the spec sheet, told from components by its first byte."""

from __future__ import annotations

import payload_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import DecodeError, LocalError
from gbcs.gbz import Component, Encrypted, GbzAlert, GbzExecuted, GbzPayload
from gbcs.gbz.alerts import GbzFirmware, decode_gbz_alert, encode_gbz_alert, is_gbz_alert
from gbcs.payload import decode_payload

AT = 0x30F2D480


@pytest.mark.parametrize(
    ("name", "alert"),
    [
        ("generic", GbzAlert(0x8F30, AT)),
        ("executed", GbzAlert(0x8F66, AT, GbzExecuted(0x006B, 1005, 0x0700, 0x09, 0x05), 1)),
        ("firmware", GbzAlert(0x8F72, AT, GbzFirmware(bytes(range(32))), 1)),
        ("integrity", GbzAlert(0x81A0, AT, b"\x00\x05", 1)),
    ],
)
def test_each_shape_reads_as_named_values(name: str, alert: GbzAlert) -> None:
    assert decode_payload(samples.ALERTS[name]) == alert
    assert encode_gbz_alert(alert) == samples.ALERTS[name]


def test_a_billing_alert_holds_one_component() -> None:
    details = decode_gbz_alert(samples.ALERTS["billing"]).details
    assert isinstance(details, Component) and isinstance(details.payload, Encrypted)


def test_components_are_no_alert_and_alerts_no_components() -> None:
    assert all(is_gbz_alert(content) for content in samples.ALERTS.values())
    assert not any(is_gbz_alert(content) for content in samples.GBZ.values())
    assert all(isinstance(decode_payload(content), GbzPayload) for content in samples.GBZ.values())


@given(st.integers(0x8000, 0xFFFF), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=60), st.integers(0, 255))
def test_any_alert_comes_back(code: int, at: int, rest: bytes, count: int) -> None:
    content = b"\x01\x09" + bytes((count,)) + code.to_bytes(2, "big") + at.to_bytes(4, "big") + rest
    assert encode_gbz_alert(decode_gbz_alert(content)) == content


def test_what_is_no_alert_is_refused() -> None:
    with pytest.raises(DecodeError, match="needed"):
        decode_gbz_alert(bytes.fromhex("0109008f3030f2d4"))
    with pytest.raises(LocalError, match="int is no part of a GBZ alert"):
        encode_gbz_alert(GbzAlert(0x8F30, AT, 5, 1))  # type: ignore[arg-type]
