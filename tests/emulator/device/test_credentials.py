"""Replacing a party's credentials: the path is checked up to the device's own root, and then the new ones count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from commander import (
    ACB,
    DEVICE,
    KEYS,
    NEWCOMER,
    NOW,
    OPERATOR,
    SUPPLIER,
    TCOS,
    Commander,
    answer,
    codes,
    esme,
    get,
    protected,
    put,
)

from emulator.device.asn1_terms import device_form, generalized_time
from emulator.device.credentials import Credential, Status, path_holds
from emulator.device.policy import Discard
from emulator.esme.esme import Esme
from gbcs.asn1.nodes import parse_node
from gbcs.asn1.values import (
    CellId,
    CredentialsQuery,
    CredentialsUpdate,
    Replacement,
    RoleFloor,
    UpdateAlert,
    UpdateControl,
)
from gbcs.certificates import Usage, read_certificate
from gbcs.declare import BitString
from gbcs.dlms import Data, Tag
from gbcs.framing import decode
from gbcs.keyseed import KeySeed
from gbcs.payload import message_payload
from gbcs.pki import Pki
from gbcs.roles import RemotePartyRole
from gbcs.security import Check, verify
from gbcs.times import to_datetime

SEED = KeySeed(29)  # the key store's own, so that it holds the private keys to what this PKI certifies
PKI, OTHER_PKI = Pki(KeySeed(1)), Pki(KeySeed(2))
DS, KA = BitString(1, b"\x80"), BitString(5, b"\x08")
SUPPLIER_BY_TCOS = 0x0107
SUPPLY = put("1 0-0:94.44.0.4 2", Data(Tag.BOOLEAN, 255))
IDENTITY = get("1 0-0:96.1.4.255 2")


def certificate(usage: Usage, pki: Pki = PKI, role: RemotePartyRole = RemotePartyRole.SUPPLIER) -> bytes:
    return pki.organisation(NEWCOMER, role, usage, SEED.key(NEWCOMER, usage).public_key())


def made_with_root() -> Esme:
    meter = esme()
    held = meter.administration.credentials
    held.root = PKI.root.der
    for usage in (Usage.DS, Usage.KA):
        old = PKI.organisation(SUPPLIER, RemotePartyRole.SUPPLIER, usage, SEED.key(SUPPLIER, usage).public_key())
        held.cells[2, usage, None] = Credential.of(old)
    return meter


def update(ask: Commander, *ders: bytes, at: str | None = None, issuer: bytes | None = None, floor: int = 0) -> Any:
    cells = {Usage.DS: CellId(2, DS), Usage.KA: CellId(2, KA)}
    replacements = tuple(Replacement(der, cells[read_certificate(der).usage]) for der in ders)
    control = UpdateControl(7, None, None, CellId(5, DS), ask.counter + 1, None, None, (RoleFloor(2, floor),))
    issuers = (issuer or PKI.organisation_issuer.der,)
    value = CredentialsUpdate(control, replacements, issuers, at)
    return ask.asn1(SUPPLIER_BY_TCOS, "CredentialsUpdate", value, originator=TCOS)


def handed_over(meter: Esme, ask: Commander, **settings: Any) -> Any:
    return answer(meter, update(ask, certificate(Usage.DS), certificate(Usage.KA), **settings)).value.outcome


def test_the_new_supplier_is_known_and_the_old_one_is_not() -> None:
    meter, ask = made_with_root(), Commander()
    outcome = handed_over(meter, ask)
    assert [one.status for one in outcome.replacements] == [Status.SUCCESS] * 2
    assert {one.old_subject_id for one in outcome.replacements} == {SUPPLIER}
    assert {one.new_subject_id for one in outcome.replacements} == {NEWCOMER}
    assert codes(answer(meter, ask.dlms("ECS81", SUPPLY, originator=NEWCOMER))) == [0]
    assert meter.receive(protected(ask.dlms("ECS81", SUPPLY, originator=SUPPLIER)), NOW) == ()
    assert meter.discarded == {Discard.UNKNOWN_PARTY: 1}


def test_answers_to_the_new_supplier_are_macd_with_its_new_key() -> None:
    meter, ask = made_with_root(), Commander()
    handed_over(meter, ask)
    (frame,) = meter.receive(protected(ask.dlms("ECS26m", IDENTITY, originator=NEWCOMER)), NOW)
    assert verify(frame, KEYS).mac is Check.VERIFIED


def test_a_command_signed_with_a_replaced_key_is_refused() -> None:
    """The same party with a new pair: from then on only the new key counts."""
    meter, ask = made_with_root(), Commander()
    newer = SEED.key(SUPPLIER, Usage.KA).public_key()  # any other key than its signing key
    der = PKI.organisation(SUPPLIER, RemotePartyRole.SUPPLIER, Usage.DS, newer)
    assert answer(meter, update(ask, der)).value.outcome.replacements[0].status == Status.SUCCESS
    assert meter.receive(protected(ask.dlms("ECS81", SUPPLY)), NOW) == ()
    assert meter.discarded == {Discard.BAD_SIGNATURE: 1}


@pytest.mark.parametrize(
    ("der", "issuer", "status"),
    [
        (certificate(Usage.DS, OTHER_PKI), None, Status.NO_TRUST_ANCHOR),
        (certificate(Usage.DS, OTHER_PKI), OTHER_PKI.organisation_issuer.der, Status.NO_TRUST_ANCHOR),
        (certificate(Usage.DS), PKI.device_issuer.der, Status.NO_TRUST_ANCHOR),
        (certificate(Usage.DS), PKI.root.der, Status.NO_TRUST_ANCHOR),
        (certificate(Usage.DS), certificate(Usage.KA), Status.NO_TRUST_ANCHOR),
        (certificate(Usage.DS, role=RemotePartyRole.NETWORK_OPERATOR), None, Status.BAD_CERTIFICATE),
    ],
    ids=["other PKI", "other PKI, its own issuer", "issuer of devices", "root as issuer", "no issuer", "other role"],
)
def test_a_path_that_does_not_hold_changes_nothing(der: bytes, issuer: bytes | None, status: int) -> None:
    meter, ask = made_with_root(), Commander()
    before = dict(meter.administration.credentials.cells)
    (done,) = answer(meter, update(ask, der, issuer=issuer)).value.outcome.replacements
    assert done.status == status and done.new_subject_id == done.old_subject_id == SUPPLIER
    assert meter.administration.credentials.cells == before and NEWCOMER not in meter.parties


def test_a_certificate_for_the_other_usage_is_refused() -> None:
    meter, ask = made_with_root(), Commander()
    message = update(ask, certificate(Usage.KA))
    value = message_payload(message).value  # type: ignore[union-attr]
    swapped = replace(value, replacements=(Replacement(certificate(Usage.KA), CellId(2, DS)),))
    ask.counter -= 1
    command = ask.asn1(SUPPLIER_BY_TCOS, "CredentialsUpdate", swapped, originator=TCOS)
    assert answer(meter, command).value.outcome.replacements[0].status == Status.BAD_CERTIFICATE


def test_one_bad_certificate_does_not_keep_out_the_other() -> None:
    meter, ask = made_with_root(), Commander()
    done = answer(meter, update(ask, certificate(Usage.DS, OTHER_PKI), certificate(Usage.KA))).value.outcome
    assert [one.status for one in done.replacements] == [Status.NO_TRUST_ANCHOR, Status.SUCCESS]


def test_validity_counts_unless_the_command_says_otherwise() -> None:
    leaf, issuers = certificate(Usage.DS), (PKI.organisation_issuer.der,)
    assert path_holds(leaf, issuers, PKI.root.der, to_datetime(NOW))
    assert not path_holds(leaf, issuers, PKI.root.der, datetime(2051, 1, 1, tzinfo=UTC))
    assert not path_holds(leaf, issuers, PKI.root.der, datetime(2019, 1, 1, tzinfo=UTC))
    assert path_holds(leaf, issuers, PKI.root.der, None)


def test_the_counter_inside_must_be_that_of_the_command() -> None:
    meter, ask = made_with_root(), Commander()
    message = update(ask, certificate(Usage.DS))
    stale = replace(message, originator_counter=message.originator_counter + 1)
    assert meter.receive(protected(stale), NOW) == () and meter.discarded == {Discard.MALFORMED: 1}


def test_a_floor_uses_up_the_counters_below_it() -> None:
    meter, ask = made_with_root(), Commander()
    handed_over(meter, ask, floor=1_000_000)
    ask.counter = 1_000_000 - 2  # the next one is inside the window of counters that may come late
    assert meter.receive(protected(ask.dlms("ECS81", SUPPLY, originator=NEWCOMER)), NOW) == ()
    assert meter.discarded == {Discard.REPLAY: 1}
    ask.counter = 1_000_000
    assert codes(answer(meter, ask.dlms("ECS81", SUPPLY, originator=NEWCOMER))) == [0]


def test_the_query_shows_what_the_update_brought() -> None:
    meter, ask = made_with_root(), Commander()
    handed_over(meter, ask)
    query = ask.asn1(0x0008, "CredentialsQuery", CredentialsQuery(CellId(4, KA), (2, 3)), originator=ACB)
    supplier, operator = answer(meter, query).value
    assert [one.subject_id for one in supplier.credentials] == [NEWCOMER, NEWCOMER]
    assert operator.status == Status.TRUST_ANCHOR_NOT_FOUND and operator.credentials is None


def test_an_update_for_later_waits_and_its_alert_shows_the_outcome() -> None:
    meter, ask = made_with_root(), Commander()
    later = NOW + 3600
    assert handed_over(meter, ask, at=generalized_time(later)) is None
    assert NEWCOMER not in meter.parties and meter.next_deadline() == later
    (frame,) = meter.tick(later)
    alert = decode(frame)
    payload = message_payload(alert)
    assert (alert.message_code, alert.recipient) == (0x00CB, TCOS)
    assert verify(frame, KEYS).signature is Check.VERIFIED
    assert isinstance(payload.value, UpdateAlert) and payload.value.alert_code == 0x8F66  # type: ignore[union-attr]
    assert [one.new_subject_id for one in payload.value.outcome.replacements] == [NEWCOMER] * 2  # type: ignore[union-attr]
    assert NEWCOMER in meter.parties


def test_a_deferred_update_is_cancelled_by_a_time_that_never_comes() -> None:
    meter, ask = made_with_root(), Commander()
    handed_over(meter, ask, at=generalized_time(NOW + 60))
    handed_over(meter, ask, at="99991231235959Z")
    assert meter.next_deadline() is None


def test_who_is_no_authority_cannot_hand_over() -> None:
    meter, ask = made_with_root(), Commander()
    message = replace(update(ask, certificate(Usage.DS)), originator=OPERATOR)
    assert meter.receive(protected(message), NOW) == () and meter.discarded == {Discard.NOT_PERMITTED: 1}


def test_devices_write_long_lengths_with_two_octets() -> None:
    short, long = b"\x30\x03\x04\x01\x00", b"\x30\x81\x83\x04\x81\x80" + bytes(0x80)
    assert device_form(short) == short
    assert device_form(long) == b"\x30\x82\x00\x84\x04\x82\x00\x80" + bytes(0x80)
    assert parse_node(device_form(long)).content == (
        replace(parse_node(long).content[0], length_octets=2),  # type: ignore[type-var]
    )


def test_the_device_itself_is_not_a_party() -> None:
    assert DEVICE not in made_with_root().parties
