"""Sizes are those of real messages: the numbers of the reference vectors, and what each network makes of them."""

from __future__ import annotations

import pytest

from emulator.capacity.sizes import ROLES, blocks_of, exchange, framing_of, message_size, read_size
from emulator.han.frames import HEADER_BYTES, fragment_count
from gbcs.errors import LocalError

CERTIFICATE = range(609, 615)
"""A data retriever's command of an encrypted read: the signature of its certificate differs by a byte or two."""


@pytest.mark.parametrize(
    ("srv", "role", "command", "response"),
    [
        ("4.1.1", "IS", 158, 183),
        ("4.6.1", "IS", 187, 508),
        ("4.8.1", "IS", 187, 544),
        ("4.17", "IS", 187, 161),
        ("4.8.3", "NO", 112, 660),
        ("4.2", "MDR", 128, 127),
        ("4.6.2", "ES", 128, 101),
        ("4.8.3", "ES", 128, 676),
    ],
)
def test_messages_have_the_size_of_the_vectors(srv: str, role: str, command: int, response: int) -> None:
    made = exchange(srv, role)
    assert (len(made.command), len(made.response)) == (command, response)


@pytest.mark.parametrize(("srv", "response"), [("4.6.1", 532), ("4.8.1", 568), ("4.17", 185)])
def test_a_data_retrievers_encrypted_read_carries_its_certificate(srv: str, response: int) -> None:
    made = exchange(srv, "MDR")
    assert len(made.command) in CERTIFICATE
    assert len(made.response) == response


def test_a_second_element_makes_the_answer_longer() -> None:
    single, twin = read_size("4.8.1", "IS"), read_size("4.8.1", "IS", twin=True)
    assert twin.response.message - single.response.message > 48 * 4
    assert twin.command.message == single.command.message


def test_what_a_hub_does_not_take_at_once_is_cut_into_blocks() -> None:
    size = read_size("4.8.1", "IS", days=31)
    assert size.values == 31 * 48
    assert len(size.response.blocks) > 1 and max(size.response.blocks) <= 1200
    assert sum(size.response.blocks) > size.response.message
    assert size.response.aps_fragments == sum(fragment_count(block + HEADER_BYTES) for block in size.response.blocks)


def test_a_message_that_fits_is_one_part_without_overhead() -> None:
    message = exchange("4.8.1", "IS").response
    assert blocks_of(message) == (len(message),)
    radio = next(one for one in message_size(message).networks if one.network == "csp_north_lrr")
    framing = framing_of("csp_north_lrr")
    assert radio.frames == -(-len(message) // framing.payload_bytes)
    assert radio.bytes_on_air == len(message) + radio.frames * framing.overhead_bytes


def test_each_further_day_costs_its_rows_alone() -> None:
    one, two, three = (read_size("4.8.3", "MDR", days).response.message for days in (1, 2, 3))
    assert two - one == pytest.approx(three - two, abs=2)
    assert two - one == pytest.approx(48 * 12, abs=4)


@pytest.mark.parametrize(
    ("srv", "role", "days", "said"),
    [
        ("9.9", "IS", 1, "no service request"),
        ("4.8.1", "XX", 1, "allowed: IS, NO, ES, MDR"),
        ("4.1.1", "MDR", 1, "no access under GBCS 4.3"),
        ("4.1.1", "IS", 2, "has no days"),
        ("4.6.1", "IS", 40, "the log of the meter holds 31"),
        ("4.8.1", "IS", 0, "1 day at least"),
        ("4.8.1", "IS", 200, "fewer days"),
    ],
)
def test_a_read_that_cannot_be_says_why(srv: str, role: str, days: int, said: str) -> None:
    with pytest.raises(LocalError, match=said):
        exchange(srv, role, days)


def test_every_role_reads_the_import_profile() -> None:
    assert all(exchange("4.8.1", role).values == 48 for role in ROLES)
