"""The header of sleepy devices: known bytes, round trips, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.han.sleepy import Sleepy, TunnelCommand, decode
from gbcs.errors import DecodeError, LocalError


def test_known_bytes() -> None:
    assert Sleepy(TunnelCommand.GET).encode() == b"\x01"
    assert Sleepy(TunnelCommand.GET_RESPONSE).encode() == b"\x02\x00"
    assert Sleepy(TunnelCommand.GET_RESPONSE, b"\xdd\x00", 3).encode() == b"\x02\x03\xdd\x00"
    assert Sleepy(TunnelCommand.PUT, b"\xdf\x09").encode() == b"\x03\xdf\x09"


@given(st.sampled_from(TunnelCommand), st.binary(max_size=50), st.integers(0, 255))
def test_decode_is_the_inverse_of_encode(command: TunnelCommand, message: bytes, remaining: int) -> None:
    is_get, is_response = command is TunnelCommand.GET, command is TunnelCommand.GET_RESPONSE
    one = Sleepy(command, b"" if is_get else message, remaining if is_response else 0)
    assert decode(one.encode()) == one


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x04", b"\xdd\x00", b"\x01\x00", b"\x02"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)


@pytest.mark.parametrize("remaining", [-1, 256])
def test_what_does_not_fit_a_byte_is_refused(remaining: int) -> None:
    with pytest.raises(LocalError, match=f"{remaining} waiting messages"):
        Sleepy(TunnelCommand.GET_RESPONSE, b"", remaining).encode()
