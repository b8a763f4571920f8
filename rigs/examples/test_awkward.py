"""Bytes that no head-end should send: a meter drops them and goes on."""

from __future__ import annotations

import random

import pytest

from rigs.pytest_plugin.under_test import EsmeUnderTest, HeadEnd

LONG = 1_100
"""Bytes; as much as every kind of line carries whole."""


def test_part_of_a_command_is_no_command(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    command = head_end.command("ECS17b").command
    for size in (1, 10, len(command) // 2, len(command) - 1):
        assert esme.ignores(command[:size]), f"{size} of {len(command)} bytes"


def test_more_than_a_command_is_no_command(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    assert esme.ignores(head_end.command("ECS17b").command + b"\x00")


@pytest.mark.parametrize("size", [1, 40, LONG])
def test_noise_is_dropped(esme: EsmeUnderTest, size: int) -> None:
    assert esme.ignores(random.Random(size).randbytes(size))


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0xDF, 0xDD])
def test_one_byte_over_and_over_is_dropped(esme: EsmeUnderTest, byte: int) -> None:
    assert esme.ignores(bytes((byte,)) * 200)


def test_an_answer_is_no_command(esme: EsmeUnderTest) -> None:
    assert esme.ignores(esme.read("ECS17b").answer)


def test_lengths_that_lie_are_dropped(esme: EsmeUnderTest, head_end: HeadEnd) -> None:
    command = head_end.command("ECS17b").command
    for position in (1, 2, 12, len(command) // 3):
        wrong = bytearray(command)
        wrong[position] = 0xFE
        assert esme.ignores(bytes(wrong)), f"byte {position} is FE"
