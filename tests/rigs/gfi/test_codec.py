"""The GFI line: known bytes, any cut of the stream, and the way back after whatever is no line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import LocalError
from gbcs.gbt import MAX_MESSAGE_BYTES
from rigs.gfi.assumptions import ASSUMPTIONS
from rigs.gfi.codec import GfiDecoder, GfiFault, encode_line

MESSAGE = bytes.fromhex("dd0000000000aabb")
LINE = b"GBCS:DATA#0:8:DD0000000000AABB\r\n"


def test_a_line_as_the_field_knows_it() -> None:
    assert encode_line(MESSAGE) == LINE
    assert GfiDecoder().feed(LINE) == (MESSAGE,)


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=5), st.lists(st.integers(0, 200)))
def test_any_cut_of_the_stream_brings_the_same(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(encode_line, messages))
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    decoder = GfiDecoder()
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert [one for piece in pieces for one in decoder.feed(piece)] == messages
    assert not decoder.faults


@given(
    st.lists(
        st.binary(min_size=1, max_size=60).map(lambda noise: noise.replace(b"\n", b".").replace(b"#", b".")), max_size=6
    )
)
def test_noise_between_lines_costs_no_message(noises: list[bytes]) -> None:
    decoder = GfiDecoder()
    stream = b"".join(noise + b"\r\n" + LINE for noise in noises)
    assert decoder.feed(stream) == (MESSAGE,) * len(noises)
    assert decoder.faults.total() <= len(noises)


def test_noise_before_a_line_costs_no_message() -> None:
    decoder = GfiDecoder()
    assert decoder.feed(b"\x00\xff+++ATH GBCS:DATA#0:2:00" + LINE) == (MESSAGE,)
    assert decoder.faults == {GfiFault.FOREIGN: 1}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"GET / HTTP/1.1\r\n", GfiFault.FOREIGN),
        (b"GBCS:STATUS#0:ok\r\n", GfiFault.FOREIGN),
        (b"GBCS:DATA#0:8\r\n", GfiFault.FOREIGN),
        (b"GBCS:DATA#0:-8:DD\r\n", GfiFault.FOREIGN),
        (b"GBCS:DATA#1:1:DD\r\n", GfiFault.CHANNEL),
        (b"GBCS:DATA#0:2:DD\r\n", GfiFault.LENGTH),
        (b"GBCS:DATA#0:1:DD0\r\n", GfiFault.LENGTH),
        (b"GBCS:DATA#0:0:\r\n", GfiFault.LENGTH),
        (b"GBCS:DATA#0:1:DG\r\n", GfiFault.HEX),
        (b"GBCS:DATA#0:2:D D \r\n", GfiFault.HEX),
    ],
)
def test_what_is_no_message_is_counted_and_named(line: bytes, fault: GfiFault) -> None:
    decoder = GfiDecoder()
    assert decoder.feed(line + LINE) == (MESSAGE,)
    assert decoder.faults == {fault: 1}
    assert decoder.last_fault is not None and line[:12].decode().strip() in str(decoder.last_fault)


def test_either_case_and_a_bare_line_feed_are_taken() -> None:
    assert GfiDecoder().feed(b"\r\n\nGBCS:DATA#0:2:ddEe\n") == (b"\xdd\xee",)


def test_no_more_is_kept_than_a_line() -> None:
    decoder = GfiDecoder(largest_message_bytes=100)
    for _ in range(1000):
        assert decoder.feed(b"x" * 97) == ()
        assert len(decoder._buffer) <= 97 + 30 + 200
    assert decoder.faults == {GfiFault.TOO_LONG: 1}
    assert decoder.feed(LINE) == (MESSAGE,)
    assert decoder.feed(b"\r\n" + LINE) == (MESSAGE,)


def test_a_line_whose_end_was_lost_costs_itself_alone() -> None:
    decoder = GfiDecoder(largest_message_bytes=100)
    assert decoder.feed(b"GBCS:DATA#0:50:" + b"AA" * 110 + LINE) == (MESSAGE,)


def test_the_longest_message_fits_and_a_longer_one_is_refused() -> None:
    longest = bytes(MAX_MESSAGE_BYTES)
    assert GfiDecoder().feed(encode_line(longest)) == (longest,)
    for wrong in (b"", bytes(MAX_MESSAGE_BYTES + 1)):
        with pytest.raises(LocalError, match="carries 1 to 65,545 bytes"):
            encode_line(wrong)


def test_what_is_inferred_has_names_and_marks() -> None:
    assert len({one.name for one in ASSUMPTIONS}) == len(ASSUMPTIONS)
    assert all(one.confidence in "HMLA" and one.source for one in ASSUMPTIONS)
