"""Injected faults: their shares, and what each of them does to a message."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.wan import WanModel, load_parameters, make_wan, with_faults
from emulator.wan.faults import INJECTED_LOSS

COUNT = 20_000
OWN = {"loss": {"p": 0.0}}


def network() -> WanModel:
    parameters = load_parameters("csp_sc_cellular_3g", {"csp_sc_cellular_3g": OWN})
    return make_wan("csp_sc_cellular_3g", parameters, 162, np.full(10, -1, np.int32), 4)


def faulty(message_loss: float = 0.0, duplicate: float = 0.0, reorder: float = 0.0) -> WanModel:
    return with_faults(network(), 162, message_loss=message_loss, duplicate=duplicate, reorder=reorder)


def instants() -> list[float]:
    return [1000.0 + 10.0 * n for n in range(COUNT)]


def test_no_faults_no_wrapper() -> None:
    inner = network()
    assert with_faults(inner, 162, message_loss=0.0, duplicate=0.0, reorder=0.0) is inner


def test_messages_are_lost_by_share_and_say_that_it_was_done_to_them() -> None:
    model = faulty(message_loss=0.05)
    sent = [model.send(0, "down", 612, now) for now in instants()]
    lost = [one for one in sent if one.arrives_at is None]
    assert len(lost) / COUNT == pytest.approx(0.05, abs=0.006)
    assert {one.reason for one in lost} == {INJECTED_LOSS}
    assert all(one.bytes_on_air > 612 for one in lost)


def test_messages_come_twice_by_share() -> None:
    model = faulty(duplicate=0.02)
    sent = [model.send(0, "down", 612, now) for now in instants()]
    twice = [one.again_at - one.arrives_at for one in sent if one.again_at is not None and one.arrives_at is not None]
    assert len(twice) / COUNT == pytest.approx(0.02, abs=0.004)
    assert min(twice) >= 0.5 and max(twice) <= 10.0


def test_messages_held_back_are_overtaken() -> None:
    model, plain = faulty(reorder=0.02), network()
    sent = [(model.send(0, "down", 612, now), plain.send(0, "down", 612, now)) for now in instants()]
    held = [n for n, (one, other) in enumerate(sent) if one.arrives_at != other.arrives_at]
    assert len(held) / COUNT == pytest.approx(0.02, abs=0.004)
    for n in held[:50]:
        arrives_at, later = sent[n][0].arrives_at, sent[n + 1][1].arrives_at
        assert arrives_at is not None and later is not None
        assert arrives_at == pytest.approx((sent[n][1].arrives_at or 0.0) + 60.0)
        assert later < arrives_at


def test_one_fault_leaves_the_draws_of_the_others_as_they_are() -> None:
    alone, together = faulty(message_loss=0.05), faulty(message_loss=0.05, duplicate=0.5, reorder=0.5)
    lost = [
        [model.send(0, "up", 612, now).arrives_at is None for now in instants()[:4000]] for model in (alone, together)
    ]
    assert lost[0] == lost[1]


def test_how_faults_look_is_stated() -> None:
    names = {one.name for one in faulty(reorder=0.1).assumptions()}
    assert {"faults.reorder_hold_s", "faults.duplicate_gap_s", "csp_sc_cellular_3g.rtt_s"} <= names
