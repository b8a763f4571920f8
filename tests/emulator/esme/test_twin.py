"""A meter's twin: loaded from an exchange it gives the same answer, and one changed value changes just that value."""

from __future__ import annotations

import pytest
import worked_example as example
from one_meter import (
    ACB,
    DAY,
    KEYS,
    MDR,
    METER,
    NOW,
    PARTIES,
    READERS,
    REGISTERS,
    SUPPLIER,
    Asker,
    energy,
    meter,
    values,
)  # fmt: skip

from emulator.device.objects import StoredObjects
from emulator.device.twin import FixedTime, add_surplus, load, selections, shown_time
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from gbcs.dlms import AccessRequest, AccessResponse, Data
from gbcs.dlms.data import structure, uint32
from gbcs.errors import LocalError
from gbcs.framing import decode
from gbcs.keystore import KeyStore
from gbcs.payload import decode_payload
from gbcs.roles import RemotePartyRole
from gbcs.security import Opened, open_message
from gbcs.times import MAX_INSTANT

CASES: list[tuple[str, bool, bytes | None]] = [(use_case, twin, None) for use_case in READERS for twin in (False, True)]
CASES += [(use_case, False, MDR) for use_case in ("ECS21a", "ECS22b", "ECS66")]


def exchange(use_case: str, twin: bool, party: bytes | None) -> tuple[bytes, bytes]:
    command = Asker().command(use_case, party=party, first=DAY, last=DAY + 2 * 86400)
    return command, meter(LiveObjects(energy(twin=twin))).receive(command, NOW)[0]


def twin_of(command: bytes, response: bytes) -> tuple[Esme, StoredObjects]:
    objects, shown = StoredObjects(), open_message(response, KEYS)
    load(objects, decode(command), shown)
    counter = shown.message.other.supplementary_originator_counter
    esme = Esme(METER, KEYS, ACB, PARTIES, objects, shown_time(shown.message))
    esme.supplementary_counter = (counter or 1) - 1
    return esme, objects


def request_of(command: bytes) -> AccessRequest:
    request = decode_payload(decode(command).content)
    assert isinstance(request, AccessRequest)
    return request


@pytest.mark.parametrize(("use_case", "twin", "party"), CASES)
def test_the_twin_answers_byte_for_byte_with_rows_around_the_asked_range(
    use_case: str, twin: bool, party: bytes | None
) -> None:
    command, response = exchange(use_case, twin, party)
    esme, objects = twin_of(command, response)
    added = add_surplus(objects, request_of(command))
    assert added == (0 if use_case in REGISTERS else 6)
    assert esme.receive(command, 0) == (response,)


@pytest.mark.parametrize("use_case", sorted(set(READERS) - set(REGISTERS)))
def test_one_changed_row_changes_exactly_that_value(use_case: str) -> None:
    command, response = exchange(use_case, False, None)
    before = values((response,)).rows
    esme, objects = twin_of(command, response)
    (profile,) = objects.profiles.values()
    changed = int(profile.stamps[-1])
    profile.plant(changed, 1, 4_000_000_000)
    after = values(esme.receive(command, 0)).rows
    assert before is not None and after is not None and before.shape == after.shape
    different = [(row, column) for row, column in zip(*(before != after).nonzero(), strict=True)]
    assert different == [(len(before) - 1, 1)] and after[-1, 1] == 4_000_000_000


def test_one_changed_register_changes_exactly_that_value() -> None:
    command, response = exchange("ECS17a", False, None)
    before = values((response,)).registers
    esme, objects = twin_of(command, response)
    (key,) = (key for key in objects.attributes if key[1][2] == 4 and key[2] == 2)
    objects.attributes[key] = uint32(77)
    assert values(esme.receive(command, 0)).registers == (before[0], (77, 0, 32))


def test_the_twin_of_the_worked_example_answers_other_ranges_too() -> None:
    keys = KeyStore()
    keys.add_secret(example.DEVICE, example.REMOTE, example.Z_REMOTE)
    keys.add_secret(example.DEVICE, example.ACB, example.Z_ACB)
    parties = {example.REMOTE: RemotePartyRole.SUPPLIER}
    for command, response in (
        (example.ECS17B_COMMAND, example.ECS17B_RESPONSE),
        (example.ECS22B_COMMAND, example.ECS22B_RESPONSE),
    ):
        objects, opened = StoredObjects(), open_message(response, keys)
        load(objects, decode(command), opened)
        add_surplus(objects, request_of(command))
        esme = Esme(example.DEVICE, keys, example.ACB, parties, objects, shown_time(opened.message))
        assert esme.receive(command, 0) == (response,)


def test_a_failed_exchange_loads_its_fault_and_not_what_was_never_tried() -> None:
    command = Asker().command("ECS17a", originator=SUPPLIER)
    (response,) = meter().receive(command, NOW)
    objects = StoredObjects()
    load(objects, decode(command), open_message(response, KEYS))
    assert list(objects.faults.values()) == [3] and len(objects.faults) == 1 and not objects.attributes


def test_rows_are_added_only_where_a_stamp_can_be() -> None:
    command = Asker().command("ECS22a", first=0, last=MAX_INSTANT)
    objects, shown = StoredObjects(), open_message(exchange("ECS22a", False, None)[1], KEYS)
    load(objects, decode(command), shown)
    assert add_surplus(objects, request_of(command)) == 0


def test_bounds_that_are_no_points_in_time_ask_for_no_surplus() -> None:
    command, response = exchange("ECS22b", False, None)
    message = decode(command)
    wild = message.content.replace(message.content[message.content.index(b"\x09\x0c") + 2 :][:12], b"\xff" * 12)
    request = decode_payload(wild)
    assert isinstance(request, AccessRequest) and list(selections(request).values()) == [None]
    objects = StoredObjects()
    load(objects, message, open_message(response, KEYS))
    assert add_surplus(objects, request) == 0


def test_what_does_not_belong_together_is_refused() -> None:
    command, response = (decode(data) for data in exchange("ECS22a", False, None))
    opened = open_message(response, KEYS)
    with pytest.raises(LocalError, match="access request"):
        load(StoredObjects(), response, opened)
    with pytest.raises(LocalError, match="another request"):
        load(StoredObjects(), decode(exchange("ECS17a", False, None)[0]), opened)
    answer = AccessResponse(1, (uint32(1),), (opened.payload.results[0],))  # type: ignore[union-attr]
    plain = Opened(response, answer, (None,))
    objects = StoredObjects()
    load(objects, command, plain)
    assert list(objects.attributes.values()) == [uint32(1)]


def test_a_fixed_clock_stands_still() -> None:
    assert FixedTime(5).reads(10_000) == 5
    assert isinstance(structure(), Data)
    assert shown_time(decode(exchange("ECS22a", False, None)[1])).at == 0
    assert shown_time(decode(exchange("ECS17a", False, None)[1])).at == NOW
