"""Frames: their bytes, their security, what they cost, and that what is written is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given
from hypothesis import strategies as st

from emulator.han.frames import (
    FRAGMENT_OVERHEAD_BYTES,
    FRAGMENT_PAYLOAD_BYTES,
    WHOLE_OVERHEAD_BYTES,
    bytes_on_han,
    fragment_count,
)
from gbcs.errors import AuthenticationError, DecodeError
from rigs.radio import ccm_star
from tools.capture.model import FIRST, FURTHER, WHOLE, Address, Aps, Heard, Route
from tools.capture.packets import KeyRing, frame, hear, request_tunnel, transferred, tunnel_opened

NETWORK, LINK = bytes(range(16)), bytes(range(16, 32))
HUB, METER = Address(bytes.fromhex("024d461000000001"), 0), Address(bytes.fromhex("024d460000000002"), 0x1234)
ROUTE = Route(0x1A2B, HUB, METER, 7, 8, 0x01020304, NETWORK)


def test_the_bytes_of_a_frame_stand_where_they_belong() -> None:
    data = frame(ROUTE, Aps(0x0704, 9, FIRST, 3, payload=bytes(63)), LINK, 0x0A0B0C0D)
    assert data[:9] == bytes.fromhex("6188 07 2b1a 3412 0000")
    assert data[9:17] == bytes.fromhex("0802 3412 0000 1e 08")
    assert data[17:31] == bytes.fromhex("28 04030201") + HUB.eui[::-1] + b"\x00"
    assert len(data) == 127


def test_ccm_star_is_aes_ccm_with_the_level_in_nonce_and_header() -> None:
    sealed = ccm_star.seal(LINK, METER.eui, 5, b"header\x20more", 6, b"plain")
    nonce = METER.eui[::-1] + b"\x05\x00\x00\x00\x25"
    assert AESCCM(LINK, tag_length=4).decrypt(nonce, sealed, b"header\x25more") == b"plain"
    assert len(sealed) == 5 + ccm_star.MIC_BYTES


@given(
    st.integers(0, 0xFFFF), st.integers(0, 255), st.sampled_from([WHOLE, FIRST, FURTHER]), st.integers(0, 255),
    st.booleans(), st.binary(max_size=63), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_what_is_built_is_what_is_heard(
    cluster: int, counter: int, fragment: int, block: int, is_ack: bool, payload: bytes, frame_counter: int
) -> None:
    aps = Aps(cluster, counter, fragment, block if fragment else 0, is_ack, b"" if is_ack else payload)
    data = frame(ROUTE, aps, LINK, frame_counter)
    assert hear(1.0, data, KeyRing((LINK, NETWORK))) == Heard(1.0, 0x1A2B, 0, 0x1234, HUB.eui, aps)


@given(st.integers(1, 1500))
def test_costs_on_the_air_are_the_sizes_of_real_frames(size: int) -> None:
    pieces = fragment_count(size)
    sizes = [min(FRAGMENT_PAYLOAD_BYTES, size - at) for at in range(0, size, FRAGMENT_PAYLOAD_BYTES)]
    kinds = [WHOLE if pieces == 1 else FIRST if not n else FURTHER for n in range(pieces)]
    frames = [
        frame(ROUTE, Aps(0x0704, 1, kind, n, payload=bytes(piece)), LINK, n)
        for n, (kind, piece) in enumerate(zip(kinds, sizes, strict=True))
    ]
    assert sum(map(len, frames)) == bytes_on_han(size)
    assert max(map(len, frames)) <= 127


def test_the_overheads_are_those_of_real_frames() -> None:
    whole, fragment = (frame(ROUTE, Aps(0x0704, 1, kind, payload=b"x"), LINK, 1) for kind in (WHOLE, FURTHER))
    assert (len(whole) - 1, len(fragment) - 1) == (WHOLE_OVERHEAD_BYTES, FRAGMENT_OVERHEAD_BYTES)


@pytest.mark.parametrize("keys", [(), (NETWORK,), (LINK,), (bytes(16), NETWORK)])
def test_without_both_keys_a_frame_stays_closed(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(AuthenticationError):
        hear(0.0, frame(ROUTE, Aps(0x0704, 1, payload=b"secret"), LINK, 1), KeyRing(keys))


@given(st.integers(0, 126), st.integers(1, 255))
def test_a_changed_frame_is_never_heard_as_another(position: int, change: int) -> None:
    aps = Aps(0x0704, 1, FIRST, 2, payload=bytes(63))
    data = bytearray(frame(ROUTE, aps, LINK, 1))
    data[position] ^= change
    try:
        heard = hear(0.0, bytes(data), KeyRing((LINK, NETWORK)))
    except (AuthenticationError, DecodeError):
        return
    assert heard.aps == aps  # MAC addresses, sequence number and FCS are not protected


@given(st.binary(max_size=130))
def test_noise_is_refused_with_the_package_s_own_errors(noise: bytes) -> None:
    for data in (noise, b"\x61\x88" + noise, frame(ROUTE, Aps(0x0704, 1), LINK, 1)[:30] + noise):
        with pytest.raises((AuthenticationError, DecodeError)):
            hear(0.0, data, KeyRing((LINK, NETWORK)))


def test_tunneling_commands_have_their_known_bytes() -> None:
    assert request_tunnel() == bytes.fromhex("11 00 00 06 ffff 00 dc05")
    assert tunnel_opened(0x1234) == bytes.fromhex("19 00 00 3412 00 dc05")
    assert transferred(bytes.fromhex("11 07 02 3412 dd00")) == (0x1234, True, b"\xdd\x00")
    assert transferred(bytes.fromhex("19 07 01 3412 dd00")) == (0x1234, False, b"\xdd\x00")
    assert transferred(request_tunnel()) is None


def test_scapy_is_imported_in_one_file() -> None:
    root = Path(__file__).parents[3]
    users = [
        path.relative_to(root).as_posix()
        for package in ("emulator", "firmware_profiles", "gbcs", "rigs", "tools")
        for path in (root / package).rglob("*.py")
        if "import scapy" in (text := path.read_text(encoding="utf-8")) or "from scapy" in text
    ]
    assert users == ["tools/capture/packets.py"]
