"""Associations: who gets in and how, what each may do, blocks, lists, selective access, and every way to be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dlms_meters import (
    ASSOCIATION,
    CHALLENGE,
    CLOCK,
    DAY,
    IMPORT,
    MANAGER,
    NO_BLOCKS,
    NO_SELECTION,
    NOW,
    PASSWORD,
    PROFILE,
    PUBLIC,
    READER,
    TITLE,
    Client,
    aarq,
    action,
    associated,
    dlms_device,
    dlms_meter,
    get,
    initiate,
)

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.apdu import AccessError
from emulator.smets1.dlms.data import Data, Tag, date_time, from_date_time
from emulator.smets1.dlms.rows import layout
from gbcs.times import DAY_S, HALF_HOUR_S

COLUMNS = ("clock", "active_import", "active_export")
SERVICE_NOT_ALLOWED = b"\xd8\x01"
ACCEPTED, REJECTED = 0, 1


def aare(data: bytes) -> acse.Aare:
    found = acse.parse(acse.AARE, data, "AARE")
    assert isinstance(found, acse.Aare)
    return found


def rows(client: Client, selection: bytes = b"\x00", columns: tuple[str, ...] = COLUMNS) -> np.ndarray:
    return layout(columns).decode(client.value(PROFILE, 7, 2, selection))


def by_range(first: int, last: int, columns: bytes = b"\x01\x00") -> bytes:
    clock = bytes.fromhex("0204 120008 0906 0000010000ff 0f02 120000".replace(" ", ""))
    return b"\x01\x01\x02\x04" + clock + b"\x09\x0c" + date_time(first) + b"\x09\x0c" + date_time(last) + columns


def by_entry(first: int, last: int, first_column: int = 1, last_column: int = 0) -> bytes:
    numbers = b"".join(b"\x06" + one.to_bytes(4, "big") for one in (first, last))
    return (
        b"\x01\x02\x02\x04"
        + numbers
        + b"".join(b"\x12" + one.to_bytes(2, "big") for one in (first_column, last_column))
    )


# ---------------------------------------------------------------------- getting in


@pytest.mark.parametrize("sap", [PUBLIC, READER, MANAGER])
def test_every_security_reads_the_profile(sap: int) -> None:
    client = associated(sap)
    assert (rows(client) == client.device.meter.profile(NOW)).all()
    assert len(rows(client)) == 48


def test_the_general_ciphered_form_is_answered_alike() -> None:
    client = Client(dlms_device(), MANAGER, general=True)
    assert client.open()[0] == 0x61
    answer = client.send(client.seal(0, get(CLOCK, 8, 2)))
    assert answer[:2] == b"\xdb\x08" and client.unseal(answer)[:4] == b"\xc4\x01\xc1\x00"


@pytest.mark.parametrize("password", [b"", b"1234567", b"123456789", b"12345679", PASSWORD.swapcase() + b"\x00"])
def test_a_wrong_password_is_rejected_and_nothing_is_read(password: bytes) -> None:
    client = Client(dlms_device(), READER)
    answer = aare(client.send(aarq(initiate(), mechanism=1, secret=password)))
    assert (answer.result, answer.diagnostic) == (REJECTED, acse.Source(0xA1, acse.Diagnostic.AUTHENTICATION_FAILURE))
    assert answer.user_information is None
    assert client.send(get(PROFILE, 7, 2))[:2] == SERVICE_NOT_ALLOWED
    assert aare(client.open()).result == ACCEPTED


def test_a_client_without_a_password_is_never_let_in() -> None:
    meter = dlms_meter()
    meter.passwords = {}
    client = Client(dlms_device(meter), READER)
    assert aare(client.send(aarq(initiate(), mechanism=1))).result == REJECTED


@pytest.mark.parametrize(
    ("sap", "request_", "diagnostic"),
    [
        (PUBLIC, aarq(initiate(), context=2), acse.Diagnostic.CONTEXT_NOT_SUPPORTED),
        (PUBLIC, aarq(initiate(), mechanism=1, secret=PASSWORD), acse.Diagnostic.MECHANISM_NOT_RECOGNISED),
        (READER, aarq(initiate()), acse.Diagnostic.MECHANISM_REQUIRED),
        (READER, aarq(initiate(), mechanism=2, secret=PASSWORD), acse.Diagnostic.MECHANISM_NOT_RECOGNISED),
        (MANAGER, aarq(initiate(), mechanism=5, secret=CHALLENGE), acse.Diagnostic.CONTEXT_NOT_SUPPORTED),
        (
            MANAGER,
            aarq(initiate(), context=3, mechanism=5, secret=CHALLENGE),
            acse.Diagnostic.TITLE_NOT_RECOGNISED,
        ),
        (
            MANAGER,
            aarq(initiate(), context=3, mechanism=5, secret=b"short", title=TITLE),
            acse.Diagnostic.AUTHENTICATION_FAILURE,
        ),
        (
            MANAGER,
            aarq(initiate(), context=3, mechanism=5, secret=CHALLENGE, title=TITLE),
            acse.Diagnostic.AUTHENTICATION_FAILURE,
        ),
        (99, aarq(initiate()), acse.Diagnostic.NO_REASON),
    ],
)
def test_an_association_that_is_not_the_clients_is_rejected(sap: int, request_: bytes, diagnostic: int) -> None:
    client = Client(dlms_device(), sap)
    answer = aare(client.send(request_))
    assert (answer.result, answer.diagnostic) == (REJECTED, acse.Source(0xA1, diagnostic))


@pytest.mark.parametrize(
    ("information", "error"),
    [
        (initiate().replace(b"\x06\x5f", b"\x05\x5f"), acse.InitiateError.VERSION_TOO_LOW),
        (initiate(conformance="000000"), acse.InitiateError.INCOMPATIBLE_CONFORMANCE),
        (initiate(max_pdu=11), acse.InitiateError.PDU_TOO_SHORT),
    ],
)
def test_a_proposal_that_cannot_be_met_is_rejected_with_its_reason(information: bytes, error: int) -> None:
    answer = aare(Client(dlms_device()).send(aarq(information)))
    assert answer.result == REJECTED
    assert answer.user_information == bytes((0x0E, 1, 6, error))


@pytest.mark.parametrize("apdu", [b"\x60", b"\x60\x00\xff", aarq(b""), aarq(initiate()[:-1]), aarq(initiate())[:-1]])
def test_a_malformed_opening_gets_the_protocols_own_error(apdu: bytes) -> None:
    client = Client(dlms_device())
    answer = aare(client.send(apdu))
    assert (answer.result, answer.diagnostic.tag) == (REJECTED, 0xA2)
    assert aare(client.open()).result == ACCEPTED


def test_what_was_agreed_is_the_lower_of_both() -> None:
    answer = aare(Client(dlms_device(max_pdu=600)).open(conformance="ffffff"))
    agreed = acse.FUSED_INITIATE_RESPONSE.parse(answer.user_information)
    assert (int.from_bytes(agreed.conformance, "big"), agreed.max_pdu) == (acse.SUPPORTED, 600)


# ---------------------------------------------------------------------- HLS


def test_before_the_proof_nothing_else_is_answered() -> None:
    client = Client(dlms_device(), MANAGER)
    opened = client.send(aarq(client.seal(0x21, initiate()), context=3, mechanism=5, secret=CHALLENGE, title=TITLE))
    assert aare(opened).diagnostic.value == acse.Diagnostic.AUTHENTICATION_REQUIRED
    assert client.raw(get(PROFILE, 7, 2))[:2] == SERVICE_NOT_ALLOWED
    assert client.raw(action(CLOCK, 8, 3, None))[:2] == SERVICE_NOT_ALLOWED
    assert client.prove(opened) == 0
    assert len(rows(client)) == 48


def test_a_wrong_proof_ends_the_association() -> None:
    client = Client(dlms_device(), MANAGER)
    opened = client.send(aarq(client.seal(0x21, initiate()), context=3, mechanism=5, secret=CHALLENGE, title=TITLE))
    assert client.prove(opened, wrong=True) == AccessError.READ_WRITE_DENIED
    assert client.send(client.seal(0xC8, get(CLOCK, 8, 2)))[:2] == SERVICE_NOT_ALLOWED


def test_a_challenge_never_comes_twice() -> None:
    device = dlms_device()
    challenges = {device.challenge() for _ in range(500)}
    assert len(challenges) == 500 and {len(one) for one in challenges} == {16}


def test_a_counter_that_comes_again_is_refused_with_the_one_that_would_do() -> None:
    client = associated(MANAGER)
    sealed = client.seal(0xC8, get(CLOCK, 8, 2))
    assert client.send(sealed)[0] == 0xCC
    expected = b"\xd8\x01\x06" + client.counter.to_bytes(4, "big")
    assert client.send(sealed) == expected
    assert client.raw(get(CLOCK, 8, 2))[:1] == b"\xc4"


def test_counters_go_on_from_session_to_session() -> None:
    client = associated(MANAGER)
    used = client.counter
    again = Client(client.device, MANAGER, counter=1)
    assert again.open() == b"\xd8\x01\x06" + used.to_bytes(4, "big")
    assert Client(client.device, MANAGER, counter=used).open()[0] == 0x61
    public = Client(client.device)
    public.open()
    assert public.data(bytes.fromhex("00002b0100ff"), 1, 2) == Data(Tag.UINT32, used + 2)


def test_the_meters_counter_starts_at_one_and_never_comes_twice() -> None:
    client = Client(dlms_device(), MANAGER)
    counters = []
    sent = client.send

    def watch(apdu: bytes) -> bytes:
        answer = sent(apdu)
        if answer[0] == 0xCC:
            counters.append(int.from_bytes(answer[answer.index(b"\x30") + 1 :][:4], "big"))
        return answer

    opened = sent(aarq(client.seal(0x21, initiate()), context=3, mechanism=5, secret=CHALLENGE, title=TITLE))
    first = aare(opened).user_information
    assert first is not None and first[:7] == bytes((0x28, len(first) - 2, 0x30, 0, 0, 0, 1))
    assert client.prove(opened) == 0
    client.send = watch  # type: ignore[method-assign]
    for _ in range(5):
        client.raw(get(CLOCK, 8, 2))
    assert counters == sorted(set(counters)) and len(counters) == 5


@pytest.mark.parametrize("at", [0, 2, 3, 7, 10, -1])
def test_a_changed_byte_is_not_deciphered(at: int) -> None:
    client = associated(MANAGER)
    sealed = bytearray(client.seal(0xC8, get(PROFILE, 7, 2)))
    sealed[at] ^= 0x01
    answer = client.send(bytes(sealed))
    assert answer[0] == 0xD8 and len(answer) <= 7
    assert client.raw(get(CLOCK, 8, 2))[:1] == b"\xc4"


def test_plain_services_have_no_place_in_a_ciphered_association_nor_ciphered_ones_in_a_plain_one() -> None:
    manager, public = associated(MANAGER), associated(PUBLIC)
    assert manager.send(get(CLOCK, 8, 2))[:2] == SERVICE_NOT_ALLOWED
    assert public.send(manager.seal(0xC8, get(CLOCK, 8, 2)))[0] == 0xD8
    assert public.send(get(CLOCK, 8, 2))[:1] == b"\xc4"


def test_another_clients_title_is_not_this_ones() -> None:
    client = Client(dlms_device(), MANAGER, general=True)
    client.open()
    sealed = client.seal(0, get(CLOCK, 8, 2)).replace(TITLE, b"OTHERONE")
    assert client.send(sealed) == b"\xd8\x01\x05"


# ---------------------------------------------------------------------- leaving


@pytest.mark.parametrize("sap", [PUBLIC, MANAGER])
def test_a_release_ends_the_association(sap: int) -> None:
    client = associated(sap)
    answer = client.send(bytes.fromhex("6203800100"))
    released = acse.parse(acse.RLRE, answer, "RLRE")
    assert released.reason == 0 and answer[1] == len(answer) - 2
    assert (released.user_information is not None) == (sap == MANAGER)
    assert client.send(get(CLOCK, 8, 2))[:2] == SERVICE_NOT_ALLOWED
    assert client.send(bytes.fromhex("6200"))[:2] == SERVICE_NOT_ALLOWED


# ---------------------------------------------------------------------- reading


@pytest.mark.parametrize("sap", [PUBLIC, MANAGER])
@pytest.mark.parametrize("max_pdu", [64, 128, 512, 1254, 1253])
def test_blocks_put_together_are_the_whole_and_no_answer_is_too_long(sap: int, max_pdu: int) -> None:
    whole = rows(associated(sap))
    client = Client(dlms_device(), sap)
    client.open(max_pdu=max_pdu)
    longest, sent = [], client.send

    def watch(apdu: bytes) -> bytes:
        answer = sent(apdu)
        longest.append(len(answer))
        return answer

    client.send = watch  # type: ignore[method-assign]
    assert (rows(client) == whole).all()
    assert max(longest) <= max_pdu
    assert len(longest) > 1 or (sap == PUBLIC and max_pdu == 1254)


def test_a_client_without_block_transfer_is_told_so() -> None:
    client = Client(dlms_device())
    client.open(max_pdu=512, conformance=NO_BLOCKS)
    assert client.error(PROFILE, 7, 2) == AccessError.OTHER_REASON
    assert client.data(CLOCK, 8, 2).tag == Tag.OCTET_STRING


def test_a_wrong_block_number_ends_the_transfer() -> None:
    client = Client(dlms_device())
    client.open(max_pdu=512)
    assert client.send(get(PROFILE, 7, 2))[:2] == b"\xc4\x02"
    wrong = client.ask(bytes.fromhex("c002c100000007")).value
    assert (wrong.last, wrong.part.kind, wrong.part.value) == (1, 1, AccessError.DATA_BLOCK_NUMBER_INVALID)
    ended = client.ask(bytes.fromhex("c002c100000001")).value
    assert ended.part.value == AccessError.NO_LONG_GET_IN_PROGRESS


def test_an_oversized_service_is_refused_and_the_server_lives() -> None:
    client = associated(PUBLIC, max_pdu=200)
    assert client.send(b"\xc1\x01\xc1" + bytes(300)) == b"\xd8\x01\x04"
    assert client.data(CLOCK, 8, 2).tag == Tag.OCTET_STRING


def test_by_range() -> None:
    client = associated()
    whole, first = rows(client), DAY * DAY_S
    picked = rows(client, by_range(first + 4 * HALF_HOUR_S, first + 6 * HALF_HOUR_S))
    assert (picked == whole[3:6]).all() and len(picked) == 3
    between = rows(client, by_range(first + 4 * HALF_HOUR_S + 1, first + 6 * HALF_HOUR_S - 1))
    assert (between == whole[4:5]).all()
    assert not len(rows(client, by_range(first + 6 * HALF_HOUR_S, first)))
    assert (rows(client, by_range(0, 0xFFFF_0000)) == whole).all()


def test_by_range_with_some_columns() -> None:
    definition = bytes.fromhex("0204120003090601000108 00ff0f02120000".replace(" ", ""))
    client = associated()
    picked = rows(client, by_range(0, 0xFFFF_0000, b"\x01\x01" + definition), ("active_import",))
    assert (picked["active_import"] == rows(client)["active_import"]).all()
    unknown = definition.replace(b"\x01\x00\x01\x08", b"\x01\x00\x63\x08")
    assert client.error(PROFILE, 7, 2, by_range(0, 1, b"\x01\x01" + unknown)) == AccessError.OBJECT_UNDEFINED


def test_by_entry() -> None:
    client = associated()
    whole = rows(client)
    assert (rows(client, by_entry(1, 48)) == whole).all()
    assert (rows(client, by_entry(3, 5)) == whole[2:5]).all()
    assert (rows(client, by_entry(40, 0)) == whole[39:]).all()
    assert (rows(client, by_entry(47, 99)) == whole[46:]).all()
    assert not len(rows(client, by_entry(49, 99)))
    assert (rows(client, by_entry(1, 2, 2, 3), COLUMNS[1:])["active_export"] == whole[:2]["active_export"]).all()


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        (b"\x01\x07\x00", AccessError.OTHER_REASON),
        (b"\x01\x01\x00", AccessError.TYPE_UNMATCHED),
        (b"\x01\x02\x02\x01\x06\x00\x00\x00\x01", AccessError.TYPE_UNMATCHED),
        (by_entry(0, 5), AccessError.SCOPE_OF_ACCESS_VIOLATED),
        (by_entry(1, 5, 9, 9), AccessError.SCOPE_OF_ACCESS_VIOLATED),
        (by_entry(1, 5).replace(b"\x06", b"\x05"), AccessError.TYPE_UNMATCHED),
        (by_range(0, 5).replace(b"\x09\x0c\x07\xd0", b"\x04\x60\x07\xd0"), AccessError.TYPE_UNMATCHED),
        (by_range(0, 5).replace(b"\x00\x08\x09", b"\x00\x03\x09"), AccessError.TYPE_UNMATCHED),
        (by_range(0, 5).replace(b"\x07\xd0", b"\xff\xff"), AccessError.TYPE_UNMATCHED),
    ],
)
def test_a_selection_that_cannot_be_is_refused(selection: bytes, code: int) -> None:
    client = associated()
    assert client.error(PROFILE, 7, 2, selection) == code
    assert len(rows(client)) == 48


def test_selection_only_where_it_was_agreed_and_only_on_a_profile() -> None:
    client = Client(dlms_device())
    client.open(conformance=NO_SELECTION)
    assert client.error(PROFILE, 7, 2, by_entry(1, 2)) == AccessError.SCOPE_OF_ACCESS_VIOLATED
    assert associated().error(CLOCK, 8, 2, by_entry(1, 2)) == AccessError.SCOPE_OF_ACCESS_VIOLATED


def test_with_list() -> None:
    client = associated()
    wanted = [(8, CLOCK, 2), (3, IMPORT, 2), (3, IMPORT, 9), (7, PROFILE, 8)]
    request = (
        b"\xc0\x03\xc1"
        + bytes((len(wanted),))
        + b"".join(class_id.to_bytes(2, "big") + instance + bytes((index, 0)) for class_id, instance, index in wanted)
    )
    clock, register, missing, depth = client.ask(request).value.results
    assert from_date_time(clock.value.value) == int(NOW)
    assert register.value == Data(Tag.UINT32, client.device.meter.register_wh("active_import", NOW))
    assert (missing.kind, missing.value) == (1, AccessError.READ_WRITE_DENIED)
    assert depth.value == Data(Tag.UINT32, 48)


def test_a_long_list_comes_in_blocks() -> None:
    client = Client(dlms_device())
    client.open(max_pdu=100)
    request = b"\xc0\x03\xc1\x02" + (b"\x00\x07" + PROFILE + b"\x02\x00") * 2
    answer, whole, number = client.ask(request), b"", 1
    while not answer.value.last:
        whole += answer.value.part.value
        answer = client.ask(b"\xc0\x02\xc1" + number.to_bytes(4, "big"))
        number += 1
    whole += answer.value.part.value
    one = layout(COLUMNS).encode(client.device.meter.profile(NOW))
    assert whole == b"\x02" + (b"\x00" + one) * 2


# ---------------------------------------------------------------------- objects


def test_the_object_list_tells_the_truth() -> None:
    client = associated(MANAGER, max_pdu=0xFFFF)
    listed = client.data(ASSOCIATION, 15, 2).value
    seen = 0
    for entry in listed:
        class_id, _, instance, rights = (part.value for part in entry.value)
        attributes, _methods = (part.value for part in rights)
        for item in attributes:
            index, mode, selectors = (part.value for part in item.value)
            assert mode in (1, 3)
            assert (selectors is not None) == ((class_id, index) == (7, 2))
            if (class_id, index) != (15, 2):
                assert client.value(instance, class_id, index)
            seen += 1
    assert {(part.value[0].value, part.value[2].value) for part in listed} >= {(7, PROFILE), (8, CLOCK), (3, IMPORT)}
    assert seen > 40


def test_registers_and_profile_tell_one_story() -> None:
    client = associated()
    start, end = DAY * DAY_S, (DAY + 1) * DAY_S
    used = int(rows(client)["active_import"].sum())
    at = []
    for moment in (start + 1.0, end + 1.0):
        at.append(Client(client.device, now=moment))
        at[-1].open()
    before, after = (one.data(IMPORT, 3, 2).value for one in at)
    assert after - before == used
    assert client.data(IMPORT, 3, 3).value == (Data(Tag.INT8, 0), Data(Tag.ENUM, 30))


def test_an_unknown_object_and_a_wrong_class_are_named() -> None:
    client = associated()
    assert client.error(bytes.fromhex("0100630200ff"), 7, 2) == AccessError.OBJECT_UNDEFINED
    assert client.error(PROFILE, 3, 2) == AccessError.OBJECT_CLASS_INCONSISTENT
    assert client.error(ASSOCIATION, 15, 7) == AccessError.READ_WRITE_DENIED


def test_the_public_sees_less_where_the_profile_says_so() -> None:
    client = Client(dlms_device(profile="smets1-secure-liberty"), PUBLIC)
    client.open()
    assert client.error(PROFILE, 7, 2) == AccessError.OBJECT_UNDEFINED
    assert client.data(CLOCK, 8, 2).tag == Tag.OCTET_STRING
    assert PROFILE not in {entry.value[2].value for entry in client.data(ASSOCIATION, 15, 2).value}


def test_only_a_manager_sets_the_clock() -> None:
    later = Data(Tag.OCTET_STRING, date_time(int(NOW) + 90))
    request = b"\xc1\x01\xc1\x00\x08" + CLOCK + b"\x02\x00\x09\x0c" + later.value
    meter = dlms_meter()
    for sap in (PUBLIC, READER):
        client = associated(sap, meter)
        assert client.ask(request).value.result == AccessError.READ_WRITE_DENIED
        assert client.ask(action(CLOCK, 8, 3, None)).value.result == AccessError.READ_WRITE_DENIED
    assert meter.clock_error_s == 0
    manager = associated(MANAGER, meter)
    assert manager.ask(request).value.result == 0
    assert meter.clock_error_s == 90
    assert manager.ask(action(CLOCK, 8, 6, Data(Tag.INT16, -30))).value.result == 0
    assert meter.clock_error_s == 60
    assert manager.ask(action(CLOCK, 8, 6, Data(Tag.INT16, 901))).value.result == AccessError.TYPE_UNMATCHED
    bad = replace(later, value=b"\xff" * 12)
    assert manager.ask(request[:-12] + bad.value).value.result == AccessError.OTHER_REASON
    assert manager.ask(action(CLOCK, 8, 3, None)).value.result == 0
    assert meter.clock(NOW) % 60 == 0


def test_the_itron_dialect_has_two_logical_devices() -> None:
    device = dlms_device(profile="smets1-itron")
    device.meter.passwords = {"reader": PASSWORD}
    for logical, found in ((1, False), (17, True)):
        client = Client(device, 3, logical_device=logical)
        assert aare(client.send(aarq(initiate(), mechanism=1, secret=PASSWORD))).result == ACCEPTED
        assert (PROFILE in {entry.value[2].value for entry in client.data(ASSOCIATION, 15, 2).value}) == found
    devices = Client(device, 3)
    devices.send(aarq(initiate(), mechanism=1, secret=PASSWORD))
    listed = devices.data(bytes.fromhex("0000290000ff"), 17, 2).value
    assert [entry.value[0].value for entry in listed] == [1, 17]


@pytest.mark.parametrize("shown", [0, 1, DAY * DAY_S, 0xFFFF_FFFF])
def test_whatever_the_clock_shows_every_object_is_answered(shown: int) -> None:
    client = associated(MANAGER)
    at = date_time(shown)
    assert client.ask(b"\xc1\x01\xc1\x00\x08" + CLOCK + b"\x02\x00\x09\x0c" + at).value.result == 0
    for entry in client.data(ASSOCIATION, 15, 2).value:
        class_id, _, instance, rights = (part.value for part in entry.value)
        for item in rights[0].value:
            assert client.value(instance, class_id, item.value[0].value)
    for shift_s in (900, -900, -900, -900):
        assert client.ask(action(CLOCK, 8, 6, Data(Tag.INT16, shift_s))).value.result == 0
        for class_id, instance in ((8, CLOCK), (3, IMPORT), (7, PROFILE)):
            assert client.value(instance, class_id, 2)
