"""EZSP commands of a fake module: keys, and certificate-based key establishment."""

from __future__ import annotations

from gbcs import eui64
from gbcs.errors import DecodeError
from rigs.ezsp.frames import CERTIFICATE_BYTES
from rigs.ezsp.status import (
    KEY_NETWORK,
    KEY_TRUST_CENTRE,
    OLD_KEY_NETWORK,
    OLD_KEY_TRUST_CENTRE,
    SL_NOT_FOUND,
    NodeType,
    Security,
    Status,
)
from rigs.fake_ezsp.cbke import Exchange, certificate
from rigs.fake_ezsp.memory import LinkKey
from rigs.fake_ezsp.ncp import Command, Ncp, Values

_NO_KEY, _NOBODY = bytes(16), b"\xff" * 8
_KEY_TABLE = 12
_APPLICATION_LINK_KEY = 5
_HAS_COUNTERS = 0x0003 | 0x0008


def _initial(ncp: Ncp, values: Values) -> Values:
    if ncp.memory.network is not None:
        return {"status": Status.INVALID_CALL}
    bits = Security(values["bitmask"])
    ncp.memory.security = int(bits)
    ncp.memory.trust_centre_key = (
        values["link_key"] if Security.HAVE_PRECONFIGURED_KEY in bits else ncp.random.randbytes(16)
    )
    ncp.initial_network_key = values["network_key"] if Security.HAVE_NETWORK_KEY in bits else b""
    return {"status": Status.SUCCESS}


def _current(ncp: Ncp, _values: Values) -> Values:
    network = ncp.memory.network
    status = Status.NOT_JOINED if network is None else Status.SUCCESS
    trust_centre = b"" if network is None else network.trust_centre
    return {"status": status, "bitmask": ncp.memory.security & 0x00FF, "trust_centre": trust_centre or bytes(8)}


def _old_key(ncp: Ncp, values: Values) -> Values:
    network = ncp.memory.network
    found = {OLD_KEY_NETWORK: network.key if network else b"", OLD_KEY_TRUST_CENTRE: ncp.memory.trust_centre_key}
    key = found.get(values["kind"], b"")
    return {
        "status": Status.SUCCESS if key else Status.KEY_INVALID, "bitmask": _HAS_COUNTERS, "key_kind": values["kind"],
        "key": key or _NO_KEY, "out_counter": ncp.memory.frame_counter, "in_counter": 0, "sequence": 0,
        "partner": network.trust_centre if network else _NOBODY,
    }  # fmt: skip


def _export(ncp: Ncp, values: Values) -> Values:
    network = ncp.memory.network
    found = {KEY_NETWORK: network.key if network else b"", KEY_TRUST_CENTRE: ncp.memory.trust_centre_key}
    key = found.get(values["kind"], b"")
    return {"key": key or _NO_KEY, "status": 0 if key else SL_NOT_FOUND}


def _key_info(ncp: Ncp, _values: Values) -> Values:
    network = ncp.memory.network
    sequence = network.key_sequence if network else 0
    return {
        "status": 0, "is_set": bool(network and network.key), "alternate_set": 0, "sequence": sequence,
        "alternate_sequence": 0, "counter": ncp.memory.frame_counter,
    }  # fmt: skip


def _metadata(link: LinkKey | None) -> Values:
    sent, seen = (link.sent, max(link.seen, 0)) if link else (0, 0)
    return {
        "key": link.key if link else _NO_KEY, "bitmask": _HAS_COUNTERS if link else 0, "out_counter": sent,
        "in_counter": seen, "ttl_s": 0, "status": 0 if link else SL_NOT_FOUND,
    }  # fmt: skip


def _export_by_index(ncp: Ncp, values: Values) -> Values:
    partners = list(ncp.memory.link_keys)
    eui = partners[values["index"]] if values["index"] < len(partners) else None
    return {"eui": eui or _NOBODY, **_metadata(ncp.memory.link_keys.get(eui) if eui else None)}


def _export_by_eui(ncp: Ncp, values: Values) -> Values:
    partners = list(ncp.memory.link_keys)
    index = partners.index(values["eui"]) if values["eui"] in partners else 0xFF
    return {"index": index, **_metadata(ncp.memory.link_keys.get(values["eui"]))}


def _import(ncp: Ncp, values: Values) -> Values:
    if values.get("index", 0) >= _KEY_TABLE:
        return {"status": Status.INDEX_OUT_OF_RANGE}
    ncp.radio.learn(values["eui"], values["key"], f"link with {eui64.show(values['eui'])}")
    ncp.memory.save()
    return {"status": 0}


def _transient(ncp: Ncp, values: Values) -> Values:
    ncp.joining.transient[values["eui"]] = values["key"]
    return {"status": 0}


