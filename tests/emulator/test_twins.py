"""Twins answer every reference exchange, and only because of the state that was loaded into them."""

from __future__ import annotations

from typing import Any

import pytest
from reference_set import rtds_home

from emulator.device.alerts import MemoryCounter
from emulator.device.credentials import Credential
from emulator.device.policy import Discard
from emulator.twins import make_twin
from gbcs import framing
from gbcs.asn1.values import UpdateAlert
from gbcs.dlms import CompactArray, Data
from gbcs.framing import SIGNATURE_SIZE, Cra
from gbcs.keystore import KeyStore
from gbcs.payload import message_payload
from gbcs.security import open_message
from tools.rtds_files import Vector, pairs, read_keys, read_vectors

Pair = tuple[Vector, Vector]


@pytest.fixture(scope="module")
def keys() -> KeyStore:
    return read_keys(rtds_home())


@pytest.fixture(scope="module")
def vectors() -> list[Vector]:
    return read_vectors(rtds_home())


@pytest.fixture(scope="module")
def exchanges(vectors: list[Vector]) -> list[Pair]:
    return pairs(vectors)


def unsigned(frame: bytes) -> bytes:
    """The bytes that repeat: all of a MAC'd message, a signed one without its signature."""
    return frame[:-SIGNATURE_SIZE] if framing.decode(frame).signature else frame


def test_changing_one_stored_number_changes_exactly_that_one_in_the_answer(
    exchanges: list[Pair], keys: KeyStore
) -> None:
    changed = 0
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        stored: dict[Any, Data] = getattr(getattr(twin, "objects", None), "attributes", {})
        numbers = [(key, data) for key, data in stored.items() if type(data.value) is int]
        for key, data in numbers[-1:]:
            stored[key] = Data(data.tag, data.value ^ 1)
            (frame,) = twin.receive(command.data, 0.0)
            before, after = open_message(response.data, keys), open_message(frame, keys)
            differing = [one for one, other in zip(_shown(before), _shown(after), strict=True) if one != other]
            repeats = sum(one == data for one in _shown(before))
            assert differing == [data] * len(differing) and 1 <= len(differing) <= repeats, command.name
            changed += 1
    assert changed >= 15


def _shown(opened: Any) -> list[Data]:
    return [
        part for item, plain in zip(opened.payload.data, opened.plaintexts, strict=True) for part in plain or (item,)
    ]


def test_changing_one_row_of_a_log_changes_the_answer(exchanges: list[Pair], keys: KeyStore) -> None:
    changed = 0
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        for profile in list(getattr(getattr(twin, "objects", None), "profiles", {}).values())[:1]:
            middle = len(profile.rows) // 2
            row = profile.rows[middle]
            profile.rows[middle] = row[:-1] + bytes((row[-1] ^ 1,))
            (frame,) = twin.receive(command.data, 0.0)
            before, after = (
                next(one.value for one in _shown(open_message(data, keys)) if isinstance(one.value, CompactArray))
                for data in (response.data, frame)
            )
            assert len(before.contents) == len(after.contents)
            assert sum(a != b for a, b in zip(before.contents, after.contents, strict=True)) == 1, command.name
            changed += 1
    assert changed > 20


def test_a_gas_attribute_changed_is_an_attribute_changed_in_the_answer(exchanges: list[Pair], keys: KeyStore) -> None:
    changed = 0
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        attributes = getattr(getattr(twin, "zcl", None), "attributes", {})
        for key, (kind, value) in list(attributes.items())[:1]:
            if not isinstance(value, int):
                continue
            attributes[key] = (kind, value ^ 1)
            answers = twin.receive(command.data, 0.0)
            assert answers or Discard.NO_KEY in twin.discarded
            changed += answers != (response.data,)
    assert changed > 10


def test_a_twin_without_its_state_does_not_answer_like_the_reference(exchanges: list[Pair], keys: KeyStore) -> None:
    same = total = 0
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        objects = getattr(twin, "objects", None)
        if objects is None or not objects.attributes:
            continue
        objects.attributes.clear()
        total += 1
        same += unsigned(twin.receive(command.data, 0.0)[0]) == unsigned(response.data)
    assert total > 40 and same == 0


@pytest.mark.parametrize("at", [-1, -20, 60])
def test_a_command_that_was_tampered_with_gets_no_answer(exchanges: list[Pair], keys: KeyStore, at: int) -> None:
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        frame = bytearray(command.data)
        frame[at] ^= 0x40
        assert twin.receive(bytes(frame), 0.0) == (), command.name
        assert sum(twin.discarded.values()) == 1


def test_alerts_of_future_dated_commands_are_the_references(
    vectors: list[Vector], exchanges: list[Pair], keys: KeyStore
) -> None:
    """Each executed part raises the alert that the set has for it, under the counter that the set shows."""
    told: dict[tuple[str, int], bytes] = {
        (one.folder, framing.decode(one.data).originator_counter): one.data for one in vectors if one.kind == "ALERT"
    }
    seen = 0
    for command, response in exchanges:
        asked = framing.decode(command.data)
        mine = {
            counter: data
            for (folder, counter), data in told.items()
            if folder == command.folder and _names(data, asked)
        }
        if not mine:
            continue
        twin = make_twin(command.data, response.data, keys).device
        twin.alert_counter = MemoryCounter(min(mine) - 1)
        _restore_credentials(twin, min(mine.items())[1])
        twin.receive(command.data, 0.0)
        frames = [frame for _ in range(2) if (due := twin.next_deadline()) is not None for frame in twin.tick(due)]
        assert [unsigned(frame) for frame in frames] == [unsigned(mine[counter]) for counter in sorted(mine)]
        seen += len(mine)
    assert seen >= 50


def _names(alert: bytes, command: framing.Message) -> bool:
    """Whether an alert is about a command: it names its counter."""
    message = framing.decode(alert)
    counter = command.originator_counter
    named = getattr(getattr(message_payload(message), "value", None), "outcome", None)
    if named is not None:
        return bool(named.counter == counter)
    return message.cra == Cra.ALERT and counter.to_bytes(8, "big") in message.content


def _restore_credentials(device: Any, alert: bytes) -> None:
    """What the answer to a deferred update does not show, its alert does: whose credentials were held before."""
    value = getattr(message_payload(framing.decode(alert)), "value", None)
    if not isinstance(value, UpdateAlert):
        return
    held = device.administration.credentials
    for one in value.outcome.replacements:
        key = (one.cell.role, {b"\x80": "ds", b"\x08": "ka"}[one.cell.key_usage.octets], one.cell.cell_usage)
        held.cells[key] = Credential(one.old_subject_id, one.old_key_id)
        if one.status:
            held.cell_faults[key] = one.status


def test_who_has_no_key_of_a_pair_cannot_check_its_mac(exchanges: list[Pair], keys: KeyStore) -> None:
    without = []
    for command, response in exchanges:
        twin = make_twin(command.data, response.data, keys).device
        twin.receive(command.data, 0.0)
        without += [command.name] if Discard.NO_KEY in twin.discarded else []
    assert all("PCS" in name for name in without)
