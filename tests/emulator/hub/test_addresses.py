"""Where addresses stand in a message: against the decoder of the codec."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from worked_example import COUNTER, DEVICE, ECS22B_COMMAND, ECS22B_RESPONSE, REMOTE

from emulator.hub.addresses import COUNTER_AT, END_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from gbcs.framing import Cra, GbtBlock, Message, OtherInformation

EUIS = st.binary(min_size=8, max_size=8)
COUNTERS = st.integers(0, 2**64 - 1)


def found(message: bytes) -> tuple[int, bytes, bytes]:
    start = header_start(message)
    assert start != NOT_GBCS
    counter = int.from_bytes(message[start + COUNTER_AT : start + COUNTER_AT + 8])
    return counter, message[start + ORIGINATOR_AT :][:8], message[start + RECIPIENT_AT : start + END_AT]


def test_the_worked_example() -> None:
    assert found(ECS22B_COMMAND) == (COUNTER, REMOTE, DEVICE)
    assert found(ECS22B_RESPONSE) == (COUNTER, DEVICE, REMOTE)


@given(COUNTERS, EUIS, EUIS, st.sampled_from([0, 1, 60, 70, 100, 300, 5000]), st.booleans())
def test_every_message_of_the_codec(counter: int, originator: bytes, recipient: bytes, size: int, macd: bool) -> None:
    message = Message(
        Cra.COMMAND,
        counter,
        originator,
        recipient,
        b"",
        OtherInformation(0x77),
        bytes(size),
        b"",
        bytes(12) if macd else None,
    )
    assert found(message.encode()) == (counter, originator, recipient)


@given(COUNTERS, EUIS, EUIS, st.binary(max_size=1149))
def test_every_block_of_a_segmented_message(counter: int, originator: bytes, recipient: bytes, data: bytes) -> None:
    block = GbtBlock(Cra.COMMAND, counter, originator, recipient, 0x77, 0x80, 1, 0, data)
    assert found(block.encode()) == (counter, originator, recipient)


@given(st.binary(max_size=80))
def test_random_bytes_are_no_message_or_have_room_for_addresses(data: bytes) -> None:
    for message in (data, b"\xdd\x00" + data, b"\xdf\x09" + data, b"\xdd\x09" + data):
        start = header_start(message)
        assert start == NOT_GBCS or len(message) >= start + END_AT


@given(st.integers(0, len(ECS22B_COMMAND)))
def test_a_message_cut_short_is_no_message_while_its_addresses_are_missing(length: int) -> None:
    whole = header_start(ECS22B_COMMAND) + END_AT
    assert (header_start(ECS22B_COMMAND[:length]) == NOT_GBCS) == (length < whole)