def _old_entry(ncp: Ncp, values: Values) -> Values:
    partners = list(ncp.memory.link_keys)
    eui = partners[values["index"]] if values["index"] < len(partners) else None
    found = _metadata(ncp.memory.link_keys.get(eui) if eui else None)
    return {
        **found, "status": Status.SUCCESS if eui else Status.KEY_INVALID, "key_kind": _APPLICATION_LINK_KEY,
        "sequence": 0, "partner": eui or _NOBODY,
    }  # fmt: skip


def _find(ncp: Ncp, values: Values) -> Values:
    partners = list(ncp.memory.link_keys)
    return {"index": partners.index(values["eui"]) if values["eui"] in partners else 0xFF}


def _erase(ncp: Ncp, values: Values) -> Values:
    partners = list(ncp.memory.link_keys)
    if values["index"] >= len(partners):
        return {"status": Status.KEY_INVALID}
    del ncp.memory.link_keys[partners[values["index"]]]
    ncp.memory.save()
    return {"status": Status.SUCCESS}


def _clear(ncp: Ncp, _values: Values) -> Values:
    ncp.memory.link_keys.clear()
    ncp.memory.save()
    return {"status": Status.SUCCESS}


def _clear_transient(ncp: Ncp, _values: Values) -> Values:
    ncp.joining.transient.clear()
    return {}


def _factory(ncp: Ncp, _values: Values) -> Values:
    ncp.memory.link_keys.clear()
    ncp.radio.forget()
    return {}


def _no_restored_token(_ncp: Ncp, _values: Values) -> Values:
    return {"status": Status.BAD_ARGUMENT}


# ---------------------------------------------------------------------- key establishment


def _generate(ncp: Ncp, _values: Values) -> Values:
    if not ncp.firmware.has_cbke:
        return {"status": Status.LIBRARY_NOT_PRESENT}
    ncp.exchange = Exchange.begin()
    ncp.tell("generateCbkeKeysHandler283k1", status=Status.SUCCESS, ephemeral=ncp.exchange.ephemeral)
    return {"status": Status.OPERATION_IN_PROGRESS}


def _calculate(ncp: Ncp, values: Values) -> Values:
    if not ncp.firmware.has_cbke:
        return {"status": Status.LIBRARY_NOT_PRESENT}
    if ncp.exchange is None:
        return {"status": Status.INVALID_CALL}
    own, is_initiator = certificate(ncp.eui), bool(values["initiator"])
    try:
        found = ncp.exchange.smacs(own, values["certificate"], values["ephemeral"], initiator=is_initiator)
        status = Status.SUCCESS
    except DecodeError:
        found, status = (_NO_KEY, _NO_KEY), Status.BAD_ARGUMENT
    ncp.tell("calculateSmacsHandler283k1", status=status, initiator_smac=found[0], responder_smac=found[1])
    return {"status": Status.OPERATION_IN_PROGRESS}


def _certificate(ncp: Ncp, _values: Values) -> Values:
    if not ncp.firmware.has_cbke:
        return {"status": Status.LIBRARY_NOT_PRESENT, "certificate": bytes(CERTIFICATE_BYTES)}
    return {"status": Status.SUCCESS, "certificate": certificate(ncp.eui)}


def _end(ncp: Ncp, values: Values) -> Values:
    """Forget the establishment, or keep its link key; that of the trust centre takes the install code's place."""
    exchange, ncp.exchange = ncp.exchange, None
    if not values["store"]:
        return {"status": Status.SUCCESS}
    if exchange is None or not exchange.link_key:
        return {"status": Status.INVALID_CALL}
    partner = exchange.partner
    ncp.radio.learn(partner, exchange.link_key, f"link of {eui64.show(ncp.eui)} and {eui64.show(partner)}")
    network = ncp.memory.network
    if network and network.node_type != NodeType.COORDINATOR and partner == network.trust_centre:
        ncp.memory.trust_centre_key = exchange.link_key
    ncp.joining.transient.pop(partner, None)
    ncp.memory.save()
    return {"status": Status.SUCCESS}


COMMANDS: dict[str, Command] = {
    "setInitialSecurityState": _initial,
    "getCurrentSecurityState": _current,
    "getKey": _old_key,
    "exportKey": _export,
    "getNetworkKeyInfo": _key_info,
    "exportLinkKeyByIndex": _export_by_index,
    "exportLinkKeyByEui": _export_by_eui,
    "importLinkKey": _import,
    "addOrUpdateKeyTableEntry": _import,
    "importTransientKey": _transient,
    "addTransientLinkKey": _transient,
    "getKeyTableEntry": _old_entry,
    "findKeyTableEntry": _find,
    "eraseKeyTableEntry": _erase,
    "clearKeyTable": _clear,
    "clearTransientLinkKeys": _clear_transient,
    "tokenFactoryReset": _factory,
    "generateCbkeKeys283k1": _generate,
    "calculateSmacs283k1": _calculate,
    "getCertificate283k1": _certificate,
    "savePreinstalledCbkeData283k1": _no_restored_token,
    "clearTemporaryDataMaybeStoreLinkKey283k1": _end,
}
