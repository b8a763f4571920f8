"""Tunnel framing and the cost of fragments: known answers, round trips, bad bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.han.frames import HEADER_BYTES, TransferData, bytes_on_han, fragment_count, unwrap, wrap
from gbcs.errors import DecodeError


def test_a_message_to_the_meter_goes_as_command_2_and_an_answer_as_command_1() -> None:
    assert wrap(b"\xdd\x00", 0x1234, to_server=True, sequence=7) == bytes.fromhex("11 07 02 34 12 dd 00")
    assert wrap(b"\xdf\x09", 1, to_server=False, sequence=0x1FF) == bytes.fromhex("19 ff 01 01 00 df 09")


@given(st.binary(max_size=1500), st.integers(0, 0xFFFF), st.booleans(), st.integers(0, 255))
def test_unwrap_is_the_inverse_of_wrap(message: bytes, tunnel_id: int, to_server: bool, sequence: int) -> None:
    payload = wrap(message, tunnel_id, to_server=to_server, sequence=sequence)
    assert len(payload) == len(message) + HEADER_BYTES
    assert unwrap(payload) == TransferData(tunnel_id, message, to_server, sequence)


@given(st.binary(max_size=20))
def test_other_bytes_are_refused_with_the_package_s_own_error(payload: bytes) -> None:
    try:
        found = unwrap(payload)
    except DecodeError:
        found = None
    assert found is None or payload[2] == (2 if found.to_server else 1)


@pytest.mark.parametrize("payload", ["", "11070134", "1107023412"[:8], "1107013412aa", "1907023412aa", "0107023412aa"])
def test_what_is_no_transfer_data_is_refused(payload: str) -> None:
    with pytest.raises(DecodeError):
        unwrap(bytes.fromhex(payload))


@pytest.mark.parametrize(
    ("size", "fragments", "on_air"),
    [(0, 0, 0), (63, 1, 125), (64, 2, 192), (117, 2, 245), (677, 11, 1381), (1500, 24, 3036)],
)
def test_fragments_of_63_bytes_in_frames_of_127_and_no_fragment_header_on_a_single_one(
    size: int, fragments: int, on_air: int
) -> None:
    assert fragment_count(size) == fragments
    assert bytes_on_han(size) == on_air


def test_sizes_may_come_as_an_array() -> None:
    sizes = np.array([9, 117, 677])
    assert bytes_on_han(sizes).tolist() == [71, 245, 1381]  # type: ignore[arg-type, attr-defined]
