"""Verify, open, seal and sign: right messages pass, and no changed bit does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import vectors
import worked_example as example
from mutations import flipped
from one_meter import ACB, FIRST, KEYS, LAST, MDR, METER, NOW, SUPPLIER, Asker, meter

from gbcs import crypto, security
from gbcs.catalogue import is_han_only
from gbcs.certificates import Usage
from gbcs.dlms import AccessResponse, ProtectedResult
from gbcs.errors import AuthenticationError, DecodeError, KeyUnavailable, LocalError
from gbcs.framing import Cra, Message, OtherInformation, authenticated_slice, decode
from gbcs.keystore import KeyStore
from gbcs.payload import encode_payload
from gbcs.security import Check, open_message, seal, sign, verify

PRECOMMAND = Message(Cra.COMMAND, 9, SUPPLIER, METER, b"", OtherInformation(0x0062), b"\x30\x00", None)


def example_keys() -> KeyStore:
    store = KeyStore()
    store.add_secret(example.DEVICE, example.REMOTE, example.Z_REMOTE)
    store.add_secret(example.DEVICE, example.ACB, example.Z_ACB)
    return store


def holds(data: bytes) -> bool:
    """Whether a receiver would believe the bytes."""
    try:
        return verify(data, KEYS).ok
    except DecodeError:
        return False


def test_messages_made_with_the_keys_verify() -> None:
    own = [data for data in vectors.messages() if example.REMOTE not in data]
    assert len(own) > 30
    for data in own:
        verdict = verify(data, KEYS)
        assert verdict.ok and verdict.reason == "", data.hex()
        message = decode(data)
        assert verdict.mac is (Check.NONE if message.mac is None else Check.VERIFIED)
        assert verdict.signature is (Check.VERIFIED if message.signature else Check.NONE)


def protected() -> list[bytes]:
    """One message of each kind of protection, the short ones: every bit of them is tried."""
    asker = Asker()
    plain = asker.command("ECS22a")
    encrypted = asker.command("ECS17b")
    signed = sign(PRECOMMAND, KEYS, deterministic=True)
    answers = [answer for command in (plain, encrypted) for answer in meter().receive(command, NOW)]
    return [plain, encrypted, answers[1], signed.encode(), seal(signed, KEYS)]


@pytest.mark.parametrize("number", range(5))
def test_every_single_changed_bit_is_found(number: int) -> None:
    data = protected()[number]
    assert holds(data)
    believed = [bit for bit in range(8 * len(data)) if holds(flipped(data, bit))]
    # the signature field of a bare message could shrink to none; that leaves bytes behind and is refused as well
    assert believed == []


def test_a_cut_or_continued_message_is_not_believed() -> None:
    for data in protected():
        protected_only = [at for at in range(len(data)) if holds(data[:at]) and not decode(data[:at]).is_precommand]
        assert protected_only == []
        assert not holds(data + b"\x00")


def test_the_mac_of_another_message_does_not_fit() -> None:
    one, other = (decode(Asker(counter=n).command("ECS22a")) for n in (1, 2))
    assert verify(replace(one, mac=other.mac), KEYS).mac is Check.FAILED
    assert verify(replace(one, mac=None), KEYS).mac is Check.NONE


def test_a_verdict_names_whose_protection_is_wrong_and_what_key_is_missing() -> None:
    data = Asker().command("ECS22b")
    wrong = verify(flipped(data, 8 * (len(data) - 1)), KEYS)
    assert wrong.mac is Check.FAILED and not wrong.ok and "02-4D-46-F0-00-01-00-01" in wrong.reason
    unknown = verify(data, KeyStore())
    assert unknown.mac is Check.NO_KEY and not unknown.ok and "02-4D-46-00-00-00-00-01" in unknown.reason
    signed = sign(PRECOMMAND, KEYS)
    assert verify(signed, KeyStore()).signature is Check.NO_KEY
    assert verify(replace(signed, content=b"\x30\x01"), KEYS).signature is Check.FAILED


def test_a_command_is_macd_by_the_broker_under_its_originators_name() -> None:
    command = decode(example.ECS17B_COMMAND)
    assert security.mac_parties(command) == (ACB, example.DEVICE)
    assert verify(command, example_keys()).mac is Check.VERIFIED
    only_remote = KeyStore()
    only_remote.add_secret(example.REMOTE, example.DEVICE, example.Z_REMOTE)
    assert verify(command, only_remote).mac is Check.NO_KEY
    assert verify(command, example_keys(), acb=example.REMOTE).mac is Check.FAILED


def test_a_response_and_a_command_inside_the_home_are_macd_between_their_ends() -> None:
    response = decode(example.ECS17B_RESPONSE)
    assert security.mac_parties(response) == (example.DEVICE, example.REMOTE)
    inside = Message(Cra.COMMAND, 1, MDR, METER, b"", OtherInformation(0x00A0), b"\x01\x09")
    codes = [code for code in range(0x130) if is_han_only(code)]
    assert codes and all(
        security.mac_parties(replace(inside, other=OtherInformation(code))) == (MDR, METER) for code in codes
    )


def test_opening_decrypts_with_the_right_key_only() -> None:
    opened = open_message(example.ECS17B_RESPONSE, example_keys())
    assert opened.plaintexts[0] is not None and opened.plaintexts[0][0].tag == 2
    wrong = KeyStore()
    wrong.add_secret(example.DEVICE, example.REMOTE, bytes(32))
    with pytest.raises(AuthenticationError):
        open_message(example.ECS17B_RESPONSE, wrong)
    with pytest.raises(KeyUnavailable):
        open_message(example.ECS17B_RESPONSE, KeyStore())


def test_what_holds_nothing_encrypted_opens_without_keys() -> None:
    assert open_message(example.ECS17B_COMMAND, KeyStore()).plaintexts == ()
    plain = meter().receive(Asker().command("ECS22a"), NOW)[0]
    assert open_message(plain, KeyStore()).plaintexts == (None,)


def test_an_answer_through_the_broker_is_encrypted_to_the_supplementary_party() -> None:
    answer = decode(meter().receive(Asker().command("ECS22b", party=MDR, first=FIRST, last=LAST), NOW)[0])
    assert security.encryption_parties(answer) == (METER, MDR, 1)
    retriever = KeyStore()
    retriever.add_secret(METER, MDR, KEYS.shared_secret(METER, MDR))
    assert open_message(answer, retriever).plaintexts[0] is not None
    broker = KeyStore()
    broker.add_secret(METER, ACB, KEYS.shared_secret(METER, ACB))
    with pytest.raises(KeyUnavailable):
        open_message(answer, broker)


def test_an_encrypted_part_that_is_no_structure_is_refused() -> None:
    response = decode(example.ECS17B_RESPONSE)
    secret = example.Z_REMOTE
    for plaintext, what in ((b"\x00", "structure"), (b"\x06\x00", "needed"), (b"\x02\x00\x00", "left over")):
        blob = crypto.encrypt(secret, example.DEVICE, 7, example.REMOTE, plaintext)
        with pytest.raises(DecodeError, match=what):
            security.decrypt_blob(response, blob, secret)


def test_parts_swapped_between_two_answers_do_not_open() -> None:
    answers = [decode(meter().receive(Asker(counter=n).command("ECS22b"), NOW)[0]) for n in (1, 2)]
    payloads = [open_message(answer, KEYS).payload for answer in answers]
    blobs = [p.data[0] for p in payloads if isinstance(p, AccessResponse)]
    assert all(isinstance(blob, ProtectedResult) for blob in blobs)
    swapped = replace(answers[0], content=encode_payload(replace(payloads[0], data=(blobs[1],))))  # type: ignore[arg-type]
    with pytest.raises(AuthenticationError):
        open_message(swapped, KEYS)


def test_a_precommand_is_signed_before_it_is_sealed() -> None:
    with pytest.raises(LocalError, match="sign it"):
        seal(PRECOMMAND, KEYS)
    signed = sign(PRECOMMAND, KEYS, deterministic=True)
    assert signed == sign(PRECOMMAND, KEYS, deterministic=True)
    assert signed.encode()[: len(PRECOMMAND.encode())] == PRECOMMAND.encode()
    sealed = seal(signed, KEYS)
    assert decode(sealed) == replace(signed, mac=decode(sealed).mac)


def test_signing_and_sealing_need_a_key() -> None:
    with pytest.raises(KeyUnavailable):
        sign(PRECOMMAND, KeyStore())
    with pytest.raises(KeyUnavailable):
        seal(replace(PRECOMMAND, signature=b""), KeyStore())
    store = KeyStore()
    store.add_private(SUPPLIER, Usage.DS, KEYS.signing_key(SUPPLIER))
    assert verify(sign(PRECOMMAND, store), KEYS).signature is Check.VERIFIED


def test_check_mac_raises_where_verify_says_failed() -> None:
    data = Asker().command("ECS22a")
    message, secret = decode(data), KEYS.shared_secret(ACB, METER)
    security.check_mac(message, authenticated_slice(data), secret)
    for wrong in (replace(message, mac=None), replace(message, mac=bytes(12))):
        with pytest.raises(AuthenticationError, match="MAC"):
            security.check_mac(wrong, authenticated_slice(data), secret)
    with pytest.raises(AuthenticationError):
        security.check_mac(message, authenticated_slice(data), bytes(32))


def test_bytes_that_are_no_message_are_a_decode_error_everywhere() -> None:
    for function in (lambda: verify(b"\x01", KEYS), lambda: open_message(b"", KEYS)):
        with pytest.raises(DecodeError):
            function()
