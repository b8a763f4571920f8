"""Whole transfers: known blocks, then loss, duplicates, overtaking. Right bytes or a named failure, always an end."""

from __future__ import annotations

import pytest
from block_pair import DEVICE, PARTY, Pair, message
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import LocalError
from gbcs.framing import decode_gbt_block
from gbcs.gbt import MAX_MESSAGE_BYTES, GbtEndpoint, GbtSettings, segment

LONG = message(12_000)


def numbers(pair: Pair, sender: int = 0) -> list[int]:
    return [decode_gbt_block(data).block_number for _, who, data in pair.carried if who == sender]


def test_blocks_have_1200_bytes_with_1149_of_the_message_and_join_to_it() -> None:
    pair = Pair().run(LONG)
    blocks = [decode_gbt_block(data) for _, who, data in pair.carried if who == 0]
    assert [len(data) for _, who, data in pair.carried if who == 0][:-1] == [1200] * 10
    assert {len(block.data) for block in blocks[:-1]} == {1149}
    assert b"".join(block.data for block in blocks) == LONG
    assert [block.block_number for block in blocks] == list(range(1, 12))
    assert pair.delivered == [LONG] and not pair.failures


def test_control_bits_ask_at_the_end_of_a_window_and_at_the_last_block() -> None:
    pair = Pair(GbtSettings(window=3)).run(message(1200 * 6))
    blocks = [decode_gbt_block(data) for _, who, data in pair.carried if who == 0]
    assert [block.control for block in blocks] == [0x43, 0x43, 0x03, 0x43, 0x43, 0x03, 0x83]


def test_an_acknowledgement_has_no_data_the_titles_turned_round_and_the_highest_number() -> None:
    pair = Pair().run(LONG)
    acks = [decode_gbt_block(data) for _, who, data in pair.carried if who == 1]
    assert [(ack.block_number, ack.block_number_acknowledged, ack.data) for ack in acks] == [(0, 6, b""), (0, 11, b"")]
    assert {(ack.originator, ack.recipient, ack.cra, ack.message_code) for ack in acks} == {(PARTY, DEVICE, 2, 0x37)}


def once(number: int) -> Pair:
    """A network that loses one block once."""
    left = [number]

    def loses(data: bytes) -> bool:
        block = decode_gbt_block(data)
        return bool(block.data and block.block_number in left and not left.clear())

    return Pair(loses=loses)


@pytest.mark.parametrize("number", [1, 3, 6, 7, 10])
def test_a_lost_block_is_sent_again_from_there_on(number: int) -> None:
    pair = once(number).run(LONG)
    assert pair.delivered == [LONG] and not pair.failures
    sent = numbers(pair)
    assert sent.count(number) == 2 and len(sent) <= 11 + 6


def test_a_lost_last_block_is_asked_for_after_the_timeout() -> None:
    pair = once(11).run(LONG)
    assert pair.delivered == [LONG]
    again = [at for at, who, data in pair.carried if who == 0 and decode_gbt_block(data).block_number == 11]
    assert len(again) == 2 and again[1] - again[0] == GbtSettings().ack_timeout_s


def test_a_lost_last_acknowledgement_is_given_again_and_the_message_is_not() -> None:
    left = [True]
    pair = Pair(loses=lambda data: decode_gbt_block(data).block_number_acknowledged == 11 and bool(left) and left.pop())
    pair.run(LONG)
    assert pair.delivered == [LONG] and not pair.failures and numbers(pair).count(11) == 2


def test_overtaken_blocks_are_waited_for_and_not_asked_for() -> None:
    for seed in range(20):
        pair = Pair(seed=seed, spread_s=1.5).run(LONG)
        assert pair.delivered == [LONG] and numbers(pair) == list(range(1, 12))


def test_a_duplicated_acknowledgement_does_not_double_every_window_after_it() -> None:
    pair = Pair(GbtSettings(window=2), duplicate=1.0).run(message(1149 * 55))
    assert len(numbers(pair)) == len(segment(message(1149 * 55), 1149))


def test_a_dead_network_ends_in_failure_with_reason_and_an_abort() -> None:
    pair = Pair(loses=lambda _: True).run(LONG)
    assert not pair.delivered
    [failure] = pair.failures
    assert failure.sending and failure.reason == "0 of 11 blocks acknowledged, no more in 5 tries"
    last = decode_gbt_block(pair.carried[-1][2])
    assert (last.control, last.block_number, last.data) == (0x80, 0, b"")


def test_a_receiver_that_hears_nothing_more_gives_up_and_forgets() -> None:
    pair = Pair(loses=lambda data: decode_gbt_block(data).block_number not in (1, 2)).run(LONG)
    assert {failure.sending for failure in pair.failures} == {True, False}
    reason = next(failure.reason for failure in pair.failures if not failure.sending)
    assert reason == "no further block, 2 blocks of unknown number came"


@given(
    st.integers(1, 20_000), st.integers(52, 1500), st.integers(1, 63), st.integers(0, 2**32),
    st.floats(0, 0.7), st.floats(0, 0.5), st.floats(0, 30.0),
)  # fmt: skip
def test_under_any_loss_duplication_and_reordering_right_bytes_or_a_named_end(
    size: int, block_bytes: int, window: int, seed: int, loss: float, duplicate: float, spread_s: float
) -> None:
    data = message(min(size, 30 * (block_bytes - 51)))
    pair = Pair(GbtSettings(block_bytes, window), seed, loss, duplicate, spread_s).run(data)
    assert pair.delivered in ([data], [])
    assert pair.delivered or any(failure.sending and failure.reason for failure in pair.failures)


@given(st.integers(1, 30_000), st.integers(0, 2**32), st.floats(0, 0.15), st.floats(0, 0.3))
def test_with_patience_a_lossy_network_brings_everything(size: int, seed: int, loss: float, duplicate: float) -> None:
    pair = Pair(GbtSettings(max_tries=40), seed, loss, duplicate, 5.0).run(message(size), message(size, 8))
    assert sorted(pair.delivered) == sorted((message(size), message(size, 8))) and not pair.failures


def test_the_longest_message_of_all_and_one_byte_more() -> None:
    data = message(0xFFFF - 70)
    assert 65_000 < len(data) <= MAX_MESSAGE_BYTES
    assert Pair().run(data).delivered == [data]
    with pytest.raises(LocalError, match="65,545 bytes at most, not 65,546"):
        segment(bytes(MAX_MESSAGE_BYTES + 1), 1149)
    with pytest.raises(LocalError, match="65,535 is the most"):
        segment(bytes(MAX_MESSAGE_BYTES), 1)


def test_a_message_on_its_way_is_not_begun_again() -> None:
    end = GbtEndpoint(GbtSettings())
    assert len(end.send(LONG, 0.0).blocks) == 6
    assert end.send(LONG, 1.0).blocks == ()


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"block_bytes": 51}, "a block has 52 to 65,535 bytes, not 51"),
        ({"window": 0}, "1 to 63 blocks, not 0"),
        ({"window": 64}, "1 to 63 blocks, not 64"),
        ({"max_tries": 0}, "tried once at least"),
        ({"gap_wait_s": 180.0}, "gap_wait_s 180 must be below"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, float], what: str) -> None:
    with pytest.raises(LocalError, match=what):
        GbtSettings(**values)  # type: ignore[arg-type]
