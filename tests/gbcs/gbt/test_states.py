"""The state tables: a row for everything, and an end that stays the end."""

from __future__ import annotations

from itertools import product

from gbcs.gbt.states import RECEIVER, SENDER, Came, Heard, ReceiverDoes, Receiving, SenderDoes, Sending


def test_every_state_has_a_row_for_every_event() -> None:
    assert set(SENDER) == set(product(Sending, Heard))
    assert set(RECEIVER) == set(product(Receiving, Came))


def test_every_action_occurs() -> None:
    assert {action for _, action in SENDER.values()} == set(SenderDoes)
    assert {action for _, action in RECEIVER.values()} == set(ReceiverDoes)


def test_whatever_has_ended_stays_so_and_says_nothing() -> None:
    for ended in (Sending.DONE, Sending.GIVEN_UP):
        assert {SENDER[ended, heard] for heard in Heard} == {(ended, SenderDoes.NOTHING)}
    assert {RECEIVER[Receiving.GIVEN_UP, came] for came in Came} == {(Receiving.GIVEN_UP, ReceiverDoes.NOTHING)}


def test_a_message_is_delivered_on_the_way_to_complete_only() -> None:
    ways = {
        (state, RECEIVER[state, came][0])
        for state, came in RECEIVER
        if RECEIVER[state, came][1] is ReceiverDoes.DELIVER
    }
    assert ways == {(Receiving.RECEIVING, Receiving.COMPLETE), (Receiving.WAITING, Receiving.COMPLETE)}
    assert all(RECEIVER[Receiving.COMPLETE, came][1] is not ReceiverDoes.DELIVER for came in Came)
