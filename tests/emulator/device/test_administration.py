"""Joining, own keys and firmware: what a command did is what the next one shows."""

from __future__ import annotations

from commander import ACB, DEVICE, NOW, OTHER_DEVICE, Commander, answer, codes, esme, get, gsme, protected
from cryptography import x509

from emulator.device.asn1_terms import generalized_time
from emulator.device.certification import next_key
from gbcs.asn1.values import ClockWindow, DeviceEntry, FirmwareActivation, Join, KeyRequest
from gbcs.certificates import Usage, public_point
from gbcs.crypto import signature_valid
from gbcs.declare import BitString
from gbcs.framing import decode, signed_part
from gbcs.payload import message_payload
from gbcs.pki import Pki

DS = KeyRequest(BitString(1, b"\x80"))
IMAGE = bytes(range(32))
VERSION = get("1 0-0:0.2.1.255 2")


def test_a_joined_device_is_shown_and_an_unjoined_one_is_not() -> None:
    meter, ask = gsme(), Commander()
    assert answer(meter, ask.asn1(0x00AF, "Join", Join(3, OTHER_DEVICE, 5))).value == 0
    details = answer(meter, ask.asn1(0x0013, "Nothing", None)).value
    assert (details.code, details.devices) == (0, (DeviceEntry(OTHER_DEVICE, 5),))
    assert answer(meter, ask.asn1(0x0010, "DeviceId", OTHER_DEVICE)).value == 0
    assert answer(meter, ask.asn1(0x0013, "Nothing", None)).value.devices == ()
    assert answer(meter, ask.asn1(0x0010, "DeviceId", OTHER_DEVICE)).value != 0


def test_a_new_signing_key_comes_into_use_with_its_certificate() -> None:
    meter, ask = esme(), Commander()
    request = x509.load_der_x509_csr(answer(meter, ask.asn1(0x000A, "KeyRequest", DS)).value)
    assert request.is_signature_valid
    key = request.public_key()
    der = Pki().device(DEVICE, Usage.DS, key)  # type: ignore[arg-type]
    (frame,) = meter.receive(protected(ask.asn1(0x000B, "Certificate", der)), NOW)
    message = decode(frame)
    assert message_payload(message).value == 0  # type: ignore[union-attr]
    assert signature_valid(key, message.signature or b"", signed_part(message))  # type: ignore[arg-type]
    assert answer(meter, ask.asn1(0x000C, "KeyRequest", DS)).value == der


def test_a_certificate_for_another_key_or_device_is_refused() -> None:
    meter, ask = esme(), Commander()
    der = answer(meter, ask.asn1(0x000A, "KeyRequest", DS)).value
    right = x509.load_der_x509_csr(der).public_key()
    other = next_key(meter.signing_key(), Usage.KA, 1).public_key()
    for wrong in (Pki().device(DEVICE, Usage.DS, other), Pki().device(OTHER_DEVICE, Usage.DS, right)):  # type: ignore[arg-type]
        assert answer(meter, ask.asn1(0x000B, "Certificate", wrong)).value != 0
    assert not meter.administration.own_keys.active


def test_asking_again_for_a_request_gives_the_same_key() -> None:
    meter, ask = esme(), Commander()
    first = answer(meter, ask.asn1(0x000A, "KeyRequest", DS)).value
    assert answer(meter, ask.asn1(0x000A, "KeyRequest", DS)).value == first
    key = next_key(meter.signing_key(), Usage.DS, 5001)
    assert meter.administration.own_keys.pending[Usage.DS] == public_point(key.public_key())


def test_activated_firmware_is_the_version_that_is_read() -> None:
    meter, ask = esme(), Commander()
    meter.administration.firmware.images[IMAGE] = b"\x01\x02\x03\x04"
    done = answer(meter, ask.asn1(0x0012, "FirmwareActivation", FirmwareActivation(IMAGE, 7))).value
    assert (done.code, done.version) == (0, b"\x01\x02\x03\x04")
    assert answer(meter, ask.dlms("ECS52", VERSION)).data[0].value == b"\x01\x02\x03\x04"
    assert answer(meter, ask.asn1(0x0129, "Nothing", None, originator=ACB)).value.version == b"\x01\x02\x03\x04"


def test_an_unknown_image_leaves_the_firmware() -> None:
    meter, ask = esme(), Commander()
    done = answer(meter, ask.asn1(0x0012, "FirmwareActivation", FirmwareActivation(bytes(32), 7))).value
    assert done.code != 0 and done.version == bytes(4)
    assert codes(answer(meter, ask.dlms("ECS52", VERSION))) == [0]


def test_firmware_for_later_is_activated_at_its_time_and_said_so() -> None:
    meter, ask = esme(), Commander()
    meter.administration.firmware.images[IMAGE] = b"\x05\x06\x07\x08"
    later = NOW + 60
    wanted = FirmwareActivation(IMAGE, 7, generalized_time(later))
    assert answer(meter, ask.asn1(0x0012, "FirmwareActivation", wanted)).type_name == "Nothing"
    assert meter.tick(later - 1) == () and meter.administration.firmware.version == bytes(4)
    (frame,) = meter.tick(later)
    assert decode(frame).message_code == 0x00CA and b"\x05\x06\x07\x08" in decode(frame).content
    assert answer(meter, ask.dlms("ECS52", VERSION)).data[0].value == b"\x05\x06\x07\x08"


def test_the_clock_of_a_gas_meter_is_believed_inside_the_window() -> None:
    meter, ask = gsme(), Commander()
    for first, last, status in ((NOW - 9, NOW + 9, 0), (NOW + 1, NOW + 9, 2)):
        window = ClockWindow(generalized_time(first), generalized_time(last))
        report = answer(meter, ask.asn1(0x007F, "ClockWindow", window)).value
        assert (report.now, report.status) == (generalized_time(NOW), status)
