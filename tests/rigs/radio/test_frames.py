"""Frames on the air: there and back, and byte for byte what scapy builds of the same values."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import AuthenticationError, DecodeError
from rigs.radio import aps, mac, nwk, zdo
from rigs.radio.aps import ApsFrame
from rigs.radio.nwk import NwkFrame, Secured
from tools.capture import packets
from tools.capture.model import Address, Aps, Route

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
EUI, KEY = st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=16)
SECURED = st.builds(Secured, EUI, U32)
MAC_FRAMES = st.one_of(
    st.builds(mac.DataFrame, U8, U16, U16, U16, st.binary(min_size=1, max_size=100)),
    st.builds(mac.BeaconRequest, U8),
    st.builds(mac.Beacon, U8, U16, U16, EUI, st.booleans(), U8),
    st.builds(mac.AssociationRequest, U8, U16, U16, EUI, U8),
    st.builds(mac.AssociationResponse, U8, U16, EUI, EUI, U16, U8),
)


@given(MAC_FRAMES)
def test_mac_frames_there_and_back(frame: mac.MacFrame) -> None:
    assert mac.parse(mac.on_air(frame)) == frame


@given(MAC_FRAMES, st.data())
def test_a_spoilt_frame_is_noticed(frame: mac.MacFrame, data: st.DataObject) -> None:
    air = bytearray(mac.on_air(frame))
    air[data.draw(st.integers(0, len(air) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DecodeError):
        mac.parse(bytes(air))


@given(st.builds(NwkFrame, U16, U16, U8, st.binary(max_size=90), U8), SECURED, KEY)
def test_network_frames_there_and_back(frame: NwkFrame, secured: Secured, key: bytes) -> None:
    assert nwk.decode(nwk.encode(frame, secured, key), key) == (frame, secured)
    assert nwk.decode(nwk.encode(frame, None), key) == (frame, None)


@st.composite
def aps_frames(draw: st.DrawFn) -> ApsFrame:
    is_ack, fragment = draw(st.booleans()), draw(st.integers(0, 2))
    return ApsFrame(
        draw(U16),
        draw(U16),
        draw(U8),
        draw(U8),
        draw(U8),
        b"" if is_ack else draw(st.binary(max_size=80)),
        fragment,
        draw(U8) if fragment else 0,
        draw(U8) if is_ack and fragment else 1,
        is_ack,
        draw(st.booleans()),
    )


@given(aps_frames(), SECURED, KEY)
def test_application_frames_there_and_back(frame: ApsFrame, secured: Secured, key: bytes) -> None:
    assert aps.decode(aps.encode(frame)) == (frame, None)
    found, sealed = aps.decode(aps.encode(frame, secured, key))
    assert sealed is not None and sealed.secured == secured
    assert replace(found, payload=sealed.open(key)) == frame
    with pytest.raises(AuthenticationError):
        sealed.open(bytes(16) if any(key) else b"x" * 16)


@given(U8, KEY, U8, EUI, EUI, SECURED, KEY)
def test_keys_on_their_way_there_and_back(
    counter: int, key: bytes, sequence: int, to: bytes, by: bytes, secured: Secured, under: bytes
) -> None:
    command = aps.TransportKey(counter, key, sequence, to, by)
    assert aps.decode_key(aps.encode_key(command, secured, under), under) == command


@given(aps_frames(), U16, U16, U16, U8, U8, U32, U32, EUI, KEY, KEY)
def test_scapy_builds_the_same_bytes(
    frame: ApsFrame, pan: int, source: int, to: int, mac_number: int, nwk_number: int, counter: int, aps_counter: int,
    eui: bytes, network_key: bytes, link_key: bytes,
) -> None:  # fmt: skip
    frame = replace(
        frame, profile=0x0109, source_endpoint=1, destination_endpoint=1, ack_bits=1, ack_wanted=not frame.is_ack
    )
    source, to = source % 0xFFF0, to % 0xFFF0
    secured = None if frame.is_ack else Secured(eui, aps_counter)
    network = NwkFrame(to, source, nwk_number, aps.encode(frame, secured, link_key))
    ours = mac.DataFrame(mac_number, pan, to, source, nwk.encode(network, Secured(eui, counter), network_key))
    route = Route(pan, Address(eui, source), Address(bytes(8), to), mac_number, nwk_number, counter, network_key)
    theirs = Aps(frame.cluster, frame.counter, frame.fragment, frame.block, frame.is_ack, frame.payload)
    assert mac.on_air(ours) == packets.frame(route, theirs, link_key, aps_counter)


@given(st.binary(max_size=60), KEY)
def test_any_bytes_are_read_or_refused(data: bytes, key: bytes) -> None:
    for read in (
        lambda: mac.parse(data),
        lambda: mac.parse(data + mac.fcs(data)),
        lambda: nwk.decode(data, key),
        lambda: aps.decode(data),
        lambda: aps.decode_key(data, key),
        lambda: zdo.match_of(data),
        lambda: zdo.matched(data),
    ):
        with suppress(DecodeError, AuthenticationError):
            read()
