"""Counters and times: what a residue means to every reference that the other end may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.compression.header_context.actions import After, Grid, LowBits, Message, Seconds
from emulator.compression.layouts import Reader
from gbcs.errors import DecodeError
from gbcs.times import cosem

COUNTERS = st.one_of(st.integers(0, 5000), st.integers(848_000_000_000, 848_200_000_000), st.integers(0, 2**64 - 1))


class Knows:
    """A context that knows one pair of references, or none."""

    def __init__(self, references: tuple[int, int] | None, last: int | None = None) -> None:
        self.known, self.reference = references, last

    def references(self, key: object) -> tuple[int, int] | None:
        return self.known

    def last(self, key: object) -> int:
        assert self.reference is not None
        return self.reference

    def slot(self, mapping: str, value: bytes) -> tuple[int, bool]:
        raise AssertionError

    def value(self, mapping: str, slot: int) -> bytes:
        raise AssertionError


def sent(value: int, references: tuple[int, int] | None) -> bytes:
    message = Message({"counter": value.to_bytes(8, "big"), "device": bytes(8)})
    residue = LowBits(("device",)).send("counter", message, Knows(references))
    assert residue is not None
    return residue


def received(residue: bytes, last: int) -> int:
    message = Message({"device": bytes(8)})
    LowBits(("device",)).receive("counter", Reader(residue), message, Knows(None, last))
    return int.from_bytes(message.values["counter"], "big")


@given(COUNTERS, COUNTERS, st.integers(0, 10**10), st.data())
def test_every_possible_reference_completes_the_counter(
    value: int, lowest: int, spread: int, data: st.DataObject
) -> None:
    highest = min(lowest + spread, 2**64 - 1)
    residue = sent(value, (lowest, highest))
    for last in (lowest, highest, data.draw(st.integers(lowest, highest))):
        assert received(residue, last) == value


@pytest.mark.parametrize(
    ("value", "references", "size"),
    [
        (101, (100, 100), 1),
        (100, (100, 100), 1),
        (98, (100, 100), 1),
        (848_086_400_000, (848_000_000_000, 848_000_000_000), 4),
        (850_592_000_000, (848_000_000_000, 848_000_000_000), 5),
        (7, None, 9),
    ],
    ids=["next", "again", "late", "a day of milliseconds", "a month of them", "nothing known"],
)
def test_a_counter_takes_as_many_bytes_as_it_must(value: int, references: tuple[int, int] | None, size: int) -> None:
    assert len(sent(value, references)) == size


def test_a_counter_beside_another_takes_a_byte_whatever_is_known() -> None:
    message = Message({"counter": (10**12).to_bytes(8, "big"), "user_counter": (10**12 - 3).to_bytes(8, "big")})
    assert len(LowBits((), "counter").send("user_counter", message, Knows(None)) or b"") == 1


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**7))
def test_times_come_back_on_and_off_the_grid(first: int, behind: int) -> None:
    last = min(first + behind, 2**32 - 1)
    values = {"first": cosem(first), "last": cosem(last)}
    actions = (("first", Grid(12)), ("last", After(12, "first")))
    reader_message = Message({})
    for name, action in actions:
        residue = action.send(name, Message(values), Knows(None))
        assert residue is not None
        action.receive(name, Reader(residue), reader_message, Knows(None))
    assert reader_message.values == values


@pytest.mark.parametrize(
    "octets", [bytes(12), b"\xff" * 12, cosem(0)[:-1] + b"\x00", cosem(1)[:4] + b"\x01" + cosem(1)[5:]]
)
def test_a_time_that_would_not_come_back_is_not_sent_so(octets: bytes) -> None:
    for action in (Grid(12), Seconds(12)):
        assert action.send("at", Message({"at": octets}), Knows(None)) is None


def test_a_time_beyond_its_field_is_refused() -> None:
    with pytest.raises(DecodeError, match="no time"):
        Grid(4).receive("at", Reader(b"\x7f\xff\xff"), Message({}), Knows(None))
