"""Values of EDMI registers: known bytes for every type, there and back, and what is no value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.smets1.edmi.values import KINDS, date_time, date_time_bytes, padding, read, write
from gbcs.errors import DecodeError, LocalError

KNOWN = {
    "A": ("LS01", "4c53303100"),
    "B": (True, "01"),
    "C": (65, "41"),
    "D": (100.0, "4059000000000000"),
    "E": ("0", "3000"),
    "F": (240.0, "43700000"),
    "H": (0xFFF1, "fff1"),
    "I": (-2, "fffe"),
    "L": (1800, "00000708"),
    "O": (1.5, "3fc00000"),
    "P": (-1.0, "bf800000"),
    "Q": (3661, "010101"),
    "R": (849_312_000, "1e0b1a"),
    "T": (849_312_000 + 3661, "1e0b1a010101"),
    "U": (123456.0, "40fe240000000000"),
    "V": (-1, "ffffffffffffffff"),
    "X": (0x0305F008, "0305f008"),
    "Z": (0x69, "00000069"),
}


def test_every_type_has_a_known_answer() -> None:
    assert set(KNOWN) == set(KINDS)


@pytest.mark.parametrize("letter", KNOWN)
def test_known_answers(letter: str) -> None:
    value, text = KNOWN[letter]
    data = bytes.fromhex(text)
    assert write(letter, value) == data
    assert read(letter, data + b"more") == (value, len(data))
    if letter not in "AE":
        assert len(padding(letter)) == len(data)


@given(st.integers(0, 99 * 365 * 86400))
def test_instants_go_there_and_back(instant: int) -> None:
    assert date_time(date_time_bytes(instant)) == instant


@pytest.mark.parametrize("letter", sorted(set(KINDS) - {"A", "E"}))
def test_a_value_cut_short_is_refused(letter: str) -> None:
    with pytest.raises(DecodeError, match=f"hold no value of type {letter}"):
        read(letter, padding(letter)[:-1])


@pytest.mark.parametrize("text", ["000000000000", "1f0219000000", "010119180000", "ffffffffffff", "010164000000"])
def test_bytes_that_are_no_time_are_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="no point in time"):
        read("T", bytes.fromhex(text))


@pytest.mark.parametrize(
    ("letter", "value"), [("C", 256), ("X", -1), ("I", 40000), ("A", "£"), ("L", "x"), ("F", 1e39)]
)
def test_values_that_do_not_fit_are_the_callers_mistake(letter: str, value: object) -> None:
    with pytest.raises(LocalError, match=f"no value of type {letter}"):
        write(letter, value)  # type: ignore[arg-type]


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(LocalError, match="'W' is no type of a register"):
        read("W", b"")


def test_text_ends_at_nul_and_is_ascii() -> None:
    assert read("A", b"ab\x00cd\x00") == ("ab", 3)
    assert len(write("A", "x" * 99)) == 25
    with pytest.raises(DecodeError, match="hold no value"):
        read("A", b"no end")
    with pytest.raises(DecodeError, match="not ASCII"):
        read("A", b"\xff\x00")
