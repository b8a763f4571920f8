"""Blocks that nobody honest sends: the package's own errors, bounded memory, no wrong message."""

from __future__ import annotations

import random
import tracemalloc
from contextlib import suppress
from dataclasses import replace

import pytest
from block_pair import DEVICE, PARTY, message
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import DecodeError
from gbcs.framing import GbtBlock, decode_gbt_block
from gbcs.gbt import GbtEndpoint, GbtSettings, Turn

LAST, STREAMING = 0x80, 0x40


def block(number: int, data: bytes = b"data", control: int = STREAMING, counter: int = 7, ack: int = 0) -> bytes:
    return GbtBlock(2, counter, DEVICE, PARTY, 0x37, control, number, ack, data).encode()


def ack(number: int, control: int = 6) -> bytes:
    return GbtBlock(2, 7, PARTY, DEVICE, 0x37, control, 0, number, b"").encode()


def told(turn: Turn) -> str:
    (failure,) = turn.failures
    return failure.reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (block(3, control=LAST), block(4)),
        (block(3, control=LAST), block(2, control=LAST)),
        (block(3, control=LAST), block(3)),
        (block(3), block(2, control=LAST)),
        (block(1), block(1, control=LAST)),
        (block(1), block(0)),
        (block(1, bytes(40_000)), block(3, bytes(40_000))),
    ],
)
def test_a_contradiction_ends_the_transfer_and_tells_the_sender(first: bytes, second: bytes) -> None:
    end = GbtEndpoint(GbtSettings())
    end.receive(first, 0.0)
    turn = end.receive(second, 1.0)
    assert told(turn).startswith("a block contradicts those before it") and not turn.messages
    sent = decode_gbt_block(turn.blocks[0])
    assert (sent.originator, sent.recipient, sent.control, sent.block_number) == (PARTY, DEVICE, LAST, 0)
    assert len(end) == 0


def test_the_first_of_two_blocks_of_one_number_is_kept() -> None:
    end = GbtEndpoint(GbtSettings())
    for number, data in ((1, b"one"), (1, b"two"), (3, b"!"), (3, b"?")):
        end.receive(block(number, data), 0.0)
    assert end.receive(block(2, b", "), 0.0) == Turn()
    assert end.receive(block(4, b"", control=LAST), 0.0) == Turn()
    assert end.receive(block(4, b".", control=LAST), 0.0).messages == (b"one, !.",)


@pytest.mark.parametrize("number", [0, 1, 5, 12, 500, 0xFFFF])
def test_acknowledgements_that_cannot_be_are_not_believed(number: int) -> None:
    end = GbtEndpoint(GbtSettings())
    end.send(message(12_000), 0.0)
    end.receive(ack(6), 1.0)
    assert end.receive(ack(number), 1.5) == Turn()
    assert end.receive(ack(11), 2.0) == Turn() and len(end) == 0


def test_endless_acknowledgements_do_not_make_a_sender_send_endlessly() -> None:
    end = GbtEndpoint(GbtSettings())
    sent = len(end.send(message(12_000), 0.0).blocks)
    for second in range(1, 2000):
        sent += len(end.receive(ack(0), 3.0 * second).blocks)
    assert sent <= 6 * 5 + 1 and len(end) == 0


def test_a_sender_that_is_told_to_stop_stops() -> None:
    end = GbtEndpoint(GbtSettings())
    end.send(message(12_000), 0.0)
    assert told(end.receive(ack(0, LAST), 1.0)) == "the receiver ended the transfer"
    assert end.next_deadline() is None


def test_an_abort_of_the_sender_forgets_what_came() -> None:
    end = GbtEndpoint(GbtSettings())
    end.receive(block(1), 0.0)
    assert told(end.receive(block(0, b"", LAST), 1.0)).startswith("the sender ended the transfer, 1 blocks")
    assert len(end) == 0


def test_more_transfers_than_there_is_room_for_are_refused_and_counted() -> None:
    end = GbtEndpoint(GbtSettings(), max_incoming=3)
    for counter in range(10):
        end.receive(block(1, counter=counter), 0.0)
    assert len(end) == 3 and end.refused == 7
    end.receive(block(2, control=LAST, counter=0), 1.0)
    end.receive(block(1, counter=99), 2.0)
    assert len(end) == 3 and end.refused == 7


def test_blocks_far_ahead_are_not_kept() -> None:
    end = GbtEndpoint(GbtSettings())
    for number in range(65, 5000):
        end.receive(block(number, bytes(10)), 0.0)
    receiver = next(iter(end._incoming.values()))
    assert not receiver._ahead


def test_a_flood_of_blocks_and_timers_stays_small() -> None:
    end, chance = GbtEndpoint(GbtSettings()), random.Random(3)
    tracemalloc.start()
    for step in range(20_000):
        number = chance.randrange(1, 200)
        end.receive(block(number, bytes(1149), chance.choice((STREAMING, 0)), counter=chance.randrange(50)), step / 100)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(end) <= 8 and size < 8 * 70_000 + 200_000


@given(st.data())
def test_any_blocks_in_any_order_raise_nothing_else_and_come_to_an_end(data: st.DataObject) -> None:
    end, now = GbtEndpoint(GbtSettings(window=3)), 0.0
    end.send(message(5_000), now)
    for _ in range(data.draw(st.integers(0, 40))):
        now += data.draw(st.floats(0, 200))
        fields = GbtBlock(
            2, data.draw(st.sampled_from([7, 8])), *data.draw(st.permutations([DEVICE, PARTY])), 0x37,
            data.draw(st.integers(0, 255)), data.draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 70, 0xFFFF])),
            data.draw(st.integers(0, 7)), data.draw(st.binary(max_size=5)),
        )  # fmt: skip
        end.receive(fields.encode(), now)
        end.tick(now)
    for _ in range(200):
        if (deadline := end.next_deadline()) is None:
            break
        end.tick(deadline)
    assert end.next_deadline() is None and len(end) == 0


@given(st.binary(max_size=120), st.integers(0, 60), st.integers(0, 255))
def test_bytes_that_are_no_block_are_a_decode_error(noise: bytes, position: int, value: int) -> None:
    damaged = bytearray(block(1))
    damaged[position % len(damaged)] = value
    end = GbtEndpoint(GbtSettings())
    for data in (noise, bytes(damaged), bytes(damaged) + noise):
        with suppress(DecodeError):
            end.receive(data, 0.0)
    with pytest.raises(DecodeError):
        end.send(noise, 0.0)


def test_a_block_may_carry_the_extreme_values_of_its_fields() -> None:
    extreme = GbtBlock(255, 2**64 - 1, bytes(8), b"\xff" * 8, 0xFFFF, 0x3F, 0xFFFF, 0xFFFF, b"x")
    assert decode_gbt_block(extreme.encode()) == extreme
    assert GbtEndpoint(GbtSettings()).receive(replace(extreme, block_number=1).encode(), 0.0).blocks
