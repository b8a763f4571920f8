"""Who may change a device: no command that is unauthentic, unsigned, replayed or somebody else's changes anything."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from commander import (
    ACB,
    DEVICE,
    IMMEDIATELY,
    KEYS,
    NEWCOMER,
    NOW,
    OPERATOR,
    OTHER_DEVICE,
    SUPPLIER,
    TCOS,
    Commander,
    answer,
    at,
    call,
    chf,
    esme,
    gsme,
    protected,
    put,
    signed_only,
    zcl,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.device.policy import Discard
from gbcs.asn1.values import CellId, CredentialsQuery, Join
from gbcs.declare import BitString
from gbcs.dlms import Data, Tag
from gbcs.framing import Message, decode
from gbcs.security import Check, seal, sign, verify

INT8 = Data(Tag.INT8, 0)
JOINING = Data(
    Tag.STRUCTURE,
    (
        Data(Tag.OCTET_STRING, OTHER_DEVICE),
        Data(Tag.ENUM, 1),
        Data(Tag.OCTET_STRING, b"0123456789ABCDEF"),
        Data(Tag.ENUM, 0),
    ),
)
QUERY = CredentialsQuery(CellId(5, BitString(1, b"\x80")), (2, 3))

Case = tuple[Callable[[], Any], Callable[[Commander], Message]]

CHANGES: dict[str, Case] = {
    "critical set": (esme, lambda ask: ask.dlms("ECS81", put("1 0-0:94.44.0.4 2", Data(Tag.BOOLEAN, 255)))),
    "critical set for later": (esme, lambda ask: ask.dlms("ECS01b", put("113 0-0:19.20.0.255 7", at(NOW + 9)))),
    "critical method": (esme, lambda ask: ask.dlms("ECS04a", call("112 0-0:19.10.0.255 1", Data(Tag.INT32, 50)))),
    "set": (
        esme,
        lambda ask: ask.dlms("ECS37", put("10 0-0:12.0.0.255 2", Data(Tag.ARRAY, ())), originator=OPERATOR),
    ),
    "method": (
        esme,
        lambda ask: ask.dlms("ECS57", call("4 1-0:1.6.0.255 1", INT8), originator=OPERATOR),
    ),
    "top-up": (
        esme,
        lambda ask: ask.dlms("CS01a", call("115 0-0:19.40.0.255 1", Data(Tag.OCTET_STRING, b"73934898590619728331"))),
    ),
    "join": (esme, lambda ask: ask.asn1(0x000D, "Join", Join(0, OTHER_DEVICE, 4))),
    "unjoin": (esme, lambda ask: ask.asn1(0x000F, "DeviceId", OTHER_DEVICE)),
    "whitelist": (chf, lambda ask: ask.dlms("CCS01", call("104 0-0:30.3.0.255 1", JOINING), originator=ACB)),
    "gas set": (
        gsme,
        lambda ask: ask.gbz("GCS05", zcl(0x0705, 0x01, 0x0B, "set maximum credit", 0, 7, 0, 900, 800)),
    ),
    "gas, not critical": (
        gsme,
        lambda ask: ask.gbz("GCS41", zcl(0x0708, 0x09, 0x03, "update site id", 7, 0, 0, "1234567890")),
    ),
}
"""One command that changes something for each family of use cases."""

each_change = pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES.keys())


def state(device: Any) -> Any:
    """Everything that commands change, to compare."""
    parts = [device._administration, dict(device.parties), device.supplementary_counter, device.next_deadline()]
    if hasattr(device, "objects"):
        stored = device.objects
        parts += [stored.attributes, {key: (one.stamps, one.rows) for key, one in stored.profiles.items()}]
    if hasattr(device, "zcl"):
        parts.append(device.zcl)
    return copy.deepcopy(parts)


def ready(make: Callable[[], Any]) -> Any:
    device = make()
    device.administration.joined.devices[OTHER_DEVICE] = 1
    return device


@each_change
def test_the_authentic_command_does_change_something(case: Case) -> None:
    make, command = case
    device = ready(make)
    before = state(device)
    assert len(device.receive(protected(command(Commander())), NOW)) == 1, device.discarded
    assert state(device) != before


@each_change
def test_a_wrong_mac_changes_nothing(case: Case) -> None:
    make, command = case
    device = ready(make)
    frame = bytearray(protected(command(Commander())))
    frame[-1] ^= 1
    assert not_changed(device, bytes(frame)) == {Discard.BAD_MAC: 1}


@each_change
def test_a_replayed_command_changes_nothing_again(case: Case) -> None:
    make, command = case
    device, ask = ready(make), Commander()
    frame = protected(command(ask))
    (first,) = device.receive(frame, NOW)
    before = state(device)
    assert device.receive(frame, NOW) == (first,)  # the identical bytes: a resend, answered from memory
    ask.counter -= 1
    other = protected(replace(command(ask), content=command(Commander(counter=ask.counter - 1)).content[:-1] + b"\x07"))
    assert device.receive(other, NOW) == () and device.discarded == {Discard.REPLAY: 1}
    assert state(device) == before


@each_change
def test_another_device_and_a_stranger_change_nothing(case: Case) -> None:
    make, command = case
    device = ready(make)
    message = command(Commander(recipient=OTHER_DEVICE))
    assert not_changed(device, protected(message)) == {Discard.WRONG_RECIPIENT: 1}
    device = ready(make)
    message = replace(command(Commander()), originator=NEWCOMER)
    assert not_changed(device, protected(message)) == {Discard.UNKNOWN_PARTY: 1}


@pytest.mark.parametrize("case", [one for name, one in CHANGES.items() if "critical" in name and "not" not in name])
def test_a_critical_command_needs_its_originators_signature(case: Case) -> None:
    make, command = case
    for wrong in (b"", bytes(64), sign(command(Commander()), KEYS).signature[::-1]):  # type: ignore[index]
        device = ready(make)
        message = replace(command(Commander()), signature=wrong)
        assert not_changed(device, seal(message, KEYS, ACB)) == {Discard.BAD_SIGNATURE: 1}
    device = ready(make)
    borrowed = replace(sign(replace(command(Commander()), originator=OPERATOR), KEYS), originator=SUPPLIER)
    assert not_changed(device, seal(borrowed, KEYS, ACB)) == {Discard.BAD_SIGNATURE: 1}


def test_a_critical_command_is_not_believed_without_the_brokers_mac() -> None:
    _, command = CHANGES["critical set"]
    assert not_changed(esme(), signed_only(command(Commander()))) == {Discard.NOT_A_COMMAND: 1}


def test_a_role_that_never_sends_a_critical_use_case_may_not() -> None:
    command = Commander().dlms("ECS81", put("1 0-0:94.44.0.4 2", Data(Tag.BOOLEAN, 255)), originator=OPERATOR)
    assert not_changed(esme(), protected(command)) == {Discard.NOT_PERMITTED: 1}


def test_a_pre_command_a_response_and_an_alert_are_no_commands() -> None:
    message = replace(CHANGES["critical set"][1](Commander()), signature=None)
    assert not_changed(esme(), message.encode()) == {Discard.NOT_A_COMMAND: 1}
    for cra in (2, 3):
        assert not_changed(esme(), protected(replace(message, cra=cra, signature=b""))) == {Discard.NOT_A_COMMAND: 1}


def not_changed(device: Any, frame: bytes) -> dict[Discard, int]:
    """Hand over a frame that must neither be answered nor change anything; why it was dropped."""
    before = state(device)
    assert device.receive(frame, NOW) == ()
    assert state(device) == before
    return dict(device.discarded)


# --- what protects an answer ------------------------------------------------------------------------------------------


def test_critical_answers_are_signed_and_others_macd() -> None:
    meter, ask = esme(), Commander()
    (critical,) = meter.receive(protected(CHANGES["critical set"][1](ask)), NOW)
    (plain,) = meter.receive(protected(CHANGES["set"][1](ask)), NOW)
    assert decode(critical).mac is None and verify(critical, KEYS).signature is Check.VERIFIED
    assert decode(plain).signature == b"" and verify(plain, KEYS).mac is Check.VERIFIED


def test_a_signed_only_query_is_answered_with_a_signature() -> None:
    meter = esme()
    message = Commander().asn1(0x0008, "CredentialsQuery", QUERY, originator=TCOS)
    (frame,) = meter.receive(signed_only(message), NOW)
    assert decode(frame).mac is None and verify(frame, KEYS).signature is Check.VERIFIED


def test_only_the_parties_of_the_table_may_leave_out_the_mac() -> None:
    message = Commander().asn1(0x0008, "CredentialsQuery", QUERY, originator=SUPPLIER)
    assert not_changed(esme(), signed_only(message)) == {Discard.NOT_A_COMMAND: 1}


def test_a_signed_only_query_with_a_wrong_signature_is_dropped() -> None:
    message = sign(Commander().asn1(0x0008, "CredentialsQuery", QUERY, originator=TCOS), KEYS)
    assert not_changed(esme(), replace(message, signature=bytes(64)).encode()) == {Discard.BAD_SIGNATURE: 1}


# --- bytes that are authentic and senseless ---------------------------------------------------------------------------

CODES = (0x0019, 0x0037, 0x0062, 0x0008, 0x0102, 0x000B, 0x000D, 0x0012, 0x0013, 0x007F, 0x006B, 0x0075, 0x0097)
EXAMPLES = 30


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(CODES),
    st.sampled_from([bytes.fromhex(head) for head in ("", "d9", "0109", "30", "05", "04", "02", "da", "0f")]),
    st.binary(max_size=60),
)
def test_authentic_nonsense_is_answered_or_dropped_but_never_raises(code: int, head: bytes, tail: bytes) -> None:
    ask = Commander()
    for make in (esme, gsme, chf):
        device = make()
        answers = device.receive(protected(ask.message(code, SUPPLIER, head + tail)), NOW)
        assert len(answers) + sum(device.discarded.values()) == 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_mutated_authentic_commands_never_raise(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    make, command = CHANGES[name]
    message = command(Commander())
    content = bytearray(message.content)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    device = ready(make)
    answers = device.receive(protected(replace(message, content=bytes(content))), NOW)
    assert len(answers) + sum(device.discarded.values()) == 1


def test_an_answer_keeps_counter_titles_and_code() -> None:
    meter, ask = esme(), Commander()
    message = CHANGES["set"][1](ask)
    (frame,) = meter.receive(protected(message), NOW)
    got = decode(frame)
    assert (got.originator, got.recipient, got.originator_counter) == (DEVICE, OPERATOR, message.originator_counter)
    assert got.message_code == message.message_code


def test_immediately_means_at_once() -> None:
    meter, ask = esme(), Commander()
    answer(meter, ask.dlms("ECS01b", put("113 0-0:19.20.0.255 7", IMMEDIATELY)))
    assert meter.next_deadline() is None
