"""SMETS1 meters on DLMS/COSEM and a small client of our own; its cryptography is written out, not the server's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from line_meters import DAY, NOW, ONE_DAY

from emulator.smets1.dlms.answers import FUSED_RESPONSE, Answer
from emulator.smets1.dlms.data import FUSED_DATA, Data
from emulator.smets1.dlms.device import DlmsDevice, emulated_keys
from emulator.smets1.dlms.settings import DlmsSettings
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.emulated import meter_of
from emulator.smets1.meter import Smets1Meter, Window
from emulator.smets1.profile import load_profile
from emulator.smets1.server import DialectServer
from firmware_profiles.model import Stated
from gbcs.declare import build_length

__all__ = ["DAY", "NOW", "ONE_DAY"]

PUBLIC, READER, MANAGER = 16, 2, 1
PASSWORD = b"12345678"
TITLE = b"MFMTEST1"
CHALLENGE = b"a challenge of mine"
PROFILE, CLOCK, IMPORT = (bytes.fromhex(name) for name in ("0100630100ff", "0000010000ff", "0100010800ff"))
ASSOCIATION = bytes.fromhex("0000280000ff")
CONFORMANCE = "401e5d"
NO_BLOCKS, NO_SELECTION = "400e5d", "401e59"


def dlms_meter(window: Window | None = ONE_DAY, seed: int = 7) -> Smets1Meter:
    """A meter of the profile smets1-dlms."""
    return meter_of(load_profile("smets1-dlms"), seed, now=NOW, window=window)


def dlms_device(meter: Smets1Meter | None = None, profile: str = "smets1-dlms", **choices: object) -> DlmsDevice:
    """A meter as a DLMS server, with some choices of a profile made anew."""
    meter = dlms_meter() if meter is None else meter
    settings = load_profile(profile).sections["dlms"]
    assert isinstance(settings, DlmsSettings)
    stated = {key: Stated[Any](value=value, confidence="A", source="a test") for key, value in choices.items()}
    return DlmsDevice(meter, settings.model_copy(update=stated), emulated_keys(meter.manufacturer, meter.serial_number))


def initiate(max_pdu: int = 0xFFFF, conformance: str = CONFORMANCE) -> bytes:
    """An initiate request."""
    return bytes.fromhex(f"01000000065f1f0400{conformance}") + max_pdu.to_bytes(2, "big")


def element(tag: int, content: bytes) -> bytes:
    """A BER element."""
    return bytes((tag,)) + build_length(len(content)) + content


def aarq(
    information: bytes,
    *,
    context: int = 1,
    mechanism: int | None = None,
    secret: bytes = b"",
    title: bytes | None = None,
) -> bytes:
    """An AARQ."""
    body = element(0xA1, element(0x06, bytes.fromhex(f"608574050801{context:02x}")))
    if title is not None:
        body += element(0xA6, element(0x04, title))
    if mechanism is not None:
        body += element(0x8A, b"\x07\x80") + element(0x8B, bytes.fromhex(f"608574050802{mechanism:02x}"))
        body += element(0xAC, element(0x80, secret))
    return element(0x60, body + element(0xBE, element(0x04, information)))


def wrapped(client: int, server: int, apdu: bytes) -> bytes:
    """An APDU in the TCP wrapper."""
    return b"".join(number.to_bytes(2, "big") for number in (1, client, server, len(apdu))) + apdu


def get(instance: bytes, class_id: int, index: int, selection: bytes = b"\x00") -> bytes:
    """A normal GET."""
    return b"\xc0\x01\xc1" + class_id.to_bytes(2, "big") + instance + bytes((index,)) + selection


def action(instance: bytes, class_id: int, index: int, argument: Data | None) -> bytes:
    """A normal ACTION."""
    head = b"\xc3\x01\xc1" + class_id.to_bytes(2, "big") + instance + bytes((index,))
    return head + (b"\x00" if argument is None else b"\x01" + FUSED_DATA.build(argument))


@dataclass
class Client:
    """A client on one connection in the TCP wrapper."""

    device: DlmsDevice
    sap: int = PUBLIC
    counter: int = 1
    logical_device: int = 1
    now: float = NOW
    server: DialectServer = field(init=False)
    general: bool = False

    def __post_init__(self) -> None:
        self.server = WrapperServer(self.device)

    def send(self, apdu: bytes) -> bytes:
        """The APDU that comes back; empty if none does."""
        answer = self.server.receive_data(wrapped(self.sap, self.logical_device, apdu), self.now)
        assert answer[:6] == b"".join(number.to_bytes(2, "big") for number in (1, self.logical_device, self.sap)), (
            answer
        )
        assert int.from_bytes(answer[6:8], "big") == len(answer) - 8
        return answer[8:]

    def open(self, **initiated: Any) -> bytes:
        """Associate as the client's SAP asks for; the AARE."""
        if self.sap == PUBLIC:
            return self.send(aarq(initiate(**initiated)))
        if self.sap != MANAGER:
            return self.send(aarq(initiate(**initiated), mechanism=1, secret=PASSWORD))
        answer = self.send(
            aarq(self.seal(0x21, initiate(**initiated)), context=3, mechanism=5, secret=CHALLENGE, title=TITLE)
        )
        if answer[0] == 0x61:
            assert self.prove(answer) == 0
        return answer

    def prove(self, aare: bytes, *, wrong: bool = False) -> int:
        """Pass 3: the action result; where it is 0 the meter's own proof is checked."""
        start = aare.index(bytes.fromhex("aa12 8010".replace(" ", ""))) + 4
        challenge, counter = aare[start : start + 16], self.counter.to_bytes(4, "big")
        self.counter += 1
        tag = self.tag(TITLE + counter, challenge[::-1] if wrong else challenge)
        answer = self.ask(action(ASSOCIATION, 15, 1, Data(9, b"\x10" + counter + tag)))
        if answer.value.result == 0:
            proof = answer.value.returned.value.value.value
            keys = self.device.keys
            assert proof[:1] == b"\x10" and proof[5:] == self.tag(keys.title + proof[1:5], CHALLENGE)
        return int(answer.value.result)

    def tag(self, iv: bytes, challenge: bytes) -> bytes:
        """GMAC over a challenge."""
        keys = self.device.keys
        return AESGCM(keys.encryption_key).encrypt(iv, b"", b"\x10" + keys.authentication_key + challenge)[:12]

    def seal(self, form: int, plain: bytes) -> bytes:
        """A ciphered service under the client's next counter."""
        keys, counter = self.device.keys, self.counter.to_bytes(4, "big")
        self.counter += 1
        aad = b"\x30" + keys.authentication_key
        sealed = AESGCM(keys.encryption_key).encrypt(TITLE + counter, plain, aad)[:-4]
        body = build_length(len(sealed) + 5) + b"\x30" + counter + sealed
        return b"\xdb\x08" + TITLE + body if self.general else bytes((form,)) + body

    def unseal(self, apdu: bytes) -> bytes:
        """The service in a ciphered answer; its tag is checked by sealing it again."""
        keys = self.device.keys
        start = 1 + (9 if apdu[0] == 0xDB else 0)
        assert start == 1 or apdu[2:10] == keys.title
        start += 1 if apdu[start] < 0x80 else apdu[start] - 0x7F
        assert apdu[start] == 0x30
        cipher, iv = AESGCM(keys.encryption_key), keys.title + apdu[start + 1 : start + 5]
        aad = b"\x30" + keys.authentication_key
        plain = cipher.encrypt(iv, apdu[start + 5 : -12], aad)[:-16]
        assert cipher.encrypt(iv, plain, aad)[:-4] == apdu[start + 5 :]
        return plain

    def raw(self, plain: bytes) -> bytes:
        """The plain answer to a plain service, ciphered on the way for the manager."""
        if self.sap != MANAGER:
            return self.send(plain)
        answer = self.send(self.seal(plain[0] + 8, plain))
        return answer if answer[0] == 0xD8 else self.unseal(answer)

    def ask(self, plain: bytes) -> Answer:
        """The answer to a service."""
        answer: Answer = FUSED_RESPONSE.parse(self.raw(plain)).value
        return answer

    def value(self, instance: bytes, class_id: int, index: int, selection: bytes = b"\x00") -> bytes:
        """An attribute, encoded; put together where it comes in blocks."""
        answer, parts = self.raw(get(instance, class_id, index, selection)), []
        while answer[:2] == b"\xc4\x02":
            fields = FUSED_RESPONSE.parse(answer).value.value
            assert fields.part.kind == 0, fields
            parts.append(fields.part.value)
            assert fields.block == len(parts)
            if fields.last:
                return b"".join(parts)
            answer = self.raw(b"\xc0\x02\xc1" + fields.block.to_bytes(4, "big"))
        assert answer[:4] == b"\xc4\x01\xc1\x00", answer
        return answer[4:]

    def data(self, instance: bytes, class_id: int, index: int, selection: bytes = b"\x00") -> Data:
        """An attribute."""
        value: Data = FUSED_DATA.parse(self.value(instance, class_id, index, selection))
        return value

    def error(self, instance: bytes, class_id: int, index: int, selection: bytes = b"\x00") -> int:
        """The data access result of a GET that must fail."""
        outcome = self.ask(get(instance, class_id, index, selection)).value.result
        assert outcome.kind == 1
        return int(outcome.value)


def associated(sap: int = PUBLIC, meter: Smets1Meter | None = None, **choices: Any) -> Client:
    """A client with an association."""
    client = Client(dlms_device(meter, **choices), sap)
    client.open()
    return client
