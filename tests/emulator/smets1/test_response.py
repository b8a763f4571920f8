"""Signed responses and alerts: the schemas, two independent signature tools, and what a forger cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from emulator.smets1.exchange import Values
from emulator.smets1.response import (
    ERROR_CODES,
    Opened,
    Order,
    _open_any,
    _open_quickly,
    alert,
    open_response,
    refuse,
    respond,
)
from emulator.smets1.signature import Signer, signers
from emulator.smets1.xml_text import DUIS, XMLDSIG
from emulator.store_schema import LEGS
from gbcs.errors import AuthenticationError, DecodeError, LocalError, RemoteError
from gbcs.keyseed import KeySeed

DEVICE, USER = bytes.fromhex("024d460000000001"), bytes.fromhex("024d46f000040001")
SIGNER, OTHER = signers(
    KeySeed(1), {"a": bytes.fromhex("024d46f100000001"), "b": bytes.fromhex("024d46f100000002")}
).values()
KNOWN = {(one.issuer, one.serial): one for one in (SIGNER, OTHER)}
NOW = 850_000_000.0

_ROWS = np.array([[848_102_400 + 1800 * number, 1000 + number] for number in range(1, 49)], ">u4")
_DAILY = np.array([[848_102_400, 4_294_967_295]], ">u4")
VALUES = {
    "4.1.1": Values(NOW, register_wh=123_456),
    "4.2": Values(NOW, register_wh=0),
    "4.6.1": Values(NOW, _DAILY),
    "4.8.1": Values(NOW, _ROWS),
    "4.8.3": Values(NOW, _ROWS),
}


def order(srv: str) -> Order:
    return Order(srv, DEVICE, USER, 77)


def documents() -> dict[str, bytes]:
    found = {srv: respond(SIGNER, order(srv), values, NOW) for srv, values in VALUES.items()}
    found |= {
        f"error {leg}": refuse(SIGNER, order("4.8.1"), leg, 'no <answer> & "so" on \x00\u20ac', NOW)
        for leg in ERROR_CODES
    }
    found["long error"] = refuse(SIGNER, order("4.8.1"), "sms", "x" * 300, NOW)
    found["no rows"] = respond(SIGNER, order("4.8.1"), Values(NOW, _ROWS[:0]), NOW)
    found["alert"] = alert(SIGNER, DEVICE, "CODE", "a < b & c", NOW)
    return found


DOCUMENTS = documents()

# ---------------------------------------------------------------------- others' tools


def schema() -> etree.XMLSchema:
    home = Path(os.environ.get("DUIS_SCHEMA_HOME", Path(__file__).parents[3].parent / "shared" / "duis"))
    file = home / "DUIS_Schema_V5.4.xsd"
    if not file.exists():
        pytest.skip(f"no DUIS schema in {home}: set DUIS_SCHEMA_HOME")
    return etree.XMLSchema(etree.parse(str(file)))


def test_every_document_is_valid_under_the_published_schemas() -> None:
    published = schema()
    for name, document in DOCUMENTS.items():
        assert published.validate(etree.fromstring(document)), (name, published.error_log)


def test_the_schema_would_have_refused_a_wrong_one() -> None:
    published = schema()
    wrong = DOCUMENTS["4.8.1"].replace(b"ra:PrimaryValue", b"ra:FirstValue")
    assert not published.validate(etree.fromstring(wrong))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    file = tmp_path / "signer.pem"
    file.write_bytes(load_der_x509_certificate(SIGNER.certificate).public_bytes(Encoding.PEM))
    return file


def xmlsec1(certificate: Path, document: bytes) -> bool:
    tool = shutil.which("xmlsec1")
    if tool is None:
        pytest.skip("xmlsec1 is not installed")
    file = certificate.with_suffix(".xml")
    file.write_bytes(document)
    command = [tool, "--verify", "--pubkey-cert-pem", str(certificate), str(file)]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.returncode == 0


def test_xmlsec1_finds_every_signature_right(certificate: Path) -> None:
    assert [name for name, document in DOCUMENTS.items() if not xmlsec1(certificate, document)] == []


def test_xmlsec1_finds_a_changed_document_wrong(certificate: Path) -> None:
    document = DOCUMENTS["4.8.1"]
    assert not xmlsec1(certificate, document.replace(b">1001<", b">1002<", 1))
    assert not xmlsec1(certificate, respond(OTHER, order("4.8.1"), VALUES["4.8.1"], NOW))


def test_signxml_finds_every_signature_right() -> None:
    signxml = pytest.importorskip("signxml")
    pem = load_der_x509_certificate(SIGNER.certificate).public_bytes(Encoding.PEM).decode()
    for document in DOCUMENTS.values():
        found = signxml.XMLVerifier().verify(document, x509_cert=pem, expect_config=signxml.SignatureConfiguration())
        assert found.signed_xml is not None


# ---------------------------------------------------------------------- the text is canonical


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_what_is_written_is_its_own_canonical_form(name: str) -> None:
    document = DOCUMENTS[name]
    assert etree.tostring(etree.fromstring(document), method="c14n") == document


@given(st.text(max_size=60))
def test_any_reason_stays_canonical_signed_and_readable(reason: str) -> None:
    document = refuse(SIGNER, order("4.8.1"), "sms", reason, NOW)
    assert etree.tostring(etree.fromstring(document), method="c14n") == document
    assert open_response(document, KNOWN).values is None


# ---------------------------------------------------------------------- opened again


@pytest.mark.parametrize("srv", list(VALUES))
def test_the_reader_finds_what_the_meter_said(srv: str) -> None:
    opened = open_response(DOCUMENTS[srv], KNOWN)
    assert opened.order == order(srv) and opened.signer is SIGNER
    assert opened.values is not None and opened.values.code == 0
    if VALUES[srv].rows is None:
        assert opened.values.registers == ((VALUES[srv].register_wh, 0, 30),)
    else:
        assert opened.values.rows is not None and (opened.values.rows == VALUES[srv].rows).all()


@given(st.lists(st.tuples(st.integers(0, 4_000_000_000 // 1800), st.integers(0, 2**32 - 1)), max_size=60))
def test_any_rows_come_back_as_they_were(pairs: list[tuple[int, int]]) -> None:
    rows = np.array([(number * 1800, value) for number, value in pairs], ">u4").reshape(-1, 2)
    opened = open_response(respond(SIGNER, order("4.8.3"), Values(NOW, rows), NOW), KNOWN)
    assert opened.values is not None and opened.values.rows is not None and (opened.values.rows == rows).all()


def test_an_error_says_why() -> None:
    opened = open_response(refuse(SIGNER, order("4.8.1"), "apn", "access point full", NOW), KNOWN)
    assert opened.values is None and opened.error == "access point full"


def test_errors_have_a_code_for_each_leg_of_the_road() -> None:
    assert set(ERROR_CODES) <= set(LEGS) and len(set(ERROR_CODES.values())) == len(ERROR_CODES)


def test_a_service_request_that_smets1_lacks_has_no_response() -> None:
    with pytest.raises(LocalError, match=r"SRV 4\.17 is not available for SMETS1"):
        respond(SIGNER, order("4.17"), VALUES["4.8.1"], NOW)


def test_documents_repeat_byte_for_byte() -> None:
    assert documents() == DOCUMENTS


# ---------------------------------------------------------------------- forgers


def refused(document: bytes, known: dict[tuple[str, int], Signer] = KNOWN) -> type[RemoteError]:
    with pytest.raises(RemoteError) as caught:
        open_response(document, known)
    return caught.type


def test_a_changed_value_a_strange_signer_and_a_missing_signature_are_refused() -> None:
    good = DOCUMENTS["4.8.1"]
    assert refused(good.replace(b">1001<", b">1002<", 1)) is AuthenticationError
    assert refused(good, {(OTHER.issuer, OTHER.serial): OTHER}) is AuthenticationError
    # Another signer under the serial number of the one that signed.
    assert refused(good, {(SIGNER.issuer, SIGNER.serial): OTHER}) is AuthenticationError
    start, end = good.index(b"<ds:Signature"), good.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert refused(good[:start] + good[end:]) is DecodeError
    assert refused(good[:end] + good[start:end] + good[end:]) is DecodeError


def test_a_signature_over_another_document_does_not_serve_this_one() -> None:
    one, two = DOCUMENTS["4.8.1"], DOCUMENTS["4.8.3"]
    foreign = two[two.index(b"<ds:Signature") :]
    assert refused(one[: one.index(b"<ds:Signature")] + foreign) is AuthenticationError


def test_a_weaker_profile_is_refused() -> None:
    good = DOCUMENTS["4.8.1"]
    for old, new in (
        (b"xmlenc#sha256", b"xmldsig#sha1"),
        (b"ecdsa-sha256", b"ecdsa-sha1"),
        (b'URI=""', b'URI="#x"'),
        (b"enveloped-signature", b"enveloped-signatur3"),
    ):
        assert good.count(old) and issubclass(refused(good.replace(old, new)), RemoteError)


def test_a_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + DOCUMENTS["4.8.1"]
    assert refused(bomb) is DecodeError


@pytest.mark.parametrize("junk", [b"", b"<", b"<a/>", b"\x00\xff", f'<x xmlns="{DUIS}"/>'.encode()])
def test_what_is_no_response_is_refused(junk: bytes) -> None:
    assert refused(junk) is DecodeError


def test_white_space_in_the_signature_value_is_passed_over() -> None:
    good = DOCUMENTS["4.8.1"].decode()
    at = good.index("<ds:SignatureValue>") + len("<ds:SignatureValue>")
    assert open_response(f"{good[:at]}&#13;\n{good[at:]}".encode(), KNOWN).values is not None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_bytes_gives_other_values_or_another_error_than_ours(data: st.DataObject) -> None:
    good = bytearray(DOCUMENTS[data.draw(st.sampled_from(["4.1.1", "4.6.1", "error sms"]))])
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        opened = open_response(bytes(good), KNOWN)
    except RemoteError:
        return
    # What still opens was changed where nothing is said: in names of prefixes or white space of the signature.
    assert opened.order.counter == 77 and opened.signer is SIGNER


def test_the_signer_shows_no_key() -> None:
    assert "key" not in repr(SIGNER) and "certificate" not in repr(SIGNER)
    assert XMLDSIG in DOCUMENTS["alert"].decode()


# ---------------------------------------------------------------------- the quick twin


def same(one: Opened, other: Opened) -> bool:
    if one.values is None or other.values is None or one.values.rows is None or other.values.rows is None:
        return one == other
    return (one.order, one.signer) == (other.order, other.signer) and (one.values.rows == other.values.rows).all()


@pytest.mark.parametrize("name", [*VALUES, "no rows"])
def test_the_quick_twin_opens_what_the_parser_opens(name: str) -> None:
    quick = _open_quickly(DOCUMENTS[name], KNOWN)
    assert quick is not None and same(quick, _open_any(DOCUMENTS[name], KNOWN))


def test_the_quick_twin_leaves_everything_else_to_the_parser() -> None:
    good = DOCUMENTS["4.8.1"]
    changed = good.replace(b">1001<", b">1002<", 1)
    assert _open_quickly(changed, KNOWN) is None and _open_quickly(good, {}) is None
    assert _open_quickly(good, {(SIGNER.issuer, SIGNER.serial): OTHER}) is None
    assert _open_quickly(DOCUMENTS["error sms"], KNOWN) is None and _open_quickly(DOCUMENTS["alert"], KNOWN) is None
    spaced = good.replace(b"<ds:KeyInfo>", b"<ds:KeyInfo> ")
    assert _open_quickly(spaced, KNOWN) is None and same(open_response(spaced, KNOWN), _open_any(good, KNOWN))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_quick_twin_opens_the_parser_opens_alike(data: st.DataObject) -> None:
    good = bytearray(DOCUMENTS[data.draw(st.sampled_from(["4.1.1", "4.6.1"]))])
    for _ in range(data.draw(st.integers(0, 2))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    quick = _open_quickly(bytes(good), KNOWN)
    assert quick is None or same(quick, _open_any(bytes(good), KNOWN))
