"""Twins: a fresh device of the right kind, in the state that a captured exchange shows.

Whatever the response shows is loaded through the device's own model, so the twin answers other commands too, and
changing one stored value changes exactly that value in its answer. Nothing of a response's bytes is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from emulator.device import twin_asn1, twin_gbz
from emulator.device.access import access_table
from emulator.device.clocks import DeviceTime
from emulator.device.device import Device
from emulator.device.objects import StoredObjects
from emulator.device.policy import DeviceKeys
from emulator.device.twin import add_surplus, learned_access, load, shown_time
from emulator.device.zcl import ZclState
from emulator.device.zcl_rules import answers as default_answers
from emulator.esme.esme import Esme
from emulator.gas.gsme import Gpf, Gsme
from emulator.hub.chf import Chf
from emulator.inhome.devices import Hcalcs, Ppmid, Sapc
from gbcs import framing
from gbcs.catalogue import by_code
from gbcs.certificates import Usage
from gbcs.dlms import AccessRequest
from gbcs.errors import KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.keyseed import KeySeed
from gbcs.keystore import KeyStore
from gbcs.payload import decode_payload
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB, Opened, open_message
from gbcs.times import clock_status

_TWIN_SEED = 0
"""Key seed of the signing keys of twins: test keys, for devices whose own private key nobody has."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A loaded device and how many rows that nobody asked for are in its logs."""

    device: Device
    surplus_rows: int = 0


class TwinKeys:
    """The keys of a captured exchange, and a test key to sign with where the device's own is not among them."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys, self._seed = keys, KeySeed(_TWIN_SEED)

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties."""
        return self._keys.shared_secret(a, b)

    def secret_with_certificate(self, own: Eui64, der: bytes, party: Eui64) -> bytes:
        """The ECDH secret with the party whose KA certificate came in a command."""
        return self._keys.secret_with_certificate(own, der, party)

    def signing_key(self, eui: Eui64) -> ec.EllipticCurvePrivateKey:
        """The device's private signing key, or a test key in its place."""
        try:
            return self._keys.signing_key(eui)
        except KeyUnavailable:
            return self._seed.key(eui, Usage.DS)

    def verify_key(self, eui: Eui64) -> ec.EllipticCurvePublicKey:
        """The public signing key of a party. Raises KeyUnavailable."""
        return self._keys.verify_key(eui)


def make_twin(command: bytes, response: bytes, keys: KeyStore) -> Twin:
    """A device with the state that the exchange shows, and rows around each range that was asked.

    Raises DecodeError, AuthenticationError, KeyUnavailable; LocalError where the two do not belong together.
    """
    asked, shown = framing.decode(command), open_message(response, keys)
    family = by_code(asked.message_code).family
    maker = _MAKERS.get(family)
    if maker is None:
        raise LocalError(f"no twin for the payload family {family!r}")
    return maker(asked, shown, TwinKeys(keys), known_parties(asked, keys))


def known_parties(command: Message, keys: KeyStore) -> dict[Eui64, RemotePartyRole]:
    """The parties that the device knows: the broker, and the originator in the role that its certificate states."""
    role = keys.certificate_role(command.originator) or RemotePartyRole.SUPPLIER
    return {command.originator: role, DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER}


def _cosem_twin(asked: Message, shown: Opened, keys: DeviceKeys, parties: dict[Eui64, RemotePartyRole]) -> Twin:
    objects = StoredObjects()
    load(objects, asked, shown)
    request = decode_payload(asked.content)
    surplus = add_surplus(objects, request) if isinstance(request, AccessRequest) else 0
    kind = Chf if "CHF" in by_code(asked.message_code).devices else Esme
    access = learned_access(access_table(kind.kind), asked, shown)
    clock = shown_time(shown.message, objects)
    device = kind(asked.recipient, keys, DCC_ACB, parties, objects, clock, access=access)
    counter = shown.message.other.supplementary_originator_counter
    device.supplementary_counter = counter - 1 if counter is not None else 0
    return Twin(device, surplus)


def _asn1_twin(asked: Message, shown: Opened, keys: DeviceKeys, parties: dict[Eui64, RemotePartyRole]) -> Twin:
    """The first kind of device that the catalogue names for the code: they all keep this state alike."""
    make = _BLANK[by_code(asked.message_code).devices[0]]
    device = make(asked.recipient, keys, parties, twin_asn1.shown_time(shown))
    twin_asn1.load(device.administration, asked, shown)
    return Twin(device)


def _gas_twin(asked: Message, shown: Opened, keys: DeviceKeys, parties: dict[Eui64, RemotePartyRole]) -> Twin:
    state = ZclState()
    twin_gbz.load(state, asked, shown)
    surplus = twin_gbz.add_surplus(state, asked)
    answers = twin_gbz.learned_answers(default_answers(), asked, shown)
    clock = shown_time(shown.message)
    device = Gsme(asked.recipient, keys, DCC_ACB, parties, state, clock, answers=answers)
    if shown.message.date_time:
        device.time_status = clock_status(shown.message.date_time)
    counter = shown.message.other.supplementary_originator_counter
    device.supplementary_counter = counter - 1 if counter is not None else 0
    return Twin(device, surplus)


_BLANK: Mapping[str, Callable[[Eui64, DeviceKeys, dict[Eui64, RemotePartyRole], DeviceTime], Device]] = {
    "ESME": lambda eui, keys, parties, clock: Esme(eui, keys, DCC_ACB, parties, StoredObjects(), clock),
    "CHF": lambda eui, keys, parties, clock: Chf(eui, keys, DCC_ACB, parties, StoredObjects(), clock),
    "SAPC/other": lambda eui, keys, parties, clock: Sapc(eui, keys, DCC_ACB, parties, StoredObjects(), clock),
    "GSME": lambda eui, keys, parties, clock: Gsme(eui, keys, DCC_ACB, parties, ZclState(), clock),
    "GPF": lambda eui, keys, parties, clock: Gpf(eui, keys, DCC_ACB, parties, ZclState(), clock),
    "PPMID": lambda eui, keys, parties, clock: Ppmid(eui, keys, DCC_ACB, parties, clock),
    "HCALCS": lambda eui, keys, parties, clock: Hcalcs(eui, keys, DCC_ACB, parties, clock),
}
"""A device without state, by its name in the catalogue."""

_MAKERS = {"DLMS": _cosem_twin, "ASN.1": _asn1_twin, "GBZ": _gas_twin}
