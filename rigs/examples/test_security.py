"""What a meter must refuse in silence, and that it goes on answering those who may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gbcs.catalogue import by_use_case
from gbcs.framing import Cra, Message, OtherInformation, decode
from gbcs.payload import encode_payload
from gbcs.reads import read_request
from rigs.examples.windows import half_hours, last_whole_day
from rigs.pytest_plugin.under_test import BenchClock, EsmeUnderTest, HeadEnd

NOBODY = bytes.fromhex("024d46f0000ff001")
OTHER_METER = bytes.fromhex("024d4600000fff01")


def registers(head_end: HeadEnd, counter: int) -> Message:
    """A read of the import registers by the supplier, under a counter of the test's choosing."""
    supplier = head_end.user("IS")
    content = encode_payload(read_request("ECS17b", counter, supplier, head_end.device))
    other = OtherInformation(by_use_case("ECS17b").code)
    return Message(Cra.COMMAND, counter, supplier, head_end.device, b"", other, content)


def test_a_replayed_command_gets_no_second_answer(esme: EsmeUnderTest, head_end: HeadEnd, clock: BenchClock) -> None:
    """The very same bytes may be a resend, and bring the very same answer; never one made anew."""
    sent = head_end.command("ECS22b", "IS", *half_hours(last_whole_day(clock.now)))
    first = esme.exchange(sent.command)
    clock.advance(1.0)
    assert first is not None and head_end.open(first, sent).code == 0
    assert esme.exchange(sent.command, 1.0) in (None, first)


def test_a_used_counter_is_refused(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    used = esme.read("ECS17b").sent
    day = by_use_case("ECS22b")
    other = replace(registers(head_end, used.counter), other=OtherInformation(day.code))
    content = encode_payload(read_request("ECS22b", used.counter, other.originator, esme.eui, 0, 1800))
    assert esme.ignores(head_end.sealed(replace(other, content=content)))


def test_a_wrong_mac_is_dropped(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    command = head_end.command("ECS17b").command
    for position in (-1, -12):
        wrong = bytearray(command)
        wrong[position] ^= 0x01
        assert esme.ignores(bytes(wrong))


@pytest.mark.parametrize("changed", ["originator", "recipient", "counter", "content"])
def test_what_the_mac_covers_cannot_be_changed(esme: EsmeUnderTest, head_end: HeadEnd, changed: str) -> None:
    message = decode(head_end.command("ECS17b").command)
    forged = {
        "originator": replace(message, originator=head_end.user("NO")),
        "recipient": replace(message, recipient=OTHER_METER),
        "counter": replace(message, originator_counter=message.originator_counter + 1),
        "content": replace(message, content=message.content[:-1] + bytes((message.content[-1] ^ 1,))),
    }[changed]
    assert esme.ignores(forged.encode())


def test_a_stranger_is_not_answered(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    assert esme.ignores(head_end.sealed(replace(registers(head_end, 1), originator=NOBODY)))


def test_a_command_without_its_mac_is_not_answered(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    assert esme.ignores(registers(head_end, head_end.counter(head_end.user("IS"))).encode())
