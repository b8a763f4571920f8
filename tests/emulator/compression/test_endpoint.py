"""Links that lose context heal: over a bad network, after restarts of either end, and without a wrong message."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice

import pytest
from compression_traffic import POLICIES, exchanges
from lossy_link import LossyLinks

from emulator.compression.codec import CONTROL, RAW, Link
from emulator.compression.endpoint import Endpoint
from emulator.compression.registry import make_codec

WITH_CONTEXT = ("header_context", "deflate_stream", "zstd_stream")
HUB = bytes.fromhex("99112200000000ff")


@pytest.mark.parametrize("counters", POLICIES)
@pytest.mark.parametrize("codec", WITH_CONTEXT)
def test_a_bad_network_delivers_no_wrong_message(codec: str, counters: str) -> None:
    links = LossyLinks(codec, seed=3, loss=0.1, double=0.05, restart=0.02)
    links.run(exchanges(3, 250, counters))
    assert links.wrong == []
    assert len(links.executed) > 150 and len(links.answered) > 120
    assert links.head.traffic.refused > 0, "nothing was refused: the network was not bad enough to show anything"


@pytest.mark.parametrize("codec", WITH_CONTEXT)
def test_after_a_restart_of_either_end_all_that_is_sent_arrives_and_is_short_again(codec: str) -> None:
    links, made = LossyLinks(codec, seed=4, reorder=1), exchanges(5, 320, "milliseconds", devices=2)
    for restarted in ("nobody", "head", "hubs", "both"):
        if restarted in ("head", "both"):
            links.head.restart()
        if restarted in ("hubs", "both"):
            for hub in links.hubs.values():
                hub.restart()
        links.run(islice(made, 40))
        before = links.head.traffic.datagram_bytes
        later = list(islice(made, 40))
        links.run(later)
        assert links.wrong == []
        assert {one.command for one in later} <= links.executed
        spent = links.head.traffic.datagram_bytes - before
        assert spent < sum(len(one.command) for one in later) / 2, f"{restarted}: commands are not compressed again"


@pytest.mark.parametrize("counters", POLICIES)
def test_lost_and_doubled_datagrams_alone_cost_the_header_context_no_context(counters: str) -> None:
    """Only what an answer has confirmed is referred to, so that a loss leaves no hole."""
    links = LossyLinks("header_context", seed=7, loss=0.15, double=0.1)
    links.run(exchanges(8, 300, counters, new_certificate_every=50))
    assert links.wrong == []
    assert links.head.traffic.refused == 0
    assert sum(hub.traffic.refused for hub in links.hubs.values()) <= 3


def test_a_refused_message_is_sent_with_context_and_then_as_it_is() -> None:
    head, hub = Endpoint(make_codec("header_context")), Endpoint(make_codec("header_context"))
    down, up = Link(HUB, "down"), Link(HUB, "up")
    first, second = list(exchanges(9, 2, "small", devices=1))
    assert hub.receive(head.send(first.command, down), down).message == first.command
    assert head.receive(hub.send(first.response, up), up).message == first.response
    datagram = head.send(second.command, down)
    hub.restart()
    refused = hub.receive(datagram, down)
    assert refused.message is None and refused.reply is not None and refused.reply[:1] == CONTROL and refused.reason
    again = head.receive(refused.reply, up).reply
    assert again is not None and len(datagram) < len(again) <= len(second.command)
    third = head.receive(CONTROL + hub_name(again), up).reply
    assert third == RAW + second.command
    assert hub.receive(again, down).message == second.command


def hub_name(datagram: bytes) -> bytes:
    return sha256(datagram).digest()[:4]


def test_a_control_datagram_for_nothing_that_is_kept_is_no_harm() -> None:
    head = Endpoint(make_codec("header_context"))
    assert head.receive(CONTROL + b"abcd", Link(HUB, "up")).reply is None
    assert head.receive(CONTROL, Link(HUB, "up")).message is None


@pytest.mark.long
@pytest.mark.parametrize("counters", POLICIES)
def test_a_long_bad_night(counters: str) -> None:
    links = LossyLinks("header_context", seed=11, loss=0.1, double=0.05, restart=0.005)
    links.run(exchanges(12, 30_000, counters))
    assert links.wrong == []
    assert len(links.answered) > 20_000
