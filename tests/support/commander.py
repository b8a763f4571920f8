"""Commands of every kind as a head-end would send them, made from the codec alone, and what devices answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from emulator.device.access import access_table
from emulator.device.objects import StoredObjects
from emulator.device.zcl import ZclState
from emulator.esme.esme import Esme
from emulator.gas.gsme import Gsme
from emulator.hub.chf import Chf
from gbcs.asn1.payloads import Asn1Payload, encode_asn1
from gbcs.catalogue import by_code, by_use_case
from gbcs.dlms import AccessRequest, AccessResponse, Choice, Data, Specification, Tag
from gbcs.dlms.access import invoke_id
from gbcs.dlms.data import NULL
from gbcs.framing import Cra, Message, OtherInformation, decode
from gbcs.gbz import Component, GbzPayload, Zcl
from gbcs.gbz.catalogue import layout_named
from gbcs.objects import logical_name
from gbcs.payload import encode_payload, message_payload
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB, seal, sign
from gbcs.seeded import SeededKeyStore
from gbcs.times import cosem

ACB = DCC_ACB
SUPPLIER, OPERATOR, TCOS, RECOVERY, NEWCOMER = (bytes.fromhex(f"024d46f000{n:02x}0002") for n in range(1, 6))
DEVICE, OTHER_DEVICE = bytes.fromhex("024d460000000011"), bytes.fromhex("024d460000000012")
ROLES = {
    ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
    SUPPLIER: RemotePartyRole.SUPPLIER,
    OPERATOR: RemotePartyRole.NETWORK_OPERATOR,
    TCOS: RemotePartyRole.TRANSITIONAL_COS,
    RECOVERY: RemotePartyRole.RECOVERY,
}
KEYS = SeededKeyStore(29, {**ROLES, NEWCOMER: RemotePartyRole.SUPPLIER})
NOW = 800_000_000
IMMEDIATELY = Data(Tag.OCTET_STRING, bytes(9) + b"\x80\x00\xff")
NEVER = Data(Tag.OCTET_STRING, b"\xff" * 9 + b"\x80\x00\xff")


def at(instant: int) -> Data:
    """An activation time."""
    return Data(Tag.OCTET_STRING, cosem(instant))


def esme() -> Esme:
    """A meter that has every declared object, and knows everybody but the newcomer."""
    return Esme(DEVICE, KEYS, ACB, dict(ROLES), StoredObjects(access_table("ESME")))


def chf() -> Chf:
    """A comms hub."""
    return Chf(DEVICE, KEYS, ACB, dict(ROLES), StoredObjects(access_table("CHF")))


def gsme() -> Gsme:
    """A gas meter."""
    return Gsme(DEVICE, KEYS, ACB, dict(ROLES), ZclState())


def get(target: str) -> tuple[Specification, Data]:
    """``1 0-0:96.1.1.255 2``, read."""
    return Specification(Choice.GET, *_target(target)), NULL


def put(target: str, value: Data) -> tuple[Specification, Data]:
    """An attribute, set."""
    return Specification(Choice.SET, *_target(target)), value


def call(target: str, argument: Data) -> tuple[Specification, Data]:
    """A method, called."""
    return Specification(Choice.ACTION, *_target(target)), argument


def _target(text: str) -> tuple[int, bytes, int]:
    class_id, obis, index = text.split()
    return int(class_id), logical_name(obis), int(index)


@dataclass(slots=True)
class Commander:
    """Makes commands to one device; ``counter`` is the last one used, by everybody alike."""

    recipient: bytes = DEVICE
    counter: int = 5000

    def message(self, code: int, originator: bytes, content: bytes) -> Message:
        """An unprotected command with a fresh counter (or the one that ``content`` was made for)."""
        other = OtherInformation(code)
        return Message(Cra.COMMAND, self.counter, originator, self.recipient, b"", other, content)

    def dlms(self, use_case: str, *parts: tuple[Specification, Data], originator: bytes = SUPPLIER) -> Message:
        """An access request."""
        self.counter += 1
        specifications, arguments = zip(*parts, strict=True)
        request = AccessRequest(invoke_id(self.counter), specifications, arguments)
        return self.message(by_use_case(use_case).code, originator, encode_payload(request))

    def asn1(self, code: int, type_name: str, value: Any, originator: bytes = SUPPLIER) -> Message:
        """An ASN.1 command."""
        self.counter += 1
        return self.message(code, originator, encode_asn1(Asn1Payload(type_name, value)))

    def gbz(self, use_case: str, *components: Component, originator: bytes = SUPPLIER) -> Message:
        """A GBZ command; sequence numbers and the last bit are put in here."""
        self.counter += 1
        last = len(components) - 1
        numbered = [replace(one, sequence=n, control=one.control | (n == last)) for n, one in enumerate(components)]
        return self.message(by_use_case(use_case).code, originator, encode_payload(GbzPayload(tuple(numbered))))


def zcl(cluster: int, frame_control: int, command: int, name: str, *values: Any, since: int | None = None) -> Component:
    """A component with a payload of the table."""
    control = 0 if since is None else 0x10
    return Component(control, cluster, frame_control, 0, command, Zcl(layout_named(name), values), from_date_time=since)


def protected(message: Message) -> bytes:
    """The command as it reaches a device: signed where it is critical, and with the broker's MAC."""
    if by_code(message.message_code).critical:
        message = sign(message, KEYS, deterministic=True)
    return seal(message, KEYS, ACB)


def signed_only(message: Message) -> bytes:
    """A command with a signature and no MAC."""
    return sign(message, KEYS, deterministic=True).encode()


def answer(device: Any, message: Message, now: float = NOW) -> Any:
    """The typed payload of the answer to a command."""
    frames = device.receive(protected(message), now)
    assert len(frames) == 1, device.discarded
    return message_payload(decode(frames[0]))


def codes(response: AccessResponse) -> list[int]:
    """The result codes of an access response."""
    return [result.code for result in response.results]
