"""Framing: known answers of the worked example, round trips, and what must be refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gbcs
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import (
    BARE_MESSAGE,
    GBT_BLOCK,
    MACD_MESSAGE,
    Cra,
    GbtBlock,
    Message,
    OtherInformation,
    authenticated_part,
    authenticated_slice,
    decode_gbt_block,
    signed_part,
)

EUIS = st.binary(min_size=8, max_size=8)
COUNTERS = st.integers(0, 2**64 - 1)
CODES = st.integers(0, 0xFFFF)


@st.composite
def other_information(draw: st.DrawFn) -> OtherInformation:
    shape = draw(st.integers(0, 4))
    code = draw(CODES)
    if shape == 0:
        return OtherInformation(code)
    party, counter = draw(EUIS), draw(COUNTERS)
    if shape == 1:
        return OtherInformation(code, party)
    if shape == 2:
        return OtherInformation(code, party, counter)
    if shape == 3:
        return OtherInformation(code, party, counter, draw(COUNTERS))
    certificate = b"\x30" + draw(st.binary(min_size=8, max_size=500))
    return OtherInformation(code, party, counter, certificate=certificate)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    kind = draw(st.sampled_from(["mac", "bare", "pre"]))
    signature = draw(st.one_of(st.just(b""), st.binary(min_size=64, max_size=64)))
    return Message(
        draw(st.sampled_from(list(Cra))).value,
        draw(COUNTERS),
        draw(EUIS),
        draw(EUIS),
        draw(st.one_of(st.just(b""), st.binary(min_size=12, max_size=12))),
        draw(other_information()),
        draw(st.binary(max_size=3000)),
        None if kind == "pre" else signature,
        draw(st.binary(min_size=12, max_size=12)) if kind == "mac" else None,
    )


@given(messages())
def test_decode_is_the_inverse_of_encode_and_equals_the_declaration(message: Message) -> None:
    data = message.encode()
    assert gbcs.decode(data) == message
    declaration = BARE_MESSAGE if message.mac is None else MACD_MESSAGE
    assert declaration.parse(data) == message
    assert declaration.build(message) == data


@given(messages().filter(lambda m: m.mac is not None))
def test_the_authenticated_part_is_a_slice_of_the_message(message: Message) -> None:
    data = message.encode()
    assert authenticated_slice(data) == authenticated_part(message)
    assert authenticated_part(message).startswith(b"\xdf" + signed_part(message))


@given(messages(), st.data())
def test_a_shortened_message_is_refused(message: Message, data: st.DataObject) -> None:
    encoded = message.encode()
    cut = data.draw(st.integers(0, len(encoded) - 1))
    try:
        shorter = gbcs.decode(encoded[:cut])
    except DecodeError:
        return
    # the one prefix that is a message of its own: a bare message without its signature field is a pre-command
    assert shorter.is_precommand and not message.is_precommand


@given(messages(), st.binary(min_size=1, max_size=5))
def test_bytes_behind_a_message_are_refused(message: Message, tail: bytes) -> None:
    if message.is_precommand:
        return  # what follows the content of a pre-command reads as a signature field
    with pytest.raises(DecodeError):
        gbcs.decode(message.encode() + tail)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no GBCS message starts with nothing"),
        (b"\x01\x09", "no GBCS message starts with 0109"),
        (b"\xdd\x09\x01", "GBT block"),
        (b"\xdf", "needed"),
        (b"\xdd\x00\x00\x00\x00\x00\x01\x05", "expected dd000000000000"),
    ],
)
def test_what_is_no_message_is_named(data: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        gbcs.decode(data)


def test_a_length_that_is_not_minimal_is_refused() -> None:
    data = Message(1, 7, bytes(8), bytes(8), b"", OtherInformation(0x37), b"\xd9" * 20, b"", bytes(12)).encode()
    assert data[7] < 0x80
    stretched = data[:7] + b"\x81" + data[7:]
    with pytest.raises(DecodeError, match="not minimal"):
        gbcs.decode(stretched)


@pytest.mark.parametrize(
    "changes",
    [
        {"originator": bytes(7)},
        {"date_time": bytes(11)},
        {"signature": bytes(63)},
        {"mac": bytes(16)},
        {"originator_counter": 2**64},
        {"signature": None},
        {"other": OtherInformation(0x10000)},
    ],
)
def test_a_value_that_does_not_fit_its_field_is_a_local_error(changes: dict[str, object]) -> None:
    values: dict[str, object] = {
        "cra": 1, "originator_counter": 1, "originator": bytes(8), "recipient": bytes(8), "date_time": b"",
        "other": OtherInformation(1), "content": b"", "signature": b"", "mac": bytes(12),
    }  # fmt: skip
    with pytest.raises(LocalError):
        Message(**(values | changes)).encode()  # type: ignore[arg-type]


def test_a_certificate_must_look_like_one() -> None:
    other = OtherInformation(1, bytes(8), 1, certificate=b"\x31" + bytes(20))
    with pytest.raises(DecodeError, match="certificate"):
        gbcs.decode(Message(1, 1, bytes(8), bytes(8), b"", other, b"").encode())


@given(COUNTERS, EUIS, EUIS, CODES, st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=1400))
def test_gbt_blocks_round_trip(
    counter: int, originator: bytes, recipient: bytes, code: int, control: int, number: int, data: bytes
) -> None:
    block = GbtBlock(2, counter, originator, recipient, code, control, number, 0, data)
    encoded = block.encode()
    assert decode_gbt_block(encoded) == block
    assert GBT_BLOCK.parse(encoded) == block
    assert block.is_last == (control >= 0x80)


def test_a_gbt_message_of_1200_bytes_carries_1149() -> None:
    block = GbtBlock(2, 1, bytes(8), bytes(8), 0x37, 0x80, 1, 0, bytes(1149))
    assert len(block.encode()) == 1200
