"""Two ends of an ASH line in virtual time: what one sends arrives once and in order, whatever the line does."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rigs.ezsp.ash import AshEnd, AshSettings, AshState, Event, Failed, Received, Reset
from rigs.ezsp.ash_frames import Ack, Data, Error, Line, Nak, RstAck, on_line, parse


class Pair:
    """A host and a module, and a line between them that may lose, double or spoil frames."""

    def __init__(
        self, seed: int = 1, lose: float = 0.0, double: float = 0.0, spoil: float = 0.0, window: int = 1
    ) -> None:
        settings = AshSettings(window=window, ack_timeouts=50)
        self.host, self.module = AshEnd(settings=settings), AshEnd(is_host=False, settings=settings)
        self.now, self.random = 0.0, Random(seed)
        self.lose, self.double, self.spoil = lose, double, spoil
        self.at_host: list[Event] = []
        self.at_module: list[Event] = []

    def up(self) -> Pair:
        self.host.reset(self.now)
        self.run()
        assert self.host.state is self.module.state is AshState.UP
        return self

    def run(self, until: float = 1e6) -> None:
        """Carry bytes and time until nothing is left to do."""
        while True:
            down, up = self._line(self.host.output()), self._line(self.module.output())
            self.at_module += self.module.receive(down, self.now)
            self.at_host += self.host.receive(up, self.now)
            if down or up:
                continue
            deadlines = [one for end in (self.host, self.module) if (one := end.next_deadline()) is not None]
            if not deadlines or min(deadlines) > until:
                return
            self.now = max(self.now, min(deadlines))
            self.at_host += self.host.tick(self.now)
            self.at_module += self.module.tick(self.now)

    def _line(self, data: bytes) -> bytes:
        out = b""
        for piece in data.split(bytes((Line.FLAG,)))[:-1]:
            frame = piece + bytes((Line.FLAG,))
            if self.random.random() < self.lose:
                continue
            if self.random.random() < self.spoil:
                frame = frame[:1] + bytes((frame[1] ^ 0x04,)) + frame[2:]
            out += frame * (2 if self.random.random() < self.double else 1)
        return out


def payloads(events: list[Event]) -> list[bytes]:
    return [event.payload for event in events if isinstance(event, Received)]


def test_a_reset_brings_the_line_up() -> None:
    pair = Pair()
    pair.host.reset(0.0)
    assert pair.host.output().hex() == "1ac038bc7e"
    pair.host.reset(0.0)
    pair.run()
    assert pair.at_host == [Reset(0x0B)] and pair.at_module == [Reset(0x0B)]


@pytest.mark.parametrize("window", [1, 3, 7])
def test_frames_arrive_once_and_in_order_both_ways(window: int) -> None:
    pair = Pair(window=window).up()
    sent = [bytes((number,)) * 3 for number in range(40)]
    for payload in sent:
        pair.host.send(payload, pair.now)
        pair.module.send(payload[::-1] + b"up", pair.now)
    pair.run()
    assert payloads(pair.at_module) == sent
    assert payloads(pair.at_host) == [payload + b"up" for payload in sent]
    assert pair.host.counters["sent_again"] == 0 and pair.now == 0.0


@given(st.integers(0, 10**6), st.sampled_from([1, 3, 7]))
@settings(max_examples=60)
def test_a_bad_line_costs_time_and_nothing_else(seed: int, window: int) -> None:
    pair = Pair(seed, window=window).up()
    pair.lose, pair.double, pair.spoil = 0.2, 0.2, 0.2
    sent = [number.to_bytes(3, "big") for number in range(25)]
    for payload in sent:
        pair.host.send(payload, pair.now)
        pair.module.send(payload, pair.now)
    pair.run()
    assert payloads(pair.at_module) == payloads(pair.at_host) == sent
    assert pair.host.counters["sent_again"] + pair.module.counters["sent_again"] > 0


def test_a_spoilt_frame_is_asked_for_at_once() -> None:
    pair = Pair().up()
    pair.host.send(b"abc", 1.0)
    line = pair.host.output()
    assert pair.module.receive(line[:3] + bytes((line[3] ^ 1,)) + line[4:], 1.0) == []
    nak = pair.module.output()
    assert parse(nak[:-1]) == Nak(0)
    assert pair.host.receive(nak, 1.0) == []
    assert pair.module.receive(pair.host.output(), 1.0) == [Received(b"abc")]
    assert pair.module.counters["naks_sent"] == pair.host.counters["naks_received"] == 1


def test_one_nak_until_the_frame_comes() -> None:
    pair = Pair().up()
    for _ in range(5):
        pair.module.receive(b"\x01\x02\x03\x04\x7e", 0.0)
    assert pair.module.output() == on_line(Nak(0))
    pair.module.receive(on_line(Data(0, 0, b"abc")), 0.0)
    pair.module.output()
    pair.module.receive(b"\x01\x02\x03\x04\x7e", 0.0)
    assert pair.module.output() == on_line(Nak(1))


def test_a_frame_that_comes_again_is_acknowledged_and_not_delivered_again() -> None:
    pair = Pair().up()
    assert pair.module.receive(on_line(Data(0, 0, b"abc")), 0.0) == [Received(b"abc")]
    pair.module.output()
    assert pair.module.receive(on_line(Data(0, 0, b"abc", again=True)), 0.0) == []
    assert pair.module.output() == on_line(Ack(1))


def test_an_acknowledgement_of_what_was_never_sent_is_refused() -> None:
    pair = Pair().up()
    pair.module.receive(on_line(Ack(3)), 0.0)
    assert pair.module.output() == on_line(Nak(0))


def test_a_host_that_is_not_ready_gets_no_more_for_a_second() -> None:
    pair = Pair(window=7).up()
    pair.module.receive(on_line(Ack(0, ready=False)), 10.0)
    pair.module.send(b"callback", 10.0)
    assert pair.module.output() == b"" and pair.module.next_deadline() == 11.0
    pair.module.tick(11.0)
    assert b"callback"[:1] not in pair.module.output()[:1] and pair.module._sent


def test_without_acknowledgements_the_line_fails_in_finite_time() -> None:
    host = AshEnd()
    host.reset(0.0)
    host.receive(on_line(RstAck(0x0B)), 0.0)
    host.send(b"abc", 0.0)
    now, events = 0.0, list[Event]()
    while (deadline := host.next_deadline()) is not None:
        now = deadline
        events += host.tick(now)
    assert events == [Failed("no acknowledgement after 4 time-outs")]
    assert host.state is AshState.FAILED and now < 4 * 3.2


def test_a_module_that_hears_nothing_says_that_it_failed() -> None:
    module = AshEnd(is_host=False)
    module.restart()
    module.output()
    module.send(b"abc", 0.0)
    while (deadline := module.next_deadline()) is not None:
        module.output()
        module.tick(deadline)
    assert module.output() == on_line(Error(0x51))
    module.receive(on_line(Ack(0)), 99.0)
    assert module.output() == on_line(Error(0x51))


def test_nobody_there_is_a_finite_number_of_resets() -> None:
    host = AshEnd()
    host.reset(0.0)
    resets, events = host.output().count(0xC0), list[Event]()
    while (deadline := host.next_deadline()) is not None:
        events += host.tick(deadline)
        resets += host.output().count(0xC0)
    assert events == [Failed("the module did not answer 5 resets")] and resets == 5


@pytest.mark.parametrize(
    ("frame", "cause"),
    [(Error(0x51), "ack timeouts"), (RstAck(0x03), "reset itself: watchdog"), (RstAck(2, version=9), "ASH version 9")],
)
def test_a_module_that_fails_says_why(frame: Error | RstAck, cause: str) -> None:
    pair = Pair().up()
    (event,) = pair.host.receive(on_line(frame), 1.0)
    assert isinstance(event, Failed) and cause in event.cause
    assert pair.host.next_deadline() is None


def test_before_a_reset_nothing_is_heard() -> None:
    module = AshEnd(is_host=False)
    assert module.receive(on_line(Data(0, 0, b"abc")), 0.0) == [] and module.output() == b""


def test_waits_follow_how_quick_the_other_end_is() -> None:
    pair = Pair().up()
    for number in range(20):
        pair.host.send(bytes((number,)) * 3, pair.now)
        pair.run()
    assert pair.host._ack_wait_s == AshSettings().min_ack_wait_s
