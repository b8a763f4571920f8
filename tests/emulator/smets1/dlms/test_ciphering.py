"""Security suite 0: the example of the Green Book, counters, and titles and keys that cannot be."""

from __future__ import annotations

import pytest

from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE, CounterReplayed, Envelope, SecurityKeys
from gbcs.errors import AuthenticationError, DecodeError, LocalError

TITLE = bytes.fromhex("4d4d4d0000bc614e")
ENCRYPTION_KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
AUTHENTICATION_KEY = bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")
PLAIN = bytes.fromhex("c0010000080000010000ff0200")
SEALED = bytes.fromhex("3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b")
COUNTER = 0x01234567


def keys(**more: int) -> SecurityKeys:
    return SecurityKeys(TITLE, ENCRYPTION_KEY, AUTHENTICATION_KEY, **more)


def test_the_green_books_example_is_sealed() -> None:
    assert keys(next_counter=COUNTER).seal(PLAIN) == SEALED
    assert keys(next_counter=COUNTER).envelope(0, 0xC8, PLAIN) == b"\xc8\x1e" + SEALED


def test_the_green_books_example_is_opened() -> None:
    envelope = FUSED_ENVELOPE.parse(b"\xc8\x1e" + SEALED)
    receiver = SecurityKeys(b"RECEIVER", ENCRYPTION_KEY, AUTHENTICATION_KEY)
    assert receiver.open(TITLE, envelope) == PLAIN
    assert receiver.last_of == {TITLE: COUNTER}
    with pytest.raises(CounterReplayed) as replayed:
        receiver.open(TITLE, envelope)
    assert replayed.value.lowest == COUNTER + 1


def test_a_counter_moves_only_for_who_knows_the_keys() -> None:
    receiver = keys()
    with pytest.raises(AuthenticationError):
        receiver.open(TITLE, Envelope(0xC8, 0x30, 0xFFFF_FFFF, SEALED[5:]))
    assert receiver.last_of == {}
    assert receiver.open(TITLE, FUSED_ENVELOPE.parse(b"\xc8\x1e" + SEALED)) == PLAIN


@pytest.mark.parametrize("size", [0, 1, 11])
def test_a_part_too_short_for_a_tag_is_refused(size: int) -> None:
    with pytest.raises(AuthenticationError):
        keys().open(TITLE, Envelope(0xC8, 0x30, 5, SEALED[5 : 5 + size]))


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20, 0x31, 0x32, 0xB0])
def test_another_protection_than_both_is_refused(control: int) -> None:
    with pytest.raises(DecodeError, match=f"{control:#04x}"):
        keys().open(TITLE, Envelope(0xC8, control, COUNTER, SEALED[5:]))


def test_a_proof_holds_for_its_challenge_its_title_and_a_counter_that_is_new() -> None:
    prover, meter = keys(next_counter=9), keys()
    proof = prover.prove(b"challenge")
    assert not meter.proven(TITLE, b"challengf", proof, 0)
    assert not meter.proven(b"SOMEONE1", b"challenge", proof, 0)
    assert not meter.proven(TITLE, b"challenge", proof, 9)
    assert not meter.proven(TITLE, b"challenge", b"\x30" + proof[1:], 0)
    assert not meter.proven(TITLE, b"challenge", proof[:-1], 0)
    assert meter.last_of == {}
    assert meter.proven(TITLE, b"challenge", proof, 8)
    assert meter.last_of == {TITLE: 9}


def test_a_used_up_counter_is_never_wrapped() -> None:
    meter = keys(next_counter=0xFFFF_FFFF)
    meter.seal(PLAIN)
    with pytest.raises(LocalError, match="used up"):
        meter.seal(PLAIN)


@pytest.mark.parametrize(("title", "key"), [(b"SHORT", ENCRYPTION_KEY), (TITLE, b"short"), (TITLE, bytes(32))])
def test_other_lengths_are_refused(title: bytes, key: bytes) -> None:
    with pytest.raises(LocalError, match="8 bytes"):
        SecurityKeys(title, key, AUTHENTICATION_KEY)


def test_keys_are_in_no_repr() -> None:
    assert ENCRYPTION_KEY.hex() not in repr(keys()) and repr(ENCRYPTION_KEY) not in repr(keys())
    assert repr(AUTHENTICATION_KEY) not in repr(keys())
